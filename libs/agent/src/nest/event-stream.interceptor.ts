import { Readable } from 'node:stream';
import {
  Inject,
  Injectable,
  StreamableFile,
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common';
import type { AgentEvent } from '@mesh/contracts';
import { MeshError, problemOf } from '@mesh/errors';
import { currentContext, runInContext, type Logger } from '@mesh/observability';
import { LOGGER } from '@mesh/observability/nest';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { mergeMap, type Observable } from 'rxjs';

type Events = AsyncIterable<AgentEvent<object>>;

/**
 * Sends what a streaming handler yields: as server-sent events to a caller that accepts `text/event-stream`, else
 * as the JSON body of its `done`. An error before the first event is an ordinary problem response; after it, the
 * stream ends with `event: error` and the problem as data, since the status is already out.
 */
@Injectable()
export class EventStreamInterceptor implements NestInterceptor {
  constructor(@Inject(LOGGER) private readonly logger: Logger) {}

  intercept(context: ExecutionContext, next: CallHandler<unknown>): Observable<unknown> {
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const reply = context.switchToHttp().getResponse<FastifyReply>();
    return next.handle().pipe(
      mergeMap(async (value) => {
        if (!isEvents(value)) return value;
        if (!acceptsEvents(request.headers.accept)) return collect(value);
        const iterator = inContext(value[Symbol.asyncIterator]());
        const first = await iterator.next();
        if (request.meshLifetime) request.meshLifetime.streaming = true;
        // Fastify, Nest and the pipeline each wait for the end of a stream: more than the default of ten.
        reply.raw.setMaxListeners(20);
        void reply.header('cache-control', 'no-store').header('x-accel-buffering', 'no');
        return new StreamableFile(Readable.from(this.#frames(first, iterator, request)), {
          type: 'text/event-stream; charset=utf-8',
        });
      }),
    );
  }

  async *#frames(
    first: IteratorResult<AgentEvent<object>>,
    iterator: AsyncIterator<AgentEvent<object>>,
    request: FastifyRequest,
  ): AsyncGenerator<string> {
    try {
      for (let step = first; !step.done; step = await iterator.next()) yield frame(step.value);
    } catch (error) {
      const problem = problemOf(error, currentContext()?.correlationId ?? request.id);
      request.problemCode = problem.code;
      if (problem.status >= 500)
        this.logger.error({ event: 'error', code: problem.code, err: error }, problem.title);
      yield `event: error\ndata: ${JSON.stringify(problem)}\n\n`;
    } finally {
      await iterator.return?.();
    }
  }
}

/**
 * A stream is read from whatever callback drains the socket, and a generator runs in the context of who calls
 * `next()`: so each step enters the request's context again.
 */
function inContext<T>(iterator: AsyncIterator<T>): AsyncIterator<T> {
  const context = currentContext();
  if (!context) return iterator;
  return {
    next: () => runInContext(context, () => iterator.next()),
    return: () =>
      runInContext(
        context,
        async () => (await iterator.return?.()) ?? { done: true as const, value: undefined },
      ),
  };
}

function isEvents(value: unknown): value is Events {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}

function acceptsEvents(accept: string | undefined): boolean {
  return (accept ?? '')
    .split(',')
    .some((range) => range.split(';')[0]!.trim().toLowerCase() === 'text/event-stream');
}

async function collect(events: Events): Promise<object> {
  let result: object | undefined;
  // To its end: a handler that is left at `done` would take its own calls to peers for abandoned.
  for await (const event of events) if (event.type === 'done') result = event.result;
  if (!result) throw new IncompleteStreamError('The handler ended without a result.');
  return result;
}

function frame(event: AgentEvent<object>): string {
  const { type, ...data } = event;
  return `event: ${type}\ndata: ${JSON.stringify(type === 'done' ? event.result : data)}\n\n`;
}

/** A handler's stream ended without `done`: a fault of the handler. */
export class IncompleteStreamError extends MeshError {
  readonly code = 'ERR_INTERNAL';
}
