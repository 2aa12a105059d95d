import { getEventListeners } from 'node:events';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { MeshError, type Retry } from '@mesh/errors';
import type { Attempt } from './attempt.js';
import type { PolicySettings } from './policy-options.js';
import { Policy, type Call, type PolicyHooks } from './policy.js';

class Unavailable extends MeshError {
  readonly code = 'ERR_PEER_UNREACHABLE';

  constructor(retry: Retry) {
    super('planted', { retry });
  }
}

const call: Call = { idempotent: false };

let policy: Policy;
function make(settings: PolicySettings = {}, hooks: PolicyHooks = {}): Policy {
  policy = new Policy('gemini', settings, hooks, () => 0.5);
  return policy;
}

function after(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal?.addEventListener('abort', () => {
      clearTimeout(timer);
      reject(signal.reason as Error);
    });
  });
}

/** Items at the given times in milliseconds after each other. */
async function* paced(waits: readonly number[], signal?: AbortSignal): AsyncGenerator<number> {
  for (const [index, ms] of waits.entries()) {
    await after(ms, signal);
    yield index;
  }
}

interface Seen<T> {
  readonly items: T[];
  error?: unknown;
  done: boolean;
}

function consume<T>(stream: AsyncIterable<T>): Seen<T> {
  const seen: Seen<T> = { items: [], done: false };
  void (async () => {
    try {
      for await (const item of stream) seen.items.push(item);
    } catch (error) {
      seen.error = error;
    }
    seen.done = true;
  })();
  return seen;
}

const unhandled = jest.fn();

beforeEach(() => {
  jest.useFakeTimers();
  unhandled.mockClear();
  process.on('unhandledRejection', unhandled);
});

afterEach(async () => {
  policy.close();
  await jest.advanceTimersByTimeAsync(0);
  expect(jest.getTimerCount()).toBe(0);
  jest.useRealTimers();
  await new Promise((resolve) => setImmediate(resolve));
  process.off('unhandledRejection', unhandled);
  expect(unhandled).not.toHaveBeenCalled();
});

