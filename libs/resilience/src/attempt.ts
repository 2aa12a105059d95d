import type { Permit } from './breaker.js';
import type { CallScope } from './call-scope.js';
import { codeOf, verdictOf, type PeerVerdict } from './peer-verdict.js';

/** What the work of one try gets. */
export interface Attempt {
  /** Aborted by the caller, the deadline, this try's timeout or the policy's close; not used beyond the work's end. */
  readonly signal: AbortSignal;
  /** 1 for the first. */
  readonly number: number;
}

export type AttemptOutcome = 'success' | PeerVerdict;

/** One try under way: its abort signal, and its one report to breaker and metrics. */
export class RunningAttempt implements Attempt {
  readonly signal: AbortSignal;
  readonly #controller = new AbortController();
  readonly #unlink: () => void;
  readonly #startedAt = Date.now();
  #settled = false;

  constructor(
    private readonly scope: CallScope,
    readonly number: number,
    private readonly permit: Permit,
    private readonly deadlineMs: number,
    private readonly report: (event: {
      readonly outcome: AttemptOutcome;
      readonly durationMs: number;
      readonly code: string | undefined;
    }) => void,
  ) {
    this.signal = this.#controller.signal;
    this.#unlink = scope.onInterrupt((reason) => this.#controller.abort(reason));
  }

  /** As `CallScope.wait`; a rejection aborts and settles the try. */
  async wait<T>(start: () => Promise<T>, timeoutMs: number, timeoutError: () => Error): Promise<T> {
    const startedAt = Date.now();
    try {
      return await this.scope.wait(start, timeoutMs, timeoutError);
    } catch (error) {
      const allowedMs = Math.min(timeoutMs, this.deadlineMs);
      this.#controller.abort(error);
      await this.#settle(this.#verdict(error, Date.now() - startedAt, allowedMs), codeOf(error));
      throw error;
    }
  }

  /** The peer has begun to answer: enough for a probe, which would hold others off for a whole stream otherwise. */
  async progressed(): Promise<void> {
    if (this.permit.probe) await this.permit.vote('success');
  }

  async succeed(): Promise<void> {
    await this.#settle('success', undefined);
  }

  /** The consumer left: nothing is known. Does nothing after the end. */
  async abandon(): Promise<void> {
    await this.#settle('unknown', undefined);
  }

  // A deadline counts against the peer only if it had half the time it is allowed: else a caller with deadlines
  // of a few milliseconds could open the breaker for everyone.
  #verdict(error: unknown, waitedMs: number, allowedMs: number): PeerVerdict {
    if (!this.scope.interrupted) return verdictOf(error);
    return this.scope.expired && waitedMs * 2 >= allowedMs ? 'failure' : 'unknown';
  }

  async #settle(outcome: AttemptOutcome, code: string | undefined): Promise<void> {
    if (this.#settled) return;
    this.#settled = true;
    this.#unlink();
    this.report({ outcome, durationMs: Date.now() - this.#startedAt, code });
    await this.permit.vote(outcome === 'refused' ? 'success' : outcome, code);
  }
}
