import type { Socket } from 'node:net';
import { HEADERS, type CallerIdentity, type RequestContext } from '@mesh/contracts';
import { problemOf, type ErrorCode } from '@mesh/errors';
import type { People, Session } from '@mesh/delegation/nest';
import { peerOf } from '@mesh/identity';
import { admits, type CallerPolicy } from '@mesh/identity/nest';
import {
  newCorrelationId,
  receiveCorrelationId,
  runInContext,
  TraceContext,
  type AgentIdentity,
  type Logger,
  type MeshMetrics,
} from '@mesh/observability';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { challenge } from '../pipeline/challenge.js';
import { checkHost, checkTarget, hostOf } from '../pipeline/host.js';
import { RequestEndedError, RequestError } from '../pipeline/pipeline.error.js';
import { refuseUnparsed, refuseUnread, retryAfter } from '../pipeline/refuse.js';
import { isRefusal, type Refusals } from '../pipeline/refusals.js';
import {
  SECURITY_HEADERS,
  setSecurityHeaders,
  setStrictTransport,
} from '../pipeline/security-headers.js';
import { deadlineOf, untilEnd, type RequestLifetime } from '../pipeline/request-deadline.js';
import { OpenRequests, type RequestEnd } from './open-requests.js';
import { asMeshError, clientError } from './problem.filter.js';
import type { RateLimits } from './rate-limits.js';
import { isForPeople, type RouteTable } from './route-table.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** Code of the problem it was answered with. */
    problemCode?: ErrorCode;
    meshContext?: RequestContext;
    /** The body as it was received, before its contract. */
    meshBody?: unknown;
    /** Holds the request to the deadline that its context has by now. */
    meshLimit?: () => void;
    /** Tells that the answer is a stream. */
    meshStreams?: () => void;
  }
}

export interface RequestHooksOptions {
  readonly agent: AgentIdentity;
  readonly deadlineMs: number;
  /** `Host` values (without port) that are served; undefined on mTLS listeners, where the certificate says it. */
  readonly hosts: ReadonlySet<string> | undefined;
  /** People reach the listener by TLS. */
  readonly secure: boolean;
  /** Set on listeners for people: how often they may ask. */
  readonly limits: RateLimits | undefined;
  /** Set on mTLS listeners: who may call what. */
  readonly peers: CallerPolicy | undefined;
  /** Paths of routes without a controller that anybody may have, with all below them. */
  readonly publicPaths: readonly string[];
  /** Set on listeners for people: finds out who is signed in. */
  readonly people: People | undefined;
  readonly routes: RouteTable;
  /** Told of those who are refused. */
  readonly refusals: Refusals;
  readonly logger: Logger;
  readonly metrics: MeshMetrics;
}

/**
 * What happens to every request around Nest: context and correlation before anything else, refusal of peers that no
 * route admits before their body is read, one log line and one observation when it is over, however it ended.
 */
export class RequestHooks {
  readonly open = new OpenRequests();

  constructor(private readonly options: RequestHooksOptions) {}

  install(fastify: FastifyInstance): void {
    fastify.addHook('onRequest', (request, reply, done) => this.#receive(request, reply, done));

    // The body was read in the socket's async context: enter the request's again.
    fastify.addHook('preValidation', (request, _reply, done) => {
      runInContext(request.meshContext!, done, this.options.agent);
    });
  }

  /** A request that Fastify finds no way for, and runs no hook on: its path cannot be decoded. */
  unroutable(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
    this.#receive(request, reply, () => this.#refuse(request, reply, asMeshError(error)));
  }

  /** Bytes that are no request; Node parsed none, so there is nothing but the socket. */
  unparsed(error: NodeJS.ErrnoException, socket: Socket): void {
    if (error.code === 'ECONNRESET') return void socket.destroy();
    const { agent, logger, metrics } = this.options;
    const problem = problemOf(clientError(error), newCorrelationId());
    if (!refuseUnparsed(socket, problem, this.options.hosts ? SECURITY_HEADERS : {})) return;
    metrics.request({
      route: undefined,
      method: 'unknown',
      status: problem.status,
      durationMs: 0,
    });
    logger.info(
      {
        event: 'request',
        agent: agent.agent,
        correlation_id: problem.correlationId,
        status: problem.status,
        outcome: 'error',
        code: problem.code,
      },
      'no HTTP request',
    );
  }

  #receive(request: FastifyRequest, reply: FastifyReply, done: () => void): void {
    const { options, open } = this;
    const now = Date.now();
    const start = performance.now();
    const correlationId = receiveCorrelationId(request.headers[HEADERS.correlationId]);
    void reply.header(HEADERS.correlationId, correlationId);
    if (options.hosts) setSecurityHeaders(reply.raw);
    let deadline = now + options.deadlineMs;
    let refusal: unknown;
    try {
      checkTarget(request.raw);
      checkHost(request.raw, (host) => options.hosts?.has(host) ?? true);
      if (options.secure) setStrictTransport(reply.raw, hostOf(request.headers.host!));
      checkRoute(request, options);
      deadline = deadlineOf(request.headers[HEADERS.deadline], options.deadlineMs, now);
      if (open.stopping) throw stopping();
    } catch (error) {
      refusal = error;
    }
    const lifetime: RequestLifetime = open.begin(
      deadline,
      now,
      request.raw.socket,
      reply.raw,
      (end) =>
        runInContext(context, () => this.#observe(request, reply, start, end), options.agent),
    );
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
    request.meshLimit = () => lifetime.limit(context.deadline, Date.now());
    request.meshStreams = () => open.streams(lifetime);
    runInContext(
      context,
      () => {
        if (options.limits) {
          void this.#admit(request, reply, lifetime, options.limits, refusal, done);
        } else if (refusal !== undefined) this.#refuse(request, reply, refusal);
        else done();
      },
      options.agent,
    );
  }

  /** Of people. Before the body is read: who asks too often or is not signed in does not get that far. */
  async #admit(
    request: FastifyRequest,
    reply: FastifyReply,
    lifetime: RequestLifetime,
    limits: RateLimits,
    refusal: unknown,
    done: () => void,
  ): Promise<void> {
    const { routes, people } = this.options;
    const { signal } = lifetime;
    const route = routes.find(request.method, request.routeOptions.url);
    try {
      await limits.arrived(request, reply, route?.rate);
      if (refusal !== undefined) return this.#refuse(request, reply, refusal);
      if (isForPeople(route?.declaration)) {
        // They are there whenever such a route is.
        const person = await untilEnd(people!.authenticate(request, signal), signal);
        if (person.session) follow(person.session, request.meshContext!, lifetime, reply);
        await limits.signedIn(request, reply, person, route?.rate);
      }
    } catch (error) {
      return this.#refuse(request, reply, error);
    }
    done();
  }

