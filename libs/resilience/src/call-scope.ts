/**
 * All that can end a call before its work does: its signals, its deadline, the policy's close. The first one
 * wins, and everything the call waits for rejects with its reason at once. `end()` takes every listener off the
 * signals, which may outlive millions of calls.
 */
export class CallScope {
  readonly deadline: number;
  readonly #interrupters = new Set<(reason: unknown) => void>();
  readonly #releases: (() => void)[] = [];
  #interruption: { readonly reason: unknown; readonly at: number } | undefined;

  constructor(signals: readonly AbortSignal[], deadline: number, deadlineError: () => Error) {
    this.deadline = deadline;
    for (const signal of signals) {
      if (signal.aborted) this.interrupt(signal.reason);
      else {
        const onAbort = () => this.interrupt(signal.reason);
        signal.addEventListener('abort', onAbort, { once: true });
        this.#releases.push(() => signal.removeEventListener('abort', onAbort));
      }
    }
    const remainingMs = deadline - Date.now();
    if (remainingMs <= 0) this.interrupt(deadlineError());
    else if (!this.interrupted) {
      const timer = setTimeout(() => this.interrupt(deadlineError()), remainingMs);
      this.#releases.push(() => clearTimeout(timer));
    }
    if (this.interrupted) this.end();
  }

  get interrupted(): boolean {
    return this.#interruption !== undefined;
  }

  /** Why the call ended early. */
  get reason(): unknown {
    return this.#interruption?.reason;
  }

  /**
   * The interruption came with the deadline. By the clock, for a caller often aborts its signal at the same
   * deadline; a timer may fire a millisecond early.
   */
  get expired(): boolean {
    return this.#interruption !== undefined && this.#interruption.at >= this.deadline - 1;
  }

  interrupt(reason: unknown): void {
    if (this.#interruption !== undefined) return;
    this.#interruption = { reason, at: Date.now() };
    for (const interrupter of [...this.#interrupters]) interrupter(reason);
    this.end();
  }

  /** Calls `interrupter` at the interruption, at once if it was. Returns how to stop. */
  onInterrupt(interrupter: (reason: unknown) => void): () => void {
    if (this.#interruption !== undefined) {
      interrupter(this.#interruption.reason);
      return () => undefined;
    }
    this.#interrupters.add(interrupter);
    return () => this.#interrupters.delete(interrupter);
  }

  /**
   * The result of `start`, unless the interruption or `timeoutMs` comes first. What settles later is dropped
   * without an unhandled rejection.
   */
  wait<T>(start: () => Promise<T>, timeoutMs: number, timeoutError: () => Error): Promise<T> {
    if (this.#interruption !== undefined) return rejected(this.#interruption.reason);
    return new Promise<T>((resolve, reject) => {
      const done = () => {
        clearTimeout(timer);
        stop();
      };
      const timer = setTimeout(() => {
        done();
        reject(timeoutError());
      }, timeoutMs);
      const stop = this.onInterrupt((reason) => {
        done();
        // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- the caller's own reason
        reject(reason);
      });
      // Async, so that what `start` throws at once is a rejection like any other.
      (async () => start())().then(
        (value) => {
          done();
          resolve(value);
        },
        (error: unknown) => {
          done();
          // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- handed on as it is
          reject(error);
        },
      );
    });
  }

  /** Resolves after `ms`; rejects with the reason of an interruption. */
  async sleep(ms: number): Promise<void> {
    if (this.#interruption !== undefined) return rejected(this.#interruption.reason);
    return new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => {
        stop();
        resolve();
      }, ms);
      const stop = this.onInterrupt((reason) => {
        clearTimeout(timer);
        // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- the caller's own reason
        reject(reason);
      });
    });
  }

  /** Takes off timer and listeners. May be called twice. */
  end(): void {
    for (const release of this.#releases.splice(0)) release();
    this.#interrupters.clear();
  }
}

function rejected(reason: unknown): Promise<never> {
  // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- the caller's own reason
  return Promise.reject(reason);
}
