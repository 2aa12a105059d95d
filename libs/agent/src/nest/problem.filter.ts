import {
  Catch,
  HttpException,
  Inject,
  type ArgumentsHost,
  type ExceptionFilter,
} from '@nestjs/common';
import { errorEntry, MeshError, problemOf } from '@mesh/errors';
import { currentContext, type Logger } from '@mesh/observability';
import { LOGGER } from '@mesh/observability/nest';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { RequestError } from '../pipeline/pipeline.error.js';

/** Codes of errors that Fastify raises before a handler runs. */
const FASTIFY: Readonly<Record<string, RequestError['code']>> = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'ERR_BODY_TYPE',
  FST_ERR_CTP_EMPTY_TYPE: 'ERR_BODY_TYPE',
  FST_ERR_CTP_BODY_TOO_LARGE: 'ERR_BODY_TOO_LARGE',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'ERR_BODY_MALFORMED',
  FST_ERR_CTP_INVALID_JSON_BODY: 'ERR_BODY_MALFORMED',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'ERR_BODY_MALFORMED',
};

/** What Nest and Fastify throw, as this project's errors. */
export function asMeshError(error: unknown): unknown {
  if (error instanceof MeshError) return error;
  const cause = error instanceof HttpException ? (error.cause ?? error) : error;
  const code = (cause as { code?: unknown }).code;
  if (typeof code === 'string' && FASTIFY[code]) return requestError(FASTIFY[code], cause);
  if (cause instanceof SyntaxError) return requestError('ERR_BODY_MALFORMED', cause);
  if (!(error instanceof HttpException)) return error;
  if (error.getStatus() === 404) return requestError('ERR_ROUTE_NOT_FOUND', error);
  return error.getStatus() < 500 ? requestError('ERR_REQUEST_MALFORMED', error) : error;
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
    // Terminus carries the health report itself in its 503.
    if (thrown instanceof HttpException && thrown.getStatus() === 503) {
      void reply.status(503).send(thrown.getResponse());
      return;
    }
    const error = asMeshError(thrown);
    const problem = problemOf(error, currentContext()?.correlationId ?? request.id);
    request.problemCode = problem.code;
    if (problem.status >= 500)
      this.logger.error({ event: 'error', code: problem.code, err: error }, problem.title);
    if (reply.raw.destroyed || reply.raw.headersSent) return;
    if (error instanceof MeshError && error.retryAfterMs !== undefined) {
      void reply.header('retry-after', Math.ceil(error.retryAfterMs / 1000));
    }
    void reply
      .status(problem.status)
      .type('application/problem+json')
      .send(JSON.stringify(problem));
  }
}
