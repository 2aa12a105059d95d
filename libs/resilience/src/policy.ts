import { MeshError, type Retry } from '@mesh/errors';
import { RunningAttempt, type Attempt, type AttemptOutcome } from './attempt.js';
import { Breaker, type BreakerState, type Permit } from './breaker.js';
import { CallScope } from './call-scope.js';
import { PolicyError } from './policy.error.js';
import { parsePolicyOptions, type PolicyOptions, type PolicySettings } from './policy-options.js';
import { RetryBudget } from './retry-budget.js';

export interface Call {
  /** The caller's. Once aborted, the call rejects with its reason at once. */
  readonly signal?: AbortSignal;
  /** Epoch milliseconds. Whichever is earlier counts, this or the policy's `deadlineMs`. */
  readonly deadline?: number;
  /** May run twice with the effect of once. Decides about errors whose `retry` is `if-idempotent`. */
  readonly idempotent: boolean;
}

/** For metrics and logs. None of them may throw. */
export interface PolicyHooks {
  /** A try ended. `code` of its error, undefined after success. */
  onAttempt?(event: {
    readonly attempt: number;
    readonly outcome: AttemptOutcome;
    readonly durationMs: number;
    readonly code: string | undefined;
  }): void;
  /** Try number `attempt` failed, another follows after `delayMs`. */
  onRetry?(event: {
    readonly attempt: number;
    readonly delayMs: number;
    readonly error: unknown;
  }): void;
  /** A retry would have been right, and the budget has none left. */
  onBudgetExhausted?(event: { readonly attempt: number; readonly error: unknown }): void;
  /** `reason`: code of the failure that opened it; undefined once closed. */
  onBreaker?(state: BreakerState, reason: string | undefined): void;
}

/** For health. Holds no message: those may speak of a request. */
export interface PolicyState {
  readonly name: string;
  readonly breaker: BreakerState;
  /** Since when the breaker is in its state. */
  readonly since: Date;
  /** Code of the failure that opened the breaker; undefined while it is closed. */
  readonly reason: string | undefined;
  /** When the next probe is let through; undefined unless open. */
  readonly retryAt: Date | undefined;
  /** Retries that the budget has left. */
  readonly retriesLeft: number;
  /** Calls under way. */
  readonly calls: number;
}

const NAME = /^[a-z0-9][a-z0-9._:-]{0,63}$/;

/**
 * How one peer or provider is called: deadline, timeout of a try, retries, retry budget, circuit breaker. One
 * policy a peer, shared by all calls to it.
 *
 * A failed try is followed by another only if its error is a `MeshError` that says so: `retry: 'safe'` (refused
 * before it was processed), or `'if-idempotent'` and the call is. It waits a random time (full jitter), on top of
 * the error's `retryAfterMs`; where that ends beyond the deadline, the budget is spent or the breaker open, the
 * call rejects with the try's error at once.
 *
 * Rejects with the work's own error, the caller's abort reason, or a `PolicyError`: `ERR_BREAKER_OPEN` (nothing
 * was sent), `ERR_TRY_TIMEOUT`, `ERR_STREAM_IDLE`, `ERR_DEADLINE_EXCEEDED`, `ERR_POLICY_CLOSED`.
 */
export class Policy {
  readonly options: PolicyOptions;
  readonly #hooks: PolicyHooks;
  readonly #random: () => number;
  readonly #budget: RetryBudget;
  readonly #breaker: Breaker;
  readonly #scopes = new Set<CallScope>();
  #closed = false;

