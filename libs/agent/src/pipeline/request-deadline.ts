import { HEADERS } from '@mesh/contracts';
import { RequestEndedError, RequestError } from './pipeline.error.js';

/**
 * When a request must be done, in milliseconds since the epoch: `Deadline-Ms` of its caller (milliseconds left,
 * 1 to 8 digits), and never later than the agent's own limit.
 * @throws RequestError `ERR_HEADER_INVALID`; RequestEndedError `ERR_DEADLINE_EXCEEDED` for one that has passed.
 */
export function deadlineOf(
  header: string | string[] | undefined,
  limitMs: number,
  now: number,
): number {
  if (header === undefined) return now + limitMs;
  if (typeof header !== 'string' || !/^\d{1,8}$/.test(header)) {
    throw new RequestError(
      'ERR_HEADER_INVALID',
      `${HEADERS.deadline} holds 1 to 8 digits: the milliseconds left.`,
    );
  }
  const left = Number(header);
  if (left === 0)
    throw new RequestEndedError('ERR_DEADLINE_EXCEEDED', 'No time was left for the request.');
  return now + Math.min(left, limitMs);
}

/** Aborts at the deadline, when the caller leaves, and when the agent stops. */
export class RequestLifetime {
  readonly #controller = new AbortController();
  readonly #timer: NodeJS.Timeout;
  /** The answer is a stream that may go on for long. */
  streaming = false;

  constructor(deadline: number, now: number) {
    this.#timer = setTimeout(
      () => this.end(new RequestEndedError('ERR_DEADLINE_EXCEEDED', 'The deadline passed.')),
      Math.max(0, deadline - now),
    ).unref();
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  end(reason: RequestEndedError): void {
    clearTimeout(this.#timer);
    this.#controller.abort(reason);
  }

  /** The response is out: nothing is aborted any more. */
  done(): void {
    clearTimeout(this.#timer);
  }
}
