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
  #deadline: number;
  #timer: NodeJS.Timeout;

  constructor(deadline: number, now: number) {
    this.#deadline = deadline;
    this.#timer = this.#start(now);
  }

  /** Milliseconds since the epoch. */
  get deadline(): number {
    return this.#deadline;
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** The first reason counts. */
  end(reason: RequestEndedError): void {
    clearTimeout(this.#timer);
    this.#controller.abort(reason);
  }

  /** Moves the deadline to an earlier time; never to a later one. */
  limit(deadline: number, now: number): void {
    if (deadline >= this.#deadline || this.signal.aborted) return;
    clearTimeout(this.#timer);
    this.#deadline = deadline;
    this.#timer = this.#start(now);
  }

  /** The response is out: nothing is aborted any more. */
  done(): void {
    clearTimeout(this.#timer);
  }

  #start(now: number): NodeJS.Timeout {
    return setTimeout(
      () => this.end(new RequestEndedError('ERR_DEADLINE_EXCEEDED', 'The deadline passed.')),
      Math.max(0, this.#deadline - now),
    ).unref();
  }
}

/** The result of `work`, or the reason of `signal` as soon as it aborts: a handler need not watch it. */
export function untilEnd<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- the request's own end
    const onAbort = () => reject(signal.reason);
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
