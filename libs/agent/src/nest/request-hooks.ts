import type { IncomingMessage } from 'node:http';
import { HEADERS, type CallerIdentity, type RequestContext } from '@mesh/contracts';
import { problemOf } from '@mesh/errors';
import { peerOf } from '@mesh/identity';
import { admits, type CallerPolicy } from '@mesh/identity/nest';
import {
  currentContext,
  receiveCorrelationId,
  runInContext,
  TraceContext,
  type AgentIdentity,
  type Logger,
  type MeshMetrics,
} from '@mesh/observability';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { RequestEndedError, RequestError } from '../pipeline/pipeline.error.js';
import { refuseUnread } from '../pipeline/refuse.js';
import { deadlineOf, RequestLifetime } from '../pipeline/request-deadline.js';
import { asMeshError } from './problem.filter.js';
import type { RouteTable } from './route-table.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** Code of the problem it was answered with. */
    problemCode?: string;
    meshContext?: RequestContext;
    meshLifetime?: RequestLifetime;
    meshStart?: number;
  }
}

export interface RequestHooksOptions {
  readonly agent: AgentIdentity;
  readonly deadlineMs: number;
  /** `Host` values (without port) that are served; undefined on mTLS listeners, where the certificate says it. */
  readonly hosts: ReadonlySet<string> | undefined;
  /** Set on mTLS listeners: who may call what. */
  readonly peers: CallerPolicy | undefined;
  readonly routes: RouteTable;
  readonly logger: Logger;
  readonly metrics: MeshMetrics;
}

/** Requests that are under way, so that a stopping agent can end them. */
export class OpenRequests {
  readonly #lifetimes = new Set<RequestLifetime>();

  add(lifetime: RequestLifetime): void {
    this.#lifetimes.add(lifetime);
  }

  remove(lifetime: RequestLifetime): void {
    this.#lifetimes.delete(lifetime);
  }

  endStreams(): void {
    this.#end((lifetime) => lifetime.streaming);
  }

  endAll(): void {
    this.#end(() => true);
  }

  #end(which: (lifetime: RequestLifetime) => boolean): void {
    for (const lifetime of [...this.#lifetimes].filter(which)) {
      lifetime.end(new RequestEndedError('ERR_AGENT_STOPPING', 'The agent is stopping.'));
    }
  }
}

/**
 * What happens to every request around Nest: context and correlation before anything else, refusal of peers that no
 * route admits before their body is read, one log line and one observation after the answer.
 */
export function installRequestHooks(
  fastify: FastifyInstance,
  open: OpenRequests,
  options: RequestHooksOptions,
): void {
  fastify.addHook('onRequest', (request, reply, done) => {
    const now = Date.now();
    request.meshStart = performance.now();
    const correlationId = receiveCorrelationId(request.headers[HEADERS.correlationId]);
    void reply.header(HEADERS.correlationId, correlationId);
    let deadline = now + options.deadlineMs;
    let refusal: unknown;
    try {
      deadline = deadlineOf(request.headers[HEADERS.deadline], options.deadlineMs, now);
      checkHost(request.raw, options.hosts);
      checkPeer(request, options);
    } catch (error) {
      refusal = error;
    }
    const lifetime = new RequestLifetime(deadline, now);
    open.add(lifetime);
    request.meshLifetime = lifetime;
    reply.raw.once('close', () => {
      open.remove(lifetime);
      if (reply.raw.writableFinished) lifetime.done();
      else lifetime.end(new RequestEndedError('ERR_REQUEST_ABORTED', 'The caller left.'));
    });
    const trace = TraceContext.receive(request.headers[HEADERS.traceparent]);
    const context: RequestContext = {
      agent: options.agent.agent,
      correlationId,
      traceparent: trace.toString(),
      traceId: trace.traceId,
      ...callerOf(request),
      deadline,
      signal: lifetime.signal,
    };
    request.meshContext = context;
    runInContext(
      context,
      () => {
        if (refusal === undefined) return done();
        const problem = problemOf(asMeshError(refusal), correlationId);
        request.problemCode = problem.code;
        reply.hijack();
        refuseUnread(request.raw, reply.raw, problem);
        observe(request, reply.raw.statusCode, options);
      },
      options.agent,
    );
  });

  // The body was read in the socket's async context: enter the request's again.
  fastify.addHook('preValidation', (request, _reply, done) => {
    runInContext(request.meshContext!, done, options.agent);
  });

  fastify.addHook('onResponse', (request, reply, done) => {
    runInContext(
      request.meshContext!,
      () => observe(request, reply.statusCode, options),
      options.agent,
    );
    done();
  });
}

/** The context that the hooks made; for code that has the request at hand. */
export function contextOf(request: FastifyRequest): RequestContext | undefined {
  return request.meshContext ?? currentContext();
}

function observe(
  request: FastifyRequest,
  status: number,
  { logger, metrics }: RequestHooksOptions,
): void {
  const durationMs = performance.now() - (request.meshStart ?? performance.now());
  const route = request.routeOptions.url ?? 'none';
  metrics.request({ route, method: request.method, status, durationMs });
  const aborted = request.meshContext?.signal.aborted === true && !request.problemCode;
  logger.info(
    {
      event: 'request',
      method: request.method,
      route,
      status,
      duration_ms: Math.round(durationMs * 100) / 100,
      outcome: aborted ? 'aborted' : request.problemCode ? 'error' : 'ok',
      ...(request.problemCode ? { code: request.problemCode } : {}),
      ...(request.meshContext?.caller
        ? { serial_number: request.meshContext.caller.serialNumber }
        : {}),
    },
    `${request.method} ${route} ${status}`,
  );
}

function callerOf(request: FastifyRequest): { caller?: CallerIdentity } {
  const peer = peerOf(request.raw.socket);
  if (!peer) return {};
  return {
    caller: {
      spiffeId: peer.id.toString(),
      serialNumber: peer.serialNumber,
      notAfter: peer.notAfter,
    },
  };
}

function checkHost(request: IncomingMessage, hosts: ReadonlySet<string> | undefined): void {
  if (!hosts) return;
  const host = request.headers.host?.toLowerCase().replace(/:\d{1,5}$/, '');
  if (host === undefined || !hosts.has(host)) {
    throw new RequestError('ERR_HOST_UNKNOWN', 'This listener does not serve that host name.');
  }
}

/** A peer that the route would refuse in any case is refused before its body is read. */
function checkPeer(request: FastifyRequest, options: RequestHooksOptions): void {
  if (!options.peers) return;
  const peer = peerOf(request.raw.socket)?.id;
  const { routes, peers } = options;
  const route = routes.find(request.method, request.routeOptions.url);
  const admitted = route
    ? admits(route.declaration, peers, peer)
    : routes.all().some(({ declaration }) => admits(declaration, peers, peer));
  if (!admitted)
    throw new RequestError('ERR_CALLER_DENIED', 'This caller may not call this route.');
}
