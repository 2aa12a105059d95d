import { describe, expect, it } from '@jest/globals';
import { AttemptLimit } from './attempt-limit.js';

describe('AttemptLimit', () => {
  const fail = (limit: AttemptLimit, name: string, times: number) => {
    for (let i = 0; i < times; i++) limit.failed(name);
  };

  it('lets four mistakes pass and stops at the fifth, that account alone', () => {
    const limit = new AttemptLimit(() => 0);
    fail(limit, 'reader', 4);
    expect(limit.waitSeconds('reader')).toBe(0);
    fail(limit, 'reader', 1);
    expect(limit.waitSeconds('reader')).toBe(60);
    expect(limit.waitSeconds('admin')).toBe(0);
  });

  it('lets it try again after a minute, from the start', () => {
    let now = 0;
    const limit = new AttemptLimit(() => now);
    fail(limit, 'reader', 5);
    now = 59_001;
    expect(limit.waitSeconds('reader')).toBe(1);
    now = 60_000;
    expect(limit.waitSeconds('reader')).toBe(0);
    fail(limit, 'reader', 4);
    expect(limit.waitSeconds('reader')).toBe(0);
  });

  it('forgets mistakes at a success', () => {
    const limit = new AttemptLimit(() => 0);
    fail(limit, 'reader', 4);
    limit.succeeded('reader');
    fail(limit, 'reader', 4);
    expect(limit.waitSeconds('reader')).toBe(0);
  });
});
