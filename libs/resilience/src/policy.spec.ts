import { getEventListeners } from 'node:events';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { MeshError, type ErrorCode, type MeshErrorOptions } from '@mesh/errors';
import type { Attempt } from './attempt.js';
import type { PolicySettings } from './policy-options.js';
import { Policy, type Call, type PolicyHooks } from './policy.js';

class TestError extends MeshError {
  constructor(
    readonly code: ErrorCode,
    options?: MeshErrorOptions,
  ) {
    super('planted', options);
  }
}

const unavailable = (options?: MeshErrorOptions) => new TestError('ERR_PEER_UNREACHABLE', options);
const overloaded = (retryAfterMs?: number) =>
  new TestError('ERR_PEER_UNREACHABLE', {
    retry: 'safe',
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  });
const badRequest = () => new TestError('ERR_BODY_INVALID');

const idempotent: Call = { idempotent: true };
const once: Call = { idempotent: false };

const policies: Policy[] = [];
function policy(
  settings: PolicySettings = {},
  hooks?: PolicyHooks,
  random: () => number = () => 0.5,
): Policy {
  const made = new Policy('gemini', settings, hooks, random);
  policies.push(made);
  return made;
}

/** Rejects when its signal aborts, as a well-behaved client does. */
function hang({ signal }: Attempt): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
  });
}

/** The outcome so far of a promise, without waiting for it. */
function watch<T>(promise: Promise<T>): { value?: T; error?: unknown; settled: boolean } {
  const seen: { value?: T; error?: unknown; settled: boolean } = { settled: false };
  promise.then(
    (value) => Object.assign(seen, { value, settled: true }),
    (error: unknown) => Object.assign(seen, { error, settled: true }),
  );
  return seen;
}

const unhandled = jest.fn();

beforeEach(() => {
  jest.useFakeTimers();
  unhandled.mockClear();
  process.on('unhandledRejection', unhandled);
});

afterEach(async () => {
  for (const made of policies.splice(0)) made.close();
  await jest.advanceTimersByTimeAsync(0);
  expect(jest.getTimerCount()).toBe(0);
  jest.useRealTimers();
  await new Promise((resolve) => setImmediate(resolve));
  process.off('unhandledRejection', unhandled);
  expect(unhandled).not.toHaveBeenCalled();
});