describe('Policy.stream', () => {
  it('hands on every item in order, also none', async () => {
    const seen = consume(make().stream(() => paced([5, 5, 5]), call));
    const empty = consume(policy.stream(() => paced([]), call));
    await jest.advanceTimersByTimeAsync(100);
    expect(seen).toEqual({ items: [0, 1, 2], done: true });
    expect(empty).toEqual({ items: [], done: true });
    expect(policy.state().calls).toBe(0);
  });

  it('sends nothing before it is read', async () => {
    const work = jest.fn(() => paced([1]));
    const stream = make().stream(work, call);
    await stream[Symbol.asyncIterator]().return?.();
    await jest.advanceTimersByTimeAsync(100);
    expect(work).not.toHaveBeenCalled();
  });

  describe('retries', () => {
    it('follow a failure before the first item', async () => {
      const seen = consume(
        make().stream(async function* ({ number }) {
          await after(1);
          if (number < 3) throw new Unavailable('safe');
          yield number;
        }, call),
      );
      await jest.advanceTimersByTimeAsync(5000);
      expect(seen).toEqual({ items: [3], done: true });
    });

    it('do not follow one after it', async () => {
      const error = new Unavailable('safe');
      const work = jest.fn(async function* () {
        await after(1);
        yield 'first';
        throw error;
      });
      const seen = consume(make().stream(work, { idempotent: true }));
      await jest.advanceTimersByTimeAsync(5000);
      expect(seen).toEqual({ items: ['first'], error, done: true });
      expect(work).toHaveBeenCalledTimes(1);
    });

    it('do not follow one that may have been processed', async () => {
      const work = jest.fn(() => {
        throw new Unavailable('if-idempotent');
      });
      const seen = consume(make().stream(work, call));
      await jest.advanceTimersByTimeAsync(5000);
      expect(seen.error).toMatchObject({ code: 'ERR_PEER_UNREACHABLE' });
      expect(work).toHaveBeenCalledTimes(1);
    });

    it('cost budget and stop at its end', async () => {
      const onBudgetExhausted = jest.fn();
      make({ retries: 5, retryBudget: { ratio: 0, reserve: 2 } }, { onBudgetExhausted });
      const work = jest.fn(() => {
        throw new Unavailable('safe');
      });
      consume(policy.stream(work, call));
      await jest.advanceTimersByTimeAsync(10_000);
      expect(work).toHaveBeenCalledTimes(3);
      expect(onBudgetExhausted).toHaveBeenCalledTimes(1);
    });
  });

  describe('times', () => {
    it('limits the wait for the first item, and tries an idempotent one again', async () => {
      const signals: AbortSignal[] = [];
      const seen = consume(
        make({ tryTimeoutMs: 100 }).stream(
          ({ number, signal }) => {
            signals.push(signal);
            return paced([number === 1 ? 1000 : 10], signal);
          },
          { idempotent: true },
        ),
      );
      await jest.advanceTimersByTimeAsync(1000);
      expect(seen).toEqual({ items: [0], done: true });
      expect(signals.map(({ aborted }) => aborted)).toEqual([true, false]);
    });

    it('ends a stream that falls silent', async () => {
      let signal: AbortSignal | undefined;
      const seen = consume(
        make({ idleTimeoutMs: 100 }).stream((attempt) => {
          signal = attempt.signal;
          return paced([50, 90, 90, 101], attempt.signal);
        }, call),
      );
      await jest.advanceTimersByTimeAsync(1000);
      expect(seen).toMatchObject({ items: [0, 1, 2], error: { code: 'ERR_STREAM_IDLE' } });
      expect(signal?.aborted).toBe(true);
    });

    it('does not count the time that the consumer takes', async () => {
      make({ idleTimeoutMs: 100 });
      const items: number[] = [];
      const done = (async () => {
        for await (const item of policy.stream(() => paced([10, 10, 10]), call)) {
          items.push(item);
          await after(500);
        }
      })();
      await jest.advanceTimersByTimeAsync(5000);
      await done;
      expect(items).toEqual([0, 1, 2]);
    });

    it('holds the deadline to the end, also while nobody reads', async () => {
      let signal: AbortSignal | undefined;
      const iterator = make({ deadlineMs: 1000 })
        .stream((attempt) => {
          signal = attempt.signal;
          return paced([10, 10], attempt.signal);
        }, call)
        [Symbol.asyncIterator]();
      const first = iterator.next();
      await jest.advanceTimersByTimeAsync(10);
      expect(await first).toEqual({ done: false, value: 0 });
      await jest.advanceTimersByTimeAsync(990);
      expect(signal?.aborted).toBe(true);
      expect(policy.state().calls).toBe(0);
      await expect(iterator.next()).rejects.toMatchObject({ code: 'ERR_DEADLINE_EXCEEDED' });
    });

    it('ends a dripping stream at the deadline', async () => {
      const seen = consume(
        make({ deadlineMs: 1000 }).stream(({ signal }) => paced(Array(100).fill(90), signal), call),
      );
      await jest.advanceTimersByTimeAsync(1000);
      expect(seen).toMatchObject({ done: true, error: { code: 'ERR_DEADLINE_EXCEEDED' } });
      expect(seen.items).toHaveLength(11);
    });
  });

  describe('leaving', () => {
    it("ends at once when the caller's signal aborts, also where the work ignores it", async () => {
      const caller = new AbortController();
      const reason = new Error('left');
      const seen = consume(
        make().stream(() => paced([10, 60_000]), { ...call, signal: caller.signal }),
      );
      await jest.advanceTimersByTimeAsync(20);
      caller.abort(reason);
      await jest.advanceTimersByTimeAsync(0);
      expect(seen).toEqual({ items: [0], error: reason, done: true });
      expect(getEventListeners(caller.signal, 'abort')).toHaveLength(0);
      jest.clearAllTimers(); // the work's own
    });

    it('aborts and closes the work when the consumer breaks off', async () => {
      const closed = jest.fn();
      let signal: AbortSignal | undefined;
      const work = async function* (attempt: Attempt) {
        signal = attempt.signal;
        try {
          yield* paced([1, 1, 1], attempt.signal);
        } finally {
          closed();
        }
      };
      const loop = (async () => {
        for await (const item of make().stream(work, call)) if (item === 1) break;
      })();
      await jest.advanceTimersByTimeAsync(100);
      await loop;
      expect(signal?.aborted).toBe(true);
      expect(closed).toHaveBeenCalledTimes(1);
      expect(policy.state().calls).toBe(0);
    });

    it('does not wait for a silent peer when it is destroyed in the middle', async () => {
      let signal: AbortSignal | undefined;
      const readable = Readable.from(
        make().stream((attempt) => {
          signal = attempt.signal;
          return paced([10, 60_000], attempt.signal);
        }, call),
      );
      readable.on('data', () => undefined);
      await jest.advanceTimersByTimeAsync(20);
      readable.destroy();
      await jest.advanceTimersByTimeAsync(0);
      expect(signal?.aborted).toBe(true);
      expect(policy.state().calls).toBe(0);
    });

    it('swallows what a work throws while it is closed', async () => {
      const work = () => ({
        [Symbol.asyncIterator]: () => ({
          next: () => Promise.resolve({ done: false as const, value: 1 }),
          return: () => Promise.reject(new Error('broken return')),
        }),
      });
      for await (const item of make().stream(work, call)) {
        expect(item).toBe(1);
        break;
      }
    });

    it('keeps no listener on a long-lived signal', async () => {
      const longLived = new AbortController();
      make({ tryTimeoutMs: 50, idleTimeoutMs: 50, retries: 1 });
      for (const waits of [[], [1, 1], [100], [1, 100]]) {
        for (let round = 0; round < 5; round++) {
          const seen = consume(
            policy.stream(({ signal }) => paced(waits, signal), {
              idempotent: true,
              signal: longLived.signal,
            }),
          );
          await jest.advanceTimersByTimeAsync(2000);
          expect(seen.done).toBe(true);
          expect(getEventListeners(longLived.signal, 'abort')).toHaveLength(0);
        }
      }
    });

    it('ends with the policy', async () => {
      const seen = consume(make().stream(({ signal }) => paced([10, 60_000], signal), call));
      await jest.advanceTimersByTimeAsync(20);
      policy.close();
      await jest.advanceTimersByTimeAsync(0);
      expect(seen).toMatchObject({ items: [0], error: { code: 'ERR_POLICY_CLOSED' } });
      const refused = consume(policy.stream(() => paced([1]), call));
      await jest.advanceTimersByTimeAsync(0);
      expect(refused.error).toMatchObject({ code: 'ERR_POLICY_CLOSED' });
    });
  });

  describe('breaker', () => {
    const breaker = { volumeThreshold: 4, resetMs: 1000 };

    const broken = async function* () {
      await after(1);
      yield 'first';
      throw new Unavailable('no');
    };

    async function open(): Promise<void> {
      for (let round = 0; round < 4; round++) {
        consume(policy.stream(broken, call));
        await jest.advanceTimersByTimeAsync(2);
      }
    }

    it('opens on streams that break in the middle', async () => {
      make({ breaker });
      await open();
      expect(policy.state()).toMatchObject({ breaker: 'open', reason: 'ERR_PEER_UNREACHABLE' });
      const work = jest.fn(() => paced([1]));
      const seen = consume(policy.stream(work, call));
      await jest.advanceTimersByTimeAsync(10);
      expect(seen.error).toMatchObject({ code: 'ERR_BREAKER_OPEN' });
      expect(work).not.toHaveBeenCalled();
    });

    it('closes at the first item of the probe, for a stream may last', async () => {
      make({ breaker });
      await open();
      await jest.advanceTimersByTimeAsync(1000);
      const probe = consume(policy.stream(({ signal }) => paced([100, 10_000], signal), call));
      await jest.advanceTimersByTimeAsync(50);
      expect(policy.state().breaker).toBe('half-open');
      await jest.advanceTimersByTimeAsync(50);
      expect(policy.state().breaker).toBe('closed');
      await jest.advanceTimersByTimeAsync(10_000);
      expect(probe).toEqual({ items: [0, 1], done: true });
    });

    it('counts nothing for a consumer that leaves', async () => {
      const onAttempt = jest.fn();
      make({ breaker }, { onAttempt });
      for (let round = 0; round < 10; round++) {
        const iterator = policy
          .stream(({ signal }) => paced([1, 1000], signal), call)
          [Symbol.asyncIterator]();
        const first = iterator.next();
        await jest.advanceTimersByTimeAsync(1);
        await first;
        await iterator.return?.();
      }
      expect(policy.state().breaker).toBe('closed');
      expect(onAttempt).toHaveBeenCalledTimes(10);
      expect(onAttempt).toHaveBeenCalledWith(expect.objectContaining({ outcome: 'unknown' }));
    });
  });
});
