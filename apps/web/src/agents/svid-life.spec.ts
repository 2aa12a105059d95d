import { describe, expect, it } from '@jest/globals';
import { duration, svidLife } from './svid-life.js';

const life = { notBefore: '2026-07-01T12:00:00Z', notAfter: '2026-07-01T13:00:00Z' };
const at = (minute: number) => Date.parse(life.notBefore) + minute * 60_000;

describe('svidLife', () => {
  it.each([
    [0, { ageMs: 0, rotatesInMs: 1_800_000, progress: 0, expired: false }],
    [15, { ageMs: 900_000, rotatesInMs: 900_000, progress: 0.5, expired: false }],
    [40, { ageMs: 2_400_000, rotatesInMs: 0, progress: 1, expired: false }],
    [61, { ageMs: 3_660_000, rotatesInMs: 0, progress: 1, expired: true }],
    [-5, { ageMs: 0, rotatesInMs: 1_800_000, progress: 0, expired: false }],
  ])('after %d of 60 minutes', (minute, expected) => {
    expect(svidLife(life, at(minute))).toEqual(expected);
  });

  it('takes a validity of nothing for its end', () => {
    expect(svidLife({ ...life, notAfter: life.notBefore }, at(0)).progress).toBe(1);
  });
});

describe('duration', () => {
  it.each([
    [0, '0 s'],
    [45_400, '45 s'],
    [119_000, '119 s'],
    [720_000, '12 min'],
    [12_000_000, '3 h 20 min'],
    [187_200_000, '2 d 4 h'],
  ])('%d ms is %s', (ms, text) => expect(duration(ms)).toBe(text));
});
