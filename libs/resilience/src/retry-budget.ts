import type { RetryBudgetOptions } from './policy-options.js';

// Counted in thousandths: 0.1 added ten times is less than 1 in floating point.
const RETRY = 1000;

/**
 * Token bucket for retries. It starts full, each request adds `ratio` of a retry, and `reserve` is the most it
 * holds: so over any stretch of n requests at most n * ratio + reserve retries are sent (with `reserve` 0 one may
 * still be saved up).
 */
export class RetryBudget {
  readonly #deposit: number;
  readonly #capacity: number;
  #balance: number;

  constructor(options: RetryBudgetOptions) {
    this.#deposit = Math.round(options.ratio * RETRY);
    this.#balance = options.reserve * RETRY;
    this.#capacity = Math.max(this.#balance, RETRY);
  }

  /** Retries that may be sent now. */
  get available(): number {
    return Math.floor(this.#balance / RETRY);
  }

  /** A request was sent for the first time. */
  deposit(): void {
    this.#balance = Math.min(this.#capacity, this.#balance + this.#deposit);
  }

  /** Takes one retry, if there is one. */
  take(): boolean {
    if (this.#balance < RETRY) return false;
    this.#balance -= RETRY;
    return true;
  }

  /** Returns a retry that was taken and not sent. */
  giveBack(): void {
    this.#balance = Math.min(this.#capacity, this.#balance + RETRY);
  }
}