describe('Policy.execute', () => {
  it('returns the result of the work', async () => {
    const work = jest.fn(({ number }: Attempt) => Promise.resolve(`try ${number}`));
    await expect(policy().execute(work, once)).resolves.toBe('try 1');
    expect(work).toHaveBeenCalledTimes(1);
  });

  it("rejects with the work's own error, thrown or rejected", async () => {
    const error = badRequest();
    await expect(policy().execute(() => Promise.reject(error), idempotent)).rejects.toBe(error);
    const thrower = () => {
      throw error;
    };
    await expect(policy().execute(thrower, idempotent)).rejects.toBe(error);
  });

  describe('deadline', () => {
    it('ends a hang at the deadline of the policy', async () => {
      const seen = watch(
        policy({ deadlineMs: 500 }).execute(() => new Promise(() => undefined), once),
      );
      await jest.advanceTimersByTimeAsync(499);
      expect(seen.settled).toBe(false);
      await jest.advanceTimersByTimeAsync(1);
      expect(seen.error).toMatchObject({ code: 'ERR_DEADLINE_EXCEEDED', status: 504 });
    });

    it("ends it at the call's deadline when that is earlier, and aborts the work", async () => {
      let signal: AbortSignal | undefined;
      const seen = watch(
        policy({ deadlineMs: 500 }).execute(
          (attempt) => {
            signal = attempt.signal;
            return hang(attempt);
          },
          { ...once, deadline: Date.now() + 200 },
        ),
      );
      await jest.advanceTimersByTimeAsync(200);
      expect(seen.error).toMatchObject({ code: 'ERR_DEADLINE_EXCEEDED' });
      expect(signal?.reason).toBe(seen.error);
    });

    it("keeps its own when the call's is later", async () => {
      const seen = watch(
        policy({ deadlineMs: 500 }).execute(hang, { ...once, deadline: Date.now() + 60_000 }),
      );
      await jest.advanceTimersByTimeAsync(500);
      expect(seen.error).toMatchObject({ code: 'ERR_DEADLINE_EXCEEDED' });
    });

    it('sends nothing when it has passed', async () => {
      const work = jest.fn(hang);
      await expect(policy().execute(work, { ...once, deadline: Date.now() })).rejects.toMatchObject(
        { code: 'ERR_DEADLINE_EXCEEDED' },
      );
      expect(work).not.toHaveBeenCalled();
    });

    it('drops what settles late, good or bad', async () => {
      const late = jest.fn();
      const results = [
        policy({ deadlineMs: 100 }).execute(
          () => new Promise((_, reject) => setTimeout(() => reject(new Error('late')), 300)),
          once,
        ),
        policy({ deadlineMs: 100 }).execute(
          () => new Promise<void>((resolve) => setTimeout(() => resolve(late() as undefined), 300)),
          once,
        ),
      ].map(watch);
      await jest.advanceTimersByTimeAsync(1000);
      expect(late).toHaveBeenCalled();
      for (const seen of results)
        expect(seen.error).toMatchObject({ code: 'ERR_DEADLINE_EXCEEDED' });
    });
  });

  describe('timeout of a try', () => {
    it('is final for a call that is not idempotent', async () => {
      const work = jest.fn(hang);
      const seen = watch(policy({ tryTimeoutMs: 100 }).execute(work, once));
      await jest.advanceTimersByTimeAsync(100);
      expect(seen.error).toMatchObject({ code: 'ERR_TRY_TIMEOUT', policy: 'gemini', status: 504 });
      expect(work).toHaveBeenCalledTimes(1);
    });

    it('leads to another try of an idempotent one, each with its own signal', async () => {
      const signals: AbortSignal[] = [];
      const seen = watch(
        policy({ tryTimeoutMs: 100 }).execute((attempt) => {
          signals.push(attempt.signal);
          return attempt.number === 1 ? hang(attempt) : Promise.resolve('second');
        }, idempotent),
      );
      await jest.advanceTimersByTimeAsync(100 + 50);
      expect(seen.value).toBe('second');
      expect(signals.map(({ aborted }) => aborted)).toEqual([true, false]);
    });
  });

  describe('retries', () => {
    it.each<[string, () => Error, Call, number]>([
      ['refused before it was processed', () => unavailable({ retry: 'safe' }), once, 3],
      [
        'perhaps processed, idempotent',
        () => unavailable({ retry: 'if-idempotent' }),
        idempotent,
        3,
      ],
      ['perhaps processed, not idempotent', () => unavailable({ retry: 'if-idempotent' }), once, 1],
      ['final', () => unavailable({ retry: 'no' }), idempotent, 1],
      ['a foreign network error', () => sysError('ECONNRESET'), idempotent, 1],
      ['a bug', () => new TypeError('x is undefined'), idempotent, 1],
    ])('%s', async (_, failure, call, tries) => {
      const work = jest.fn(() => Promise.reject(failure()));
      const seen = watch(policy({ retries: 2 }).execute(work, call));
      await jest.advanceTimersByTimeAsync(10_000);
      expect(seen.error).toMatchObject({ message: failure().message });
      expect(work).toHaveBeenCalledTimes(tries);
    });

    it('succeeds once a retry does', async () => {
      const seen = watch(
        policy().execute(
          ({ number }) => (number < 3 ? Promise.reject(overloaded()) : Promise.resolve(number)),
          once,
        ),
      );
      await jest.advanceTimersByTimeAsync(5000);
      expect(seen.value).toBe(3);
    });

    it('waits a random share of an exponentially growing time, up to its limit', async () => {
      const delays: number[] = [];
      const onRetry: PolicyHooks['onRetry'] = ({ delayMs }) => delays.push(delayMs);
      const settings = { retries: 5, backoffBaseMs: 100, backoffMaxMs: 500 };
      const work = () => Promise.reject(overloaded());
      for (const share of [0.5, 0, 0.999]) {
        const seen = watch(policy(settings, { onRetry }, () => share).execute(work, once));
        await jest.advanceTimersByTimeAsync(10_000);
        expect(seen.settled).toBe(true);
      }
      expect(delays.slice(0, 5)).toEqual([50, 100, 200, 250, 250]);
      expect(delays.slice(5, 10)).toEqual([0, 0, 0, 0, 0]);
      expect(delays.slice(10)).toEqual([100, 200, 400, 500, 500]);
    });

    it('waits at least as long as it was asked to', async () => {
      const work = jest.fn(({ number }: Attempt) =>
        number === 1 ? Promise.reject(overloaded(3000)) : Promise.resolve('ok'),
      );
      const seen = watch(policy({}, {}, () => 0).execute(work, once));
      await jest.advanceTimersByTimeAsync(2999);
      expect(work).toHaveBeenCalledTimes(1);
      await jest.advanceTimersByTimeAsync(1);
      expect(seen.value).toBe('ok');
    });

    it.each([5000, 60_000, Infinity, NaN])(
      'gives up at once when asked to wait %d ms, beyond the deadline',
      async (retryAfterMs) => {
        const error = overloaded(retryAfterMs);
        await expect(
          policy({ deadlineMs: 5000 }, {}, () => 0).execute(() => Promise.reject(error), once),
        ).rejects.toBe(error);
      },
    );

    it('never starts a try after the deadline', async () => {
      const work = jest.fn(() => Promise.reject(overloaded()));
      const seen = watch(
        policy({ deadlineMs: 160, retries: 10, backoffBaseMs: 100 }).execute(work, once),
      );
      await jest.advanceTimersByTimeAsync(10_000);
      // After 50 and 150 ms; the next wait of 200 ms would end at 350.
      expect(work).toHaveBeenCalledTimes(3);
      expect(seen.error).toMatchObject({ code: 'ERR_PEER_UNREACHABLE' });
    });
  });

  describe('retry budget', () => {
    it('stops retries when spent, and says so', async () => {
      const onBudgetExhausted = jest.fn();
      const limited = policy(
        {
          retries: 1,
          retryBudget: { ratio: 0.5, reserve: 2 },
          breaker: { volumeThreshold: 10_000 },
        },
        { onBudgetExhausted },
      );
      const work = jest.fn(() => Promise.reject(overloaded()));
      for (let request = 0; request < 10; request++) {
        watch(limited.execute(work, once));
        await jest.advanceTimersByTimeAsync(100);
      }
      // 2 in reserve; the bucket is full at the first request, the other nine add a half each.
      expect(work).toHaveBeenCalledTimes(10 + 2 + 4);
      expect(onBudgetExhausted).toHaveBeenCalledTimes(4);
      expect(limited.state().retriesLeft).toBe(0);
    });

    it('takes back a retry that was not sent', async () => {
      const limited = policy({ retryBudget: { ratio: 0, reserve: 1 } });
      const leaving = new AbortController();
      watch(
        limited.execute(() => Promise.reject(overloaded()), { ...once, signal: leaving.signal }),
      );
      await jest.advanceTimersByTimeAsync(10);
      expect(limited.state().retriesLeft).toBe(0);
      leaving.abort();
      await jest.advanceTimersByTimeAsync(0);
      expect(limited.state().retriesLeft).toBe(1);
    });
  });

  describe("the caller's signal", () => {
    it('sends nothing when it is aborted before', async () => {
      const work = jest.fn(hang);
      const reason = new Error('left');
      await expect(
        policy().execute(work, { ...once, signal: AbortSignal.abort(reason) }),
      ).rejects.toBe(reason);
      expect(work).not.toHaveBeenCalled();
    });

    it('ends a try at once, also one that ignores its signal', async () => {
      const caller = new AbortController();
      const reason = new Error('left');
      let signal: AbortSignal | undefined;
      const seen = watch(
        policy().execute(
          (attempt) => {
            signal = attempt.signal;
            return new Promise(() => undefined);
          },
          { ...idempotent, signal: caller.signal },
        ),
      );
      await jest.advanceTimersByTimeAsync(10);
      caller.abort(reason);
      await jest.advanceTimersByTimeAsync(0);
      expect(seen.error).toBe(reason);
      expect(signal?.reason).toBe(reason);
    });

    it('ends the wait before a retry at once', async () => {
      const caller = new AbortController();
      const work = jest.fn(() => Promise.reject(overloaded(5000)));
      const seen = watch(policy().execute(work, { ...once, signal: caller.signal }));
      await jest.advanceTimersByTimeAsync(10);
      caller.abort(new Error('left'));
      await jest.advanceTimersByTimeAsync(0);
      expect(seen.error).toMatchObject({ message: 'left' });
      await jest.advanceTimersByTimeAsync(60_000);
      expect(work).toHaveBeenCalledTimes(1);
    });

    it('is not retried for a reason that looks retryable', async () => {
      const caller = new AbortController();
      const work = jest.fn(hang);
      const reason = overloaded();
      const seen = watch(policy().execute(work, { ...once, signal: caller.signal }));
      caller.abort(reason);
      await jest.advanceTimersByTimeAsync(60_000);
      expect(seen.error).toBe(reason);
      expect(work).toHaveBeenCalledTimes(1);
    });

    it('carries no listener beyond a call, and at most one during it', async () => {
      const longLived = new AbortController();
      const shared = policy({ tryTimeoutMs: 50, deadlineMs: 200 });
      const listeners = () => getEventListeners(longLived.signal, 'abort').length;
      const works: ((attempt: Attempt) => Promise<unknown>)[] = [
        () => Promise.resolve('ok'),
        () => Promise.reject(badRequest()),
        () => Promise.reject(overloaded()),
        hang,
      ];
      for (let round = 0; round < 40; round++) {
        const seen = watch(
          shared.execute(works[round % 4]!, { ...idempotent, signal: longLived.signal }),
        );
        expect(listeners()).toBeLessThanOrEqual(1);
        await jest.advanceTimersByTimeAsync(1000);
        expect(seen.settled).toBe(true);
        expect(listeners()).toBe(0);
      }
      expect(shared.state().calls).toBe(0);
    });
  });

  describe('close', () => {
    it('ends calls under way and refuses new ones', async () => {
      const closing = policy();
      const seen = watch(closing.execute(hang, once));
      expect(closing.state().calls).toBe(1);
      closing.close();
      closing.close();
      await jest.advanceTimersByTimeAsync(0);
      expect(seen.error).toMatchObject({ code: 'ERR_POLICY_CLOSED', retry: 'if-idempotent' });
      await expect(closing.execute(hang, once)).rejects.toMatchObject({
        code: 'ERR_POLICY_CLOSED',
        retry: 'safe',
      });
      expect(closing.state().calls).toBe(0);
    });
  });

  it('reports each try', async () => {
    const onAttempt = jest.fn();
    const seen = watch(
      policy({}, { onAttempt }).execute(async ({ number }) => {
        await new Promise((resolve) => setTimeout(resolve, 20));
        if (number === 1) throw overloaded();
        if (number === 2) throw badRequest();
      }, once),
    );
    await jest.advanceTimersByTimeAsync(1000);
    expect(seen.error).toMatchObject({ code: 'ERR_BODY_INVALID' });
    expect(onAttempt.mock.calls).toEqual([
      [{ attempt: 1, outcome: 'failure', durationMs: 20, code: 'ERR_PEER_UNREACHABLE' }],
      [{ attempt: 2, outcome: 'refused', durationMs: 20, code: 'ERR_BODY_INVALID' }],
    ]);
  });

  it.each(['', 'Gemini', 'a b', '-a', 'x'.repeat(65)])('refuses the name %j', (name) => {
    expect(() => new Policy(name)).toThrow(
      expect.objectContaining({ code: 'ERR_POLICY_OPTION_INVALID' }),
    );
  });
});

