import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { HealthIndicatorService } from '@nestjs/terminus';
import type { MeshMetrics } from '@mesh/observability';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { problemOf } from '@mesh/errors';
import { newCorrelationId } from '@mesh/observability';
import { RequestError } from '../pipeline/pipeline.error.js';
import type { HealthRegistry } from './health-registry.js';
import { isLoopback, listen, originOf } from './listen.js';
import { ManagementModule } from './management.module.js';

export interface ManagementListener {
  /** `http://127.0.0.1:4103` */
  readonly url: string;
  /** For indicators that are made outside of its application. */
  readonly indicators: HealthIndicatorService;
  close(): Promise<void>;
}

/** Starts the listener of probes and metrics. On loopback it checks `Host`, against DNS rebinding. */
export async function startManagement(
  registry: HealthRegistry,
  metrics: MeshMetrics,
  host: string,
  port: number,
  variable: string,
): Promise<ManagementListener> {
  const app = await NestFactory.create<NestFastifyApplication>(
    ManagementModule.for(registry, metrics),
    new FastifyAdapter({
      bodyLimit: 1024,
      exposeHeadRoutes: false,
      routerOptions: { ignoreTrailingSlash: false },
    }),
    { logger: false, abortOnError: false, bodyParser: false },
  );
  if (isLoopback(host)) {
    app
      .getHttpAdapter()
      .getInstance()
      .addHook('onRequest', (request: FastifyRequest, reply: FastifyReply, done: () => void) => {
        if (isLoopback((request.headers.host ?? '').replace(/:\d+$/, '').replace(/^\[|\]$/g, '')))
          return done();
        const problem = problemOf(
          new RequestError('ERR_HOST_UNKNOWN', 'This listener does not serve that host name.'),
          newCorrelationId(),
        );
        void reply
          .status(problem.status)
          .type('application/problem+json')
          .send(JSON.stringify(problem));
      });
  }
  const bound = await listen(app, host, port, variable);
  return {
    url: originOf('http', host, bound),
    indicators: app.get(HealthIndicatorService, { strict: false }),
    close: () => app.close(),
  };
}