  #refuse(request: FastifyRequest, reply: FastifyReply, refusal: unknown): void {
    const problem = problemOf(refusal, request.meshContext!.correlationId);
    request.problemCode = problem.code;
    if (problem.status >= 500) {
      const { logger } = this.options;
      logger.error({ event: 'error', code: problem.code, err: refusal }, problem.title);
    }
    if (reply.raw.destroyed) return;
    reply.hijack();
    refuseUnread(request.raw, reply.raw, problem, {
      ...retryAfter(refusal),
      ...challenge(refusal),
    });
  }

  #observe(
    request: FastifyRequest,
    { raw: response }: FastifyReply,
    start: number,
    { finished, reason }: RequestEnd,
  ): void {
    const { logger, metrics, refusals } = this.options;
    const durationMs = performance.now() - start;
    const route = request.routeOptions.url;
    const code = request.problemCode ?? (finished ? undefined : reason?.code);
    // Nobody was told a status of whoever left before.
    const status = finished || response.headersSent ? response.statusCode : 499;
    metrics.request({ route, method: request.method, status, durationMs });
    const { caller, correlationId } = request.meshContext!;
    if (code !== undefined && isRefusal(code)) {
      refusals.add({
        code,
        ...(route === undefined ? {} : { route }),
        ...(caller ? { peer: caller.spiffeId } : {}),
        correlationId,
      });
    }
    const outcome =
      code === undefined ? 'ok' : code === 'ERR_REQUEST_ABORTED' ? 'aborted' : 'error';
    logger.info(
      {
        event: 'request',
        method: request.method,
        route: route ?? 'none',
        status,
        duration_ms: Math.round(durationMs * 100) / 100,
        outcome,
        ...(code === undefined ? {} : { code }),
        ...(caller ? { serial_number: caller.serialNumber } : {}),
      },
      `${request.method} ${route ?? 'none'} ${status}`,
    );
  }
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

/** From here on the log names the session, and the request ends with it. */
function follow(
  { hash, ended }: Session,
  context: RequestContext,
  lifetime: RequestLifetime,
  reply: FastifyReply,
): void {
  context.session = hash;
  const end = () =>
    lifetime.end(new RequestEndedError('ERR_SESSION_ENDED', 'The session ended meanwhile.'));
  ended.addEventListener('abort', end, { once: true });
  reply.raw.once('close', () => ended.removeEventListener('abort', end));
  if (ended.aborted) end();
}

/**
 * A route that Fastify has and no controller (a plugin's, one added by `configure`) passes by every guard: it serves
 * nobody, unless the agent names its path as public. A peer that the route would refuse in any case is refused before
 * its body is read.
 */
function checkRoute(request: FastifyRequest, options: RequestHooksOptions): void {
  const { routes, publicPaths, peers } = options;
  const { is404, method, routeOptions } = request;
  const path = routeOptions.url;
  const route = routes.find(method, path);
  if (!is404 && path !== undefined && route === undefined) {
    if (publicPaths.some((open) => path === open || path.startsWith(`${open}/`))) return;
    throw new RequestError('ERR_ROUTE_UNDECLARED', 'The route does not declare what it does.');
  }
  if (!peers) return;
  const peer = peerOf(request.raw.socket)?.id;
  const admitted = route
    ? admits(route.declaration, peers, peer)
    : routes.all().some(({ declaration }) => admits(declaration, peers, peer));
  if (!admitted)
    throw new RequestError('ERR_CALLER_DENIED', 'This caller may not call this route.');
}

function stopping(): RequestEndedError {
  return new RequestEndedError('ERR_AGENT_STOPPING', 'The agent is stopping.', {
    retry: 'safe',
    retryAfterMs: 1_000,
  });
}
