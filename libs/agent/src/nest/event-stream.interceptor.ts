import { Readable } from 'node:stream';
import {
  Inject,
  Injectable,
  StreamableFile,
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common';
import { isEvents, type AgentEvent, type RequestContext } from '@mesh/contracts';
import { MeshError, problemOf } from '@mesh/errors';
import { currentAgent, runInContext, type AgentIdentity, type Logger } from '@mesh/observability';
import { LOGGER } from '@mesh/observability/nest';
import { SignedBody } from '@mesh/signing';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { mergeMap, Observable } from 'rxjs';
import { formOf } from '../pipeline/accept.js';
import { untilEnd } from '../pipeline/request-deadline.js';

/**
 * Sends what a streaming handler yields: as server-sent events to a caller that accepts `text/event-stream`, else
 * as the JSON body of its `done`. An error before the first event is an ordinary problem response; after it, the
 * stream ends with `event: error` and the problem as data, since the status is already out. A request that ends
 * early (deadline, caller gone, agent stopping) is answered at once, whether its handler watches the signal or not.
 */
@Injectable()
export class EventStreamInterceptor implements NestInterceptor {
  constructor(@Inject(LOGGER) private readonly logger: Logger) {}

  intercept(execution: ExecutionContext, next: CallHandler<unknown>): Observable<unknown> {
    const request = execution.switchToHttp().getRequest<FastifyRequest>();
    const reply = execution.switchToHttp().getResponse<FastifyReply>();
    const context = request.meshContext!;
    const agent = currentAgent();
    // The guards are through: the delegation may have brought a deadline.
    request.meshLimit?.();
    return endingWith(
      next.handle().pipe(
        mergeMap(async (value) => {
          if (value instanceof SignedBody) return json(value, reply);
          if (!isEvents(value)) return value;
          const form = formOf(request.headers.accept);
          const steps = new Steps(value, context, agent);
          if (form === 'json') {
            const result = await steps.result();
            return result instanceof SignedBody ? json(result, reply) : result;
          }
          const first = await steps.next();
          request.meshStreams?.();
          // Fastify, Nest and the pipeline each wait for the end of a stream: more than the default of ten.
          reply.raw.setMaxListeners(20);
          void reply.header('cache-control', 'no-store').header('x-accel-buffering', 'no');
          return new StreamableFile(Readable.from(this.#frames(first, steps, request)), {
            type: 'text/event-stream; charset=utf-8',
          });
        }),
      ),
      context.signal,
    );
  }

  async *#frames(
    first: IteratorResult<AgentEvent<object>>,
    steps: Steps,
    request: FastifyRequest,
  ): AsyncGenerator<string> {
    let withdrawn = {};
    try {
      let done = false;
      for (let step = first; !step.done; step = await steps.next()) {
        done ||= step.value.type === 'done';
        if (step.value.type === 'text') withdrawn = { withdrawn: true };
        yield frame(step.value);
      }
      if (!done) throw new IncompleteStreamError();
    } catch (error) {
      const problem = problemOf(error, steps.context.correlationId);
      request.problemCode = problem.code;
      if (problem.status >= 500) {
        steps.inContext(() =>
          this.logger.error({ event: 'error', code: problem.code, err: error }, problem.title),
        );
      }
      // What was shown as being written counts for nothing.
      yield `event: error\ndata: ${JSON.stringify({ ...problem, ...withdrawn })}\n\n`;
    } finally {
      steps.close();
    }
  }
}

/**
 * A handler's events, one at a time. A stream is read from whatever callback drains the socket, and a generator
 * runs in the context of who calls `next()`: so each step enters the request's context again.
 */
class Steps {
  readonly #iterator: AsyncIterator<AgentEvent<object>>;

  constructor(
    events: AsyncIterable<AgentEvent<object>>,
    readonly context: RequestContext,
    private readonly agent: AgentIdentity | undefined,
  ) {
    this.#iterator = events[Symbol.asyncIterator]();
  }

  inContext<T>(work: () => T): T {
    return runInContext(this.context, work, this.agent);
  }

  async next(): Promise<IteratorResult<AgentEvent<object>>> {
    const { signal } = this.context;
    try {
      return await this.inContext(() => untilEnd(this.#iterator.next(), signal));
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** What `done` holds. Reads on to the end, so that whoever is called behind the handler is done as well. */
  async result(): Promise<object> {
    let result: object | undefined;
    for (let step = await this.next(); !step.done; step = await this.next()) {
      if (step.value.type === 'done') result = step.value.result;
    }
    if (!result) throw new IncompleteStreamError();
    return result;
  }

  /** Not awaited: a generator's `return()` waits for its pending `next()`. */
  close(): void {
    this.inContext(() => void this.#iterator.return?.().catch(() => undefined));
  }
}

function endingWith<T>(work: Observable<T>, signal: AbortSignal): Observable<T> {
  return new Observable((subscriber) => {
    const onAbort = () => subscriber.error(signal.reason);
    if (signal.aborted) return onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    const subscription = work.subscribe(subscriber);
    return () => {
      signal.removeEventListener('abort', onAbort);
      subscription.unsubscribe();
    };
  });
}

/** Ready to be sent: what was signed is not serialized again. */
function json({ text }: SignedBody, reply: FastifyReply): string {
  void reply.type('application/json; charset=utf-8');
  return text;
}

function frame(event: AgentEvent<object>): string {
  return `event: ${event.type}\ndata: ${dataOf(event)}\n\n`;
}

function dataOf(event: AgentEvent<object>): string {
  if (event.type === 'done') {
    const { result } = event;
    return result instanceof SignedBody ? result.text : JSON.stringify(result);
  }
  const { type, ...data } = event;
  return JSON.stringify(type === 'text' ? { ...data, inProgress: true } : data);
}

/** A handler's stream ended without `done`: a fault of the handler. */
export class IncompleteStreamError extends MeshError {
  readonly code = 'ERR_INTERNAL';

  constructor() {
    super('The handler ended without a result.');
  }
}
