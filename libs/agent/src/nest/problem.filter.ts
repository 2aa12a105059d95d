import {
  Catch,
  HttpException,
  Inject,
  type ArgumentsHost,
  type ExceptionFilter,
} from '@nestjs/common';
import { HEADERS } from '@mesh/contracts';
import { errorEntry, MeshError, problemOf } from '@mesh/errors';
import { newCorrelationId, runInContext, type Logger } from '@mesh/observability';
import { LOGGER } from '@mesh/observability/nest';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { challenge } from '../pipeline/challenge.js';
import { RequestEndedError, RequestError } from '../pipeline/pipeline.error.js';
import { refuseUnread, retryAfter } from '../pipeline/refuse.js';

/** Codes of errors that Fastify and Node raise before a handler runs. */
const CODES: Readonly<Record<string, RequestError['code']>> = {
  FST_ERR_BAD_URL: 'ERR_REQUEST_MALFORMED',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'ERR_BODY_TYPE',
  FST_ERR_CTP_EMPTY_TYPE: 'ERR_BODY_TYPE',
  FST_ERR_CTP_BODY_TOO_LARGE: 'ERR_BODY_TOO_LARGE',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'ERR_BODY_MALFORMED',
  FST_ERR_CTP_INVALID_JSON_BODY: 'ERR_BODY_MALFORMED',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'ERR_BODY_MALFORMED',
  HPE_HEADER_OVERFLOW: 'ERR_HEADERS_TOO_LARGE',
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 'ERR_BODY_TOO_LARGE',
  ERR_HTTP_REQUEST_TIMEOUT: 'ERR_REQUEST_TIMEOUT',
};
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;

/** What Nest and Fastify throw, as this project's errors. */
export function asMeshError(error: unknown): unknown {
  if (error instanceof MeshError) return error;
  const cause = error instanceof HttpException ? (error.cause ?? error) : error;
  const code = CODES[String((cause as { code?: unknown } | undefined)?.code)];
  if (code) return requestError(code, cause);
  if (!(error instanceof HttpException)) return error;
  if (error.getStatus() === 404) return requestError('ERR_ROUTE_NOT_FOUND', error);
  return error.getStatus() < 500 ? requestError('ERR_REQUEST_MALFORMED', error) : error;
}

/** What Node's HTTP parser says of bytes that are no request. */
export function clientError(error: NodeJS.ErrnoException): RequestError {
  return requestError(CODES[error.code ?? ''] ?? 'ERR_REQUEST_MALFORMED', error);
}

function requestError(code: RequestError['code'], cause: unknown): RequestError {
  return new RequestError(code, errorEntry(code)?.title ?? code, { cause });
}

/** Turns every error into `application/problem+json`, and logs those that are the agent's own fault. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(@Inject(LOGGER) private readonly logger: Logger) {}

  catch(thrown: unknown, host: ArgumentsHost): void {
    const request = host.switchToHttp().getRequest<FastifyRequest>();
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    const context = request.meshContext;
    // Errors of a body that is read come in the connection's async context.
    if (context) runInContext(context, () => this.#answer(thrown, request, reply));
    else this.#answer(thrown, request, reply);
  }

  #answer(thrown: unknown, request: FastifyRequest, reply: FastifyReply): void {
    const allowed = request.is404 ? methodsOf(request) : [];
    const error = hasLeft(request)
      ? new RequestEndedError('ERR_REQUEST_ABORTED', 'The caller left.', { cause: thrown })
      : allowed.length > 0
        ? requestError('ERR_METHOD_NOT_ALLOWED', thrown)
        : asMeshError(thrown);
    const problem = problemOf(error, request.meshContext?.correlationId ?? newCorrelationId());
    request.problemCode = problem.code;
    if (problem.status >= 500)
      this.logger.error({ event: 'error', code: problem.code, err: error }, problem.title);
    if (reply.raw.destroyed || reply.raw.headersSent) return;
    const headers = {
      [HEADERS.correlationId]: problem.correlationId,
      ...retryAfter(error),
      ...challenge(error),
      ...(allowed.length > 0 ? { allow: allowed.join(', ') } : {}),
    };
    if (hasUnreadBody(request)) {
      // The rest of its body is not wanted.
      reply.hijack();
      refuseUnread(request.raw, reply.raw, problem, headers);
      return;
    }
    void reply
      .status(problem.status)
      .headers(headers)
      .type('application/problem+json')
      .send(JSON.stringify(problem));
  }
}

/** The caller's connection was gone before its body was there. */
function hasLeft({ raw }: FastifyRequest): boolean {
  return raw.errored !== null && !raw.complete;
}

/** Node marks a request without a body as complete only after its handlers have begun. */
function hasUnreadBody({ raw, headers }: FastifyRequest): boolean {
  const { 'content-length': length, 'transfer-encoding': encoding } = headers;
  return !raw.complete && (encoding !== undefined || Number(length ?? 0) > 0);
}

/** Methods that the path of a request without a route serves, of paths without parameters. */
function methodsOf({ server, url }: FastifyRequest): string[] {
  const path = url.split('?', 1)[0]!;
  return METHODS.filter((method) => server.hasRoute({ method, url: path }));
}
