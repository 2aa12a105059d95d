import {
  Inject,
  Injectable,
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common';
import { isEvents, type AgentEvent } from '@mesh/contracts';
import { concatMap, type Observable } from 'rxjs';
import { AnswerSigner } from '../answer-signer.js';
import type { SignedBody } from '../signed-body.js';
import { SigningError } from '../signing.error.js';
import { ANSWERED_REQUESTS, type AnsweredRequests } from './answered-requests.token.js';

type Sign = (content: unknown) => Promise<SignedBody>;

/**
 * Signs what a handler answers, on the routes that `ANSWERED_REQUESTS` knows: an object becomes a `SignedBody`, of a
 * stream of events the result of its `done`. Events before that pass as they come; if signing fails, the stream fails
 * and nothing of `done` leaves.
 *
 * Inside of it stands all that may change the content, outside of it what sends it: `SignedBody.text` as it is.
 */
@Injectable()
export class SignResponseInterceptor implements NestInterceptor {
  constructor(
    private readonly signer: AnswerSigner,
    @Inject(ANSWERED_REQUESTS) private readonly requests: AnsweredRequests,
  ) {}

  intercept(execution: ExecutionContext, next: CallHandler<unknown>): Observable<unknown> {
    const known = this.requests.of(execution.switchToHttp().getRequest());
    if (known === undefined) return next.handle();
    const sign: Sign = (content) =>
      this.signer.sign(objectOf(content), known.answered, known.record, new Date());
    return next.handle().pipe(
      concatMap(async (value, index) => {
        // Nest's own @Sse() routes give one value an event: there is no whole to sign.
        if (index > 0) throw unsigned('A signed route answers once.');
        return isEvents(value) ? signing(value, sign) : sign(value);
      }),
    );
  }
}

/** Not a generator: its `return()` would wait for an event that is under way. */
function signing(
  events: AsyncIterable<AgentEvent<unknown>>,
  sign: Sign,
): AsyncIterable<AgentEvent<unknown>> {
  return {
    [Symbol.asyncIterator]() {
      const iterator = events[Symbol.asyncIterator]();
      let signed = false;
      const pass = async (step: IteratorResult<AgentEvent<unknown>>): Promise<typeof step> => {
        if (step.done) return step;
        if (signed) throw unsigned('An event came after the result that was signed.');
        if (step.value.type !== 'done') return step;
        signed = true;
        return { done: false, value: { type: 'done', result: await sign(step.value.result) } };
      };
      return {
        async next() {
          const step = await iterator.next();
          try {
            return await pass(step);
          } catch (error) {
            // Whoever reads takes a stream that failed for ended: its handler would wait for ever.
            void iterator.return?.().catch(() => undefined);
            throw error;
          }
        },
        return: async () => (await iterator.return?.()) ?? { done: true, value: undefined },
      };
    },
  };
}

function objectOf(content: unknown): object {
  if (typeof content === 'object' && content !== null) return content;
  throw unsigned('The answer of a signed route is no object.');
}

function unsigned(message: string): SigningError {
  return new SigningError('ERR_SIGNING_CONTENT', message);
}
