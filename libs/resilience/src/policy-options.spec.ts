import { describe, expect, it } from '@jest/globals';
import { parsePolicyOptions, type PolicySettings } from './policy-options.js';

const parse = (settings: unknown) => parsePolicyOptions('gemini', settings as PolicySettings);

/** Nested settings with one option set: `set('breaker.resetMs', 5)` is `{ breaker: { resetMs: 5 } }`. */
function set(path: string, value: unknown): unknown {
  return path.split('.').reduceRight<unknown>((inner, key) => ({ [key]: inner }), value);
}

describe('parsePolicyOptions', () => {
  it('fills in the defaults', () => {
    expect(parse({})).toEqual({
      deadlineMs: 30_000,
      tryTimeoutMs: 10_000,
      idleTimeoutMs: 15_000,
      retries: 2,
      backoffBaseMs: 100,
      backoffMaxMs: 2000,
      retryBudget: { ratio: 0.2, reserve: 10 },
      breaker: {
        errorThresholdPercent: 50,
        volumeThreshold: 10,
        resetMs: 10_000,
        rollingMs: 10_000,
      },
    });
    expect(parse({ retries: undefined }).retries).toBe(2);
  });

  it('keeps the rest of a group of which one is set', () => {
    expect(parse({ retryBudget: { ratio: 0 } }).retryBudget).toEqual({ ratio: 0, reserve: 10 });
  });

  describe.each<[string, number, number]>([
    ['deadlineMs', 1, 600_000],
    ['tryTimeoutMs', 1, 600_000],
    ['idleTimeoutMs', 1, 600_000],
    ['retries', 0, 10],
    ['backoffBaseMs', 1, 2000],
    ['backoffMaxMs', 100, 60_000],
    ['retryBudget.ratio', 0, 1],
    ['retryBudget.reserve', 0, 1000],
    ['breaker.errorThresholdPercent', 1, 99],
    ['breaker.volumeThreshold', 1, 10_000],
    ['breaker.resetMs', 10, 600_000],
    ['breaker.rollingMs', 100, 600_000],
  ])('%s', (option, min, max) => {
    it.each([min, max])('accepts %d', (value) => {
      expect(parse(set(option, value))).toMatchObject(set(option, value) as object);
    });

    it.each([min - 1, max + 60_000, NaN, Infinity, String(min), null, true])(
      'refuses %p',
      (value) => {
        expect(() => parse(set(option, value))).toThrow(
          expect.objectContaining({
            code: 'ERR_POLICY_OPTION_INVALID',
            message: expect.stringContaining(option),
          }),
        );
      },
    );
  });

  it('refuses a fraction where a whole number is asked for', () => {
    expect(() => parse({ retries: 1.5 })).toThrow(
      expect.objectContaining({ code: 'ERR_POLICY_OPTION_INVALID' }),
    );
  });

  it.each(['retires', 'toString', 'breaker.reset', 'retryBudget.rate'])(
    'refuses the unknown option %s',
    (option) => {
      expect(() => parse(set(option, 1))).toThrow(
        expect.objectContaining({
          code: 'ERR_POLICY_OPTION_INVALID',
          message: expect.stringContaining(option),
        }),
      );
    },
  );

  it.each([{ breaker: 5 }, { breaker: [] }, { retryBudget: null }, { retryBudget: 'x' }])(
    'refuses %j',
    (settings) => {
      expect(() => parse(settings)).toThrow(
        expect.objectContaining({ code: 'ERR_POLICY_OPTION_INVALID' }),
      );
    },
  );

  it('refuses a longest backoff below the first', () => {
    expect(() => parse({ backoffBaseMs: 500, backoffMaxMs: 499 })).toThrow(
      expect.objectContaining({
        code: 'ERR_POLICY_OPTION_INVALID',
        message: expect.stringContaining('backoffMaxMs'),
      }),
    );
    expect(parse({ backoffBaseMs: 500, backoffMaxMs: 500 }).backoffMaxMs).toBe(500);
  });
});
