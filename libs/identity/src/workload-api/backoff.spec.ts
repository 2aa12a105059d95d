import { describe, expect, it } from '@jest/globals';
import { backoffMs } from './backoff.js';

const options = { baseMs: 500, maxMs: 30_000 };

describe('backoffMs', () => {
  it('doubles up to the limit', () => {
    const waits = [0, 1, 2, 3, 6, 1000].map((retry) => backoffMs(options, retry, () => 1));
    expect(waits).toEqual([500, 1000, 2000, 4000, 30_000, 30_000]);
  });

  it('is between half and all of it', () => {
    expect(backoffMs(options, 1, () => 0)).toBe(500);
    expect(backoffMs(options, 1, () => 0.5)).toBe(750);
  });
});
