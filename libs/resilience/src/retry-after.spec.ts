import { describe, expect, it } from '@jest/globals';
import { parseRetryAfter } from './retry-after.js';

const now = Date.parse('2026-03-01T12:00:00Z');

describe('parseRetryAfter', () => {
  it.each<[string, number]>([
    ['0', 0],
    ['120', 120_000],
    [' 5 ', 5000],
    ['Sun, 01 Mar 2026 12:00:30 GMT', 30_000],
    ['Sun, 01 Mar 2026 11:00:00 GMT', 0],
  ])('reads %j', (header, expected) => {
    expect(parseRetryAfter(header, now)).toBe(expected);
  });

  it.each([
    undefined,
    null,
    ['1', '2'],
    '',
    '-1',
    '1.5',
    '1e3',
    '2026-03-01',
    'soon',
    '9'.repeat(20),
    'Sun, 99 Mar 2026 12:00:30 GMT',
  ])('takes %j for absent', (header) => {
    expect(parseRetryAfter(header, now)).toBeUndefined();
  });
});