describe('the breaker of a Policy', () => {
  const settings = {
    retries: 0,
    breaker: { volumeThreshold: 4, resetMs: 1000, rollingMs: 10_000, errorThresholdPercent: 50 },
  } satisfies PolicySettings;

  async function fail(target: Policy, times: number, failure: () => Error = unavailable) {
    for (let time = 0; time < times; time++) {
      await target.execute(() => Promise.reject(failure()), once).catch(() => undefined);
    }
  }

  it('opens on failures, refuses without a call, and closes again after a good probe', async () => {
    const onBreaker = jest.fn();
    const guarded = policy(settings, { onBreaker });
    await fail(guarded, 3);
    expect(guarded.state()).toMatchObject({ breaker: 'closed', reason: undefined });
    await fail(guarded, 1);
    expect(guarded.state()).toMatchObject({
      breaker: 'open',
      reason: 'ERR_PEER_UNREACHABLE',
      retryAt: new Date(Date.now() + 1000),
    });

    const work = jest.fn(() => Promise.resolve('ok'));
    await jest.advanceTimersByTimeAsync(400);
    await expect(guarded.execute(work, once)).rejects.toMatchObject({
      code: 'ERR_BREAKER_OPEN',
      status: 503,
      retry: 'safe',
      retryAfterMs: 600,
    });
    expect(work).not.toHaveBeenCalled();

    await jest.advanceTimersByTimeAsync(600);
    expect(guarded.state()).toMatchObject({ breaker: 'half-open', reason: 'ERR_PEER_UNREACHABLE' });
    await expect(guarded.execute(work, once)).resolves.toBe('ok');
    expect(guarded.state()).toMatchObject({ breaker: 'closed', reason: undefined });
    expect(onBreaker.mock.calls).toEqual([
      ['open', 'ERR_PEER_UNREACHABLE'],
      ['half-open', 'ERR_PEER_UNREACHABLE'],
      ['closed', undefined],
    ]);
  });

  it('opens again after a bad probe', async () => {
    const guarded = policy(settings);
    await fail(guarded, 4);
    await jest.advanceTimersByTimeAsync(1000);
    await fail(guarded, 1);
    expect(guarded.state().breaker).toBe('open');
    await jest.advanceTimersByTimeAsync(1000);
    expect(guarded.state().breaker).toBe('half-open');
  });

  it('lets one probe through at a time', async () => {
    const guarded = policy(settings);
    await fail(guarded, 4);
    await jest.advanceTimersByTimeAsync(1000);
    let finish: (value: string) => void = () => undefined;
    const probe = watch(
      guarded.execute(() => new Promise<string>((resolve) => (finish = resolve)), once),
    );
    await expect(guarded.execute(hang, once)).rejects.toMatchObject({ code: 'ERR_BREAKER_OPEN' });
    finish('ok');
    await jest.advanceTimersByTimeAsync(0);
    expect(probe.value).toBe('ok');
    expect(guarded.state().breaker).toBe('closed');
  });

  it('learns nothing from a probe whose caller leaves, and lets the next one through', async () => {
    const guarded = policy(settings);
    await fail(guarded, 4);
    await jest.advanceTimersByTimeAsync(1000);
    const caller = new AbortController();
    watch(guarded.execute(hang, { ...once, signal: caller.signal }));
    caller.abort();
    await jest.advanceTimersByTimeAsync(0);
    expect(guarded.state().breaker).toBe('half-open');
    await expect(guarded.execute(() => Promise.resolve('ok'), once)).resolves.toBe('ok');
    expect(guarded.state().breaker).toBe('closed');
  });

  it('is not moved by calls that began before it opened', async () => {
    const guarded = policy(settings);
    const finish: ((how: 'good' | 'bad') => void)[] = [];
    const old = () =>
      guarded
        .execute(
          () =>
            new Promise<void>((resolve, reject) =>
              finish.push((how) => (how === 'good' ? resolve() : reject(unavailable()))),
            ),
          once,
        )
        .catch(() => undefined);
    const calls = [old(), old()];
    await fail(guarded, 4);
    await jest.advanceTimersByTimeAsync(1000);
    expect(guarded.state().breaker).toBe('half-open');
    finish[0]?.('good');
    finish[1]?.('bad');
    await Promise.all(calls);
    expect(guarded.state().breaker).toBe('half-open');
  });

  it.each<[string, () => Error]>([
    ['status 503', () => unavailable()],
    ['status 502', () => new TestError('ERR_PEER_FAILED')],
    ['a network error', () => sysError('ECONNREFUSED')],
    ['an error of undici', () => sysError('UND_ERR_SOCKET')],
    ['a failed fetch', () => new TypeError('fetch failed', { cause: sysError('ENOTFOUND') })],
    ['429', () => new StatusError(429)],
  ])('counts %s', async (_, failure) => {
    const guarded = policy(settings);
    await fail(guarded, 4, failure);
    expect(guarded.state().breaker).toBe('open');
  });

  it.each<[string, () => Error]>([
    ['status 400', badRequest],
    ['status 404', () => new StatusError(404)],
    ['a bug', () => new TypeError('x is undefined')],
    ['a 502 that says the peer is well', () => new VerdictError('refused')],
    ['a 502 that says the peer was not reached', () => new VerdictError('unknown')],
  ])('does not count %s', async (_, failure) => {
    const guarded = policy(settings);
    await fail(guarded, 20, failure);
    expect(guarded.state().breaker).toBe('closed');
  });

  it('counts a 400 that says the peer is broken', async () => {
    const guarded = policy(settings);
    await fail(guarded, 4, () => new VerdictError('failure'));
    expect(guarded.state().breaker).toBe('open');
  });

  it('does not count callers that leave', async () => {
    const guarded = policy(settings);
    for (let round = 0; round < 20; round++) {
      const caller = new AbortController();
      watch(guarded.execute(hang, { ...once, signal: caller.signal }));
      caller.abort();
      await jest.advanceTimersByTimeAsync(0);
    }
    expect(guarded.state().breaker).toBe('closed');
  });

  it('counts tries that time out', async () => {
    const guarded = policy({ ...settings, tryTimeoutMs: 100 });
    for (let round = 0; round < 4; round++) {
      watch(guarded.execute(hang, once));
      await jest.advanceTimersByTimeAsync(100);
    }
    expect(guarded.state()).toMatchObject({ breaker: 'open', reason: 'ERR_TRY_TIMEOUT' });
  });

  it('counts deadlines that left the peer a fair time, whoever noticed first', async () => {
    const guarded = policy({ ...settings, tryTimeoutMs: 1000 });
    for (let round = 0; round < 4; round++) {
      const caller = new AbortController();
      setTimeout(() => caller.abort(new Error('deadline')), 500);
      const deadline = Date.now() + 500;
      watch(guarded.execute(hang, { ...once, deadline, signal: caller.signal }));
      await jest.advanceTimersByTimeAsync(500);
    }
    expect(guarded.state().breaker).toBe('open');
  });

  it('does not count deadlines that were too short to answer in', async () => {
    const guarded = policy({ ...settings, tryTimeoutMs: 1000 });
    for (let round = 0; round < 20; round++) {
      watch(guarded.execute(hang, { ...once, deadline: Date.now() + 5 }));
      await jest.advanceTimersByTimeAsync(5);
    }
    expect(guarded.state().breaker).toBe('closed');
  });

  it('stays closed below its threshold', async () => {
    const guarded = policy(settings);
    for (let round = 0; round < 20; round++) {
      await guarded.execute(() => Promise.resolve(), once);
      await fail(guarded, 1);
    }
    expect(guarded.state().breaker).toBe('closed');
  });

  it('forgets what is older than its window', async () => {
    const guarded = policy(settings);
    await fail(guarded, 3);
    await jest.advanceTimersByTimeAsync(11_000);
    await fail(guarded, 3);
    expect(guarded.state().breaker).toBe('closed');
  });

  it('ends retries when it opens, with the error of the peer', async () => {
    const guarded = policy({ ...settings, retries: 10 });
    const work = jest.fn(() => Promise.reject(overloaded()));
    const seen = watch(guarded.execute(work, once));
    // At 0, 50, 150 and 350 ms; then it does not even wait.
    await jest.advanceTimersByTimeAsync(350);
    expect(work).toHaveBeenCalledTimes(4);
    expect(seen.error).toMatchObject({ code: 'ERR_PEER_UNREACHABLE' });
  });

  it('gives the retry back when others opened it meanwhile', async () => {
    const guarded = policy({ ...settings, retries: 1 });
    const seen = watch(guarded.execute(() => Promise.reject(overloaded(500)), once));
    await jest.advanceTimersByTimeAsync(10);
    await fail(guarded, 3);
    const { retriesLeft } = guarded.state();
    await jest.advanceTimersByTimeAsync(900);
    expect(seen.error).toMatchObject({ code: 'ERR_PEER_UNREACHABLE', retryAfterMs: 500 });
    expect(guarded.state().retriesLeft).toBe(retriesLeft + 1);
  });
});

function sysError(code: string): Error {
  return Object.assign(new Error(`planted ${code}`), { code });
}

class StatusError extends TestError {
  constructor(private readonly planted: number) {
    super('ERR_PEER_FAILED');
  }

  override get status(): number {
    return this.planted;
  }
}

class VerdictError extends TestError {
  constructor(readonly peerVerdict: 'failure' | 'refused' | 'unknown') {
    super(peerVerdict === 'failure' ? 'ERR_BODY_INVALID' : 'ERR_PEER_FAILED');
  }
}