  /**
   * `name`: of the peer or provider, for errors and metrics; 1 to 64 of a-z, 0-9 and `._:-`. Throws
   * `ERR_POLICY_OPTION_INVALID`. `random` gives numbers from 0 to below 1, for the jitter.
   */
  constructor(
    readonly name: string,
    options: PolicySettings = {},
    hooks: PolicyHooks = {},
    random: () => number = Math.random,
  ) {
    if (!NAME.test(name)) {
      throw new PolicyError(
        'ERR_POLICY_OPTION_INVALID',
        'The name of a policy is 1 to 64 of a-z, 0-9 and "._:-".',
        name,
      );
    }
    this.options = parsePolicyOptions(name, options);
    this.#hooks = hooks;
    this.#random = random;
    this.#budget = new RetryBudget(this.options.retryBudget);
    this.#breaker = new Breaker(name, this.options.breaker, (state, reason) =>
      hooks.onBreaker?.(state, reason),
    );
  }

  /** The result of `work`. Its signal is dead once it returns: read a body inside. */
  async execute<T>(work: (attempt: Attempt) => Promise<T>, call: Call): Promise<T> {
    const scope = this.#begin(call, []);
    try {
      return await this.#retried(scope, call, async (number, permit) => {
        const attempt = this.#attempt(scope, number, permit);
        const result = await attempt.wait(
          () => work(attempt),
          this.options.tryTimeoutMs,
          this.#tryTimeout,
        );
        await attempt.succeed();
        return result;
      });
    } finally {
      this.#end(scope);
    }
  }

  /**
   * The items of `work`'s stream. Retried only before the first item; `tryTimeoutMs` counts up to it,
   * `idleTimeoutMs` between items while the consumer waits, the deadline to the end. A consumer that leaves aborts
   * the work. Each iteration is a call of its own.
   */
  stream<T>(work: (attempt: Attempt) => AsyncIterable<T>, call: Call): AsyncIterable<T> {
    return {
      [Symbol.asyncIterator]: () => {
        const left = new AbortController();
        const items = this.#items(work, call, left.signal);
        return {
          next: () => items.next(),
          return: () => {
            // A generator's own return() waits for a pending next(), which may be an idle peer's.
            left.abort();
            return items.return(undefined);
          },
        };
      },
    };
  }

  state(): PolicyState {
    const { retryInMs } = this.#breaker;
    return {
      name: this.name,
      breaker: this.#breaker.state,
      since: new Date(this.#breaker.since),
      reason: this.#breaker.reason,
      retryAt: retryInMs === undefined ? undefined : new Date(Date.now() + retryInMs),
      retriesLeft: this.#budget.available,
      calls: this.#scopes.size,
    };
  }

  /** Ends calls under way with `ERR_POLICY_CLOSED`, and refuses new ones. May be called twice. */
  close(): void {
    this.#closed = true;
    this.#breaker.close();
    for (const scope of [...this.#scopes]) scope.interrupt(this.#policyClosed('if-idempotent'));
  }

  async *#items<T>(
    work: (attempt: Attempt) => AsyncIterable<T>,
    call: Call,
    left: AbortSignal,
  ): AsyncGenerator<T, undefined, undefined> {
    const scope = this.#begin(call, [left]);
    let attempt: RunningAttempt | undefined;
    try {
      const opened = await this.#retried(scope, call, (number, permit) =>
        this.#open(work, this.#attempt(scope, number, permit)),
      );
      attempt = opened.attempt;
      let result = opened.first;
      while (result.done !== true) {
        yield result.value;
        result = await attempt.wait(
          () => opened.iterator.next(),
          this.options.idleTimeoutMs,
          this.#streamIdle,
        );
      }
      await attempt.succeed();
      return undefined;
    } finally {
      this.#end(scope);
      await attempt?.abandon();
    }
  }

  /** Starts a stream and waits for its first item. */
  async #open<T>(
    work: (attempt: Attempt) => AsyncIterable<T>,
    attempt: RunningAttempt,
  ): Promise<Opened<T>> {
    const start = async () => {
      const iterator = work(attempt)[Symbol.asyncIterator]();
      // Not awaited: a generator's return() waits for a pending next().
      attempt.signal.addEventListener('abort', () => void closeIterator(iterator), { once: true });
      return { attempt, iterator, first: await iterator.next() };
    };
    const opened = await attempt.wait(start, this.options.tryTimeoutMs, this.#tryTimeout);
    await attempt.progressed();
    return opened;
  }

  async #retried<R>(
    scope: CallScope,
    call: Call,
    run: (number: number, permit: Permit) => Promise<R>,
  ): Promise<R> {
    let permit = this.#breaker.admit();
    if (permit === undefined) throw this.#breakerOpen();
    this.#budget.deposit();
    for (let number = 1; ; number++) {
      try {
        return await run(number, permit);
      } catch (error) {
        const delayMs = this.#delayBeforeRetry(error, number, scope, call);
        if (delayMs === undefined) throw error;
        this.#hooks.onRetry?.({ attempt: number, delayMs, error });
        permit = await this.#admitAfter(delayMs, scope);
        // What the peer said tells more than that it is now left alone.
        if (permit === undefined) throw error;
      }
    }
  }

  /** Takes a retry from the budget. Undefined: no retry. */
  #delayBeforeRetry(
    error: unknown,
    number: number,
    scope: CallScope,
    call: Call,
  ): number | undefined {
    if (scope.interrupted || number > this.options.retries) return undefined;
    if (!(error instanceof MeshError)) return undefined;
    const may = error.retry === 'safe' || (error.retry === 'if-idempotent' && call.idempotent);
    if (!may) return undefined;
    const { backoffBaseMs, backoffMaxMs } = this.options;
    const ceilingMs = Math.min(backoffMaxMs, backoffBaseMs * 2 ** (number - 1));
    const askedMs = Math.max(0, error.retryAfterMs ?? 0);
    const delayMs = askedMs + Math.round(this.#random() * ceilingMs);
    // Negated, so that a delay that is no number is no retry.
    if (!(Date.now() + delayMs < scope.deadline)) return undefined;
    if (this.#breaker.state === 'open') return undefined;
    if (!this.#budget.take()) {
      this.#hooks.onBudgetExhausted?.({ attempt: number, error });
      return undefined;
    }
    return delayMs;
  }

  async #admitAfter(delayMs: number, scope: CallScope): Promise<Permit | undefined> {
    let permit: Permit | undefined;
    try {
      await scope.sleep(delayMs);
      permit = this.#breaker.admit();
      return permit;
    } finally {
      if (permit === undefined) this.#budget.giveBack();
    }
  }

  #attempt(scope: CallScope, number: number, permit: Permit): RunningAttempt {
    return new RunningAttempt(scope, number, permit, this.options.deadlineMs, (event) =>
      this.#hooks.onAttempt?.({ attempt: number, ...event }),
    );
  }

  #begin(call: Call, signals: readonly AbortSignal[]): CallScope {
    if (this.#closed) throw this.#policyClosed('safe');
    const deadline = Math.min(Date.now() + this.options.deadlineMs, call.deadline ?? Infinity);
    const scope = new CallScope(
      call.signal === undefined ? signals : [call.signal, ...signals],
      deadline,
      () =>
        new PolicyError(
          'ERR_DEADLINE_EXCEEDED',
          `The deadline passed before ${this.name} was done.`,
          this.name,
        ),
    );
    if (scope.interrupted) throw scope.reason;
    this.#scopes.add(scope);
    scope.onInterrupt(() => this.#scopes.delete(scope));
    return scope;
  }

  #end(scope: CallScope): void {
    scope.end();
    this.#scopes.delete(scope);
  }

  readonly #tryTimeout = () =>
    new PolicyError(
      'ERR_TRY_TIMEOUT',
      `${this.name} did not answer within ${this.options.tryTimeoutMs} ms.`,
      this.name,
      { retry: 'if-idempotent' },
    );

  readonly #streamIdle = () =>
    new PolicyError(
      'ERR_STREAM_IDLE',
      `${this.name} stopped in the middle of its answer for ${this.options.idleTimeoutMs} ms.`,
      this.name,
    );

  #breakerOpen(): PolicyError {
    const { retryInMs } = this.#breaker;
    return new PolicyError(
      'ERR_BREAKER_OPEN',
      `${this.name} failed and is left alone for a moment.`,
      this.name,
      { retry: 'safe', ...(retryInMs === undefined ? {} : { retryAfterMs: retryInMs }) },
    );
  }

  #policyClosed(retry: Retry): PolicyError {
    return new PolicyError('ERR_POLICY_CLOSED', 'The agent is shutting down.', this.name, {
      retry,
    });
  }
}

interface Opened<T> {
  readonly attempt: RunningAttempt;
  readonly iterator: AsyncIterator<T>;
  readonly first: IteratorResult<T>;
}

async function closeIterator(iterator: AsyncIterator<unknown>): Promise<void> {
  try {
    await iterator.return?.();
  } catch {
    // The call is over: its error was reported, this one has nobody to go to.
  }
}
