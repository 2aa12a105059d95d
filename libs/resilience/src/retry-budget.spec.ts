import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';
import { MeshError } from '@mesh/errors';
import { Policy } from './policy.js';
import { RetryBudget } from './retry-budget.js';

class TooMany extends MeshError {
  readonly code = 'ERR_PEER_UNREACHABLE';

  constructor(retryAfterMs: number) {
    super('planted', { retry: 'safe', retryAfterMs });
  }

  override get status(): number {
    return 429;
  }
}

const budgets = fc.record({
  ratio: fc.integer({ min: 0, max: 1000 }).map((thousandths) => thousandths / 1000),
  reserve: fc.integer({ min: 0, max: 20 }),
});

describe('RetryBudget', () => {
  it('starts with its reserve', () => {
    const budget = new RetryBudget({ ratio: 0, reserve: 2 });
    expect([budget.take(), budget.take(), budget.take()]).toEqual([true, true, false]);
  });

  it('earns a retry with 1 / ratio requests, exactly', () => {
    const budget = new RetryBudget({ ratio: 0.1, reserve: 0 });
    for (let request = 0; request < 9; request++) budget.deposit();
    expect(budget.take()).toBe(false);
    budget.deposit();
    expect(budget.take()).toBe(true);
  });

  it('saves no more than its reserve up, given back ones included', () => {
    const budget = new RetryBudget({ ratio: 1, reserve: 2 });
    for (let request = 0; request < 100; request++) budget.deposit();
    budget.giveBack();
    expect(budget.available).toBe(2);
  });

  it('keeps its bound over every stretch of requests and retries', () => {
    fc.assert(
      fc.property(
        budgets,
        fc.array(fc.constantFrom<'request' | 'retry'>('request', 'retry'), { maxLength: 300 }),
        fc.nat(300),
        (options, events, from) => {
          const budget = new RetryBudget(options);
          let requests = 0;
          let retries = 0;
          for (const [index, event] of events.entries()) {
            if (event === 'request') budget.deposit();
            const taken = event === 'retry' && budget.take();
            if (index < from) continue;
            if (event === 'request') requests++;
            if (taken) retries++;
          }
          const saved = from === 0 ? options.reserve : Math.max(1, options.reserve);
          expect(retries).toBeLessThanOrEqual(requests * options.ratio + saved + 1e-9);
        },
      ),
    );
  });
});

describe('a storm of 429', () => {
  beforeEach(() => {
    jest.useFakeTimers();
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  it('costs at most requests * (1 + ratio) + reserve tries', async () => {
    await fc.assert(
      fc.asyncProperty(
        budgets,
        fc.integer({ min: 0, max: 10 }),
        fc.array(
          fc.record({
            pauseMs: fc.integer({ min: 0, max: 300 }),
            retryAfterMs: fc.integer({ min: 0, max: 1000 }),
            succeeds: fc.boolean(),
            stream: fc.boolean(),
            leavesAfterMs: fc.option(fc.integer({ min: 0, max: 500 })),
          }),
          { minLength: 1, maxLength: 30 },
        ),
        fc.infiniteStream(fc.double({ min: 0, max: 0.999, noNaN: true })),
        async (retryBudget, retries, requests, randoms) => {
          const policy = new Policy(
            'storm',
            // The breaker would only lower the number.
            { retries, retryBudget, breaker: { volumeThreshold: 10_000 } },
            {},
            () => randoms.next().value ?? 0,
          );
          let tries = 0;
          const settled: Promise<unknown>[] = [];
          for (const { pauseMs, retryAfterMs, succeeds, stream, leavesAfterMs } of requests) {
            const caller = new AbortController();
            const call = { idempotent: true, signal: caller.signal };
            const work = async () => {
              tries++;
              await Promise.resolve();
              if (!succeeds) throw new TooMany(retryAfterMs);
            };
            const streamed = async () => {
              for await (const item of policy.stream(async function* () {
                yield await work();
              }, call)) {
                expect(item).toBeUndefined();
              }
            };
            settled.push((stream ? streamed() : policy.execute(work, call)).catch(() => undefined));
            if (leavesAfterMs !== null) setTimeout(() => caller.abort(), leavesAfterMs);
            await jest.advanceTimersByTimeAsync(pauseMs);
          }
          await jest.advanceTimersByTimeAsync(60_000);
          await Promise.all(settled);
          policy.close();
          expect(jest.getTimerCount()).toBe(0);
          expect(tries).toBeLessThanOrEqual(
            requests.length * (1 + retryBudget.ratio) + retryBudget.reserve + 1e-9,
          );
        },
      ),
      { numRuns: 60 },
    );
  });
});
