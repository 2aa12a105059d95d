import CircuitBreaker from 'opossum';
import type { BreakerOptions } from './policy-options.js';

export type BreakerState = 'closed' | 'open' | 'half-open';

/** What a call said of the peer; `unknown` leaves the breaker as it is. */
export type BreakerVote = 'success' | 'failure' | 'unknown';

/** Leave to call. Whoever holds it votes once, at the end; later votes do nothing. */
export interface Permit {
  readonly probe: boolean;
  vote(vote: BreakerVote, code?: string): Promise<void>;
}

const COUNTED = new Error('counted as a failure');

/**
 * A circuit breaker on opossum's rolling window, threshold and states. Calls do not run inside opossum, their
 * outcomes are reported to it, because it knows success and failure alone: there, a caller who leaves during the
 * half-open probe closes the circuit (a filtered error is a success), and a call that began before the circuit
 * opened may close or reopen it. Here a probe without a verdict makes room for another, and late votes are void.
 */
export class Breaker {
  readonly #circuit: CircuitBreaker<[BreakerVote], void>;
  readonly #options: BreakerOptions;
  #epoch = 0;
  #probing = false;
  #since = Date.now();
  #code: string | undefined;
  #reason: string | undefined;

  constructor(
    name: string,
    options: BreakerOptions,
    onChange: (state: BreakerState, reason: string | undefined) => void,
  ) {
    this.#options = options;
    this.#circuit = new CircuitBreaker(
      (vote) => {
        // Thrown, not rejected: opossum then opens before anyone else is admitted.
        if (vote === 'failure') throw COUNTED;
        return Promise.resolve();
      },
      {
        name,
        timeout: false,
        errorThresholdPercentage: options.errorThresholdPercent,
        volumeThreshold: options.volumeThreshold,
        resetTimeout: options.resetMs,
        rollingCountTimeout: options.rollingMs,
        rollingPercentilesEnabled: false,
        enableSnapshots: false,
      },
    );
    const changed = (state: BreakerState) => () => {
      this.#epoch++;
      this.#probing = false;
      this.#since = Date.now();
      if (state === 'open') this.#reason = this.#code;
      if (state === 'closed') this.#reason = undefined;
      onChange(state, this.#reason);
    };
    this.#circuit.on('open', changed('open'));
    this.#circuit.on('halfOpen', changed('half-open'));
    this.#circuit.on('close', changed('closed'));
  }

  get state(): BreakerState {
    if (this.#circuit.opened) return 'open';
    return this.#circuit.halfOpen ? 'half-open' : 'closed';
  }

  /** Since when it is in its state, in epoch milliseconds. */
  get since(): number {
    return this.#since;
  }

  /** Code of the failure that opened it; undefined while closed. */
  get reason(): string | undefined {
    return this.#reason;
  }

  /** Milliseconds until the next probe; undefined unless open. */
  get retryInMs(): number | undefined {
    return this.state === 'open'
      ? Math.max(0, this.#since + this.#options.resetMs - Date.now())
      : undefined;
  }

  /** Leave to call, or undefined: open, or half-open with its probe under way. */
  admit(): Permit | undefined {
    const probe = this.state === 'half-open';
    if (this.state === 'open' || (probe && this.#probing)) return undefined;
    if (probe) this.#probing = true;
    const epoch = this.#epoch;
    let voted = false;
    return {
      probe,
      vote: async (vote, code) => {
        if (voted) return;
        voted = true;
        if (epoch !== this.#epoch || this.#circuit.isShutdown) return;
        if (vote === 'unknown') {
          if (probe) this.#probing = false;
          return;
        }
        this.#code = code;
        await this.#circuit.fire(vote).catch(() => undefined);
      },
    };
  }

  /** May be called twice. */
  close(): void {
    if (!this.#circuit.isShutdown) this.#circuit.shutdown();
  }
}
