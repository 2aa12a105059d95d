import type { Socket } from 'node:net';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { HealthIndicatorService, type HealthCheckResult } from '@nestjs/terminus';
import { newCorrelationId, type Logger, type MeshMetrics } from '@mesh/observability';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { problemOf } from '@mesh/errors';
import { checkHost, checkTarget } from '../pipeline/host.js';
import { refuseUnparsed, refuseUnread } from '../pipeline/refuse.js';
import { SECURITY_HEADERS, setSecurityHeaders } from '../pipeline/security-headers.js';
import type { HealthRegistry } from './health-registry.js';
import { isLoopback, listen, originOf } from './listen.js';
import { listenerOptions, passExpectations } from './listener-options.js';
import { ManagementController, ManagementModule } from './management.module.js';
import { asMeshError, clientError } from './problem.filter.js';

export interface ManagementListener {
  /** `http://127.0.0.1:4103` */
  readonly url: string;
  /** For indicators that are made outside of its application. */
  readonly indicators: HealthIndicatorService;
  /** What `/health` tells, also where something is down. */
  health(): Promise<HealthCheckResult>;
  close(): Promise<void>;
}

/** Starts the listener of probes and metrics. On loopback it checks `Host`, against DNS rebinding. */
export async function startManagement(
  registry: HealthRegistry,
  metrics: MeshMetrics,
  host: string,
  port: number,
  variable: string,
  logger: Logger,
): Promise<ManagementListener> {
  const app = await NestFactory.create<NestFastifyApplication>(
    ManagementModule.for(registry, metrics, logger),
    new FastifyAdapter({
      ...listenerOptions(1024),
      frameworkErrors: (error: unknown, _request: FastifyRequest, reply: FastifyReply) =>
        refuse(asMeshError(error), reply),
      clientErrorHandler: (error: NodeJS.ErrnoException, socket: Socket) =>
        void refuseUnparsed(
          socket,
          problemOf(clientError(error), newCorrelationId()),
          SECURITY_HEADERS,
        ),
    }),
    { logger: false, abortOnError: false, bodyParser: false },
  );
  app
    .getHttpAdapter()
    .getInstance()
    .addHook('onRequest', (request: FastifyRequest, reply: FastifyReply, done: () => void) => {
      setSecurityHeaders(reply.raw);
      try {
        checkTarget(request.raw);
        if (isLoopback(host)) checkHost(request.raw, (name) => isLoopback(unbracketed(name)));
      } catch (error) {
        return refuse(error, reply);
      }
      done();
    });
  passExpectations(app.getHttpServer());
  const bound = await listen(app, host, port, variable);
  return {
    url: originOf('http', host, bound),
    indicators: app.get(HealthIndicatorService, { strict: false }),
    health: () => app.get(ManagementController, { strict: false }).report(),
    close: () => app.close(),
  };
}

function refuse(error: unknown, reply: FastifyReply): void {
  const problem = problemOf(error, newCorrelationId());
  reply.hijack();
  setSecurityHeaders(reply.raw);
  refuseUnread(reply.request.raw, reply.raw, problem);
}

function unbracketed(host: string): string {
  return host.replace(/^\[|\]$/g, '');
}
