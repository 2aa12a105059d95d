import { describe, expect, it } from '@jest/globals';
import { partsOf } from './parts.js';

const shown = (ranges: [number, number][]) =>
  partsOf(
    '0123456789',
    ranges.map(([start, end]) => ({ start, end })),
  ).map(({ text, quoted }) => (quoted ? `(${text})` : text));

describe('partsOf', () => {
  it('marks what is quoted', () => {
    expect(shown([])).toEqual(['0123456789']);
    expect(shown([[2, 4]])).toEqual(['01', '(23)', '456789']);
    expect(shown([[0, 10]])).toEqual(['(0123456789)']);
  });

  it('takes ranges in any order, side by side, and over one another', () => {
    expect(
      shown([
        [6, 8],
        [2, 4],
      ]),
    ).toEqual(['01', '(23)', '45', '(67)', '89']);
    expect(
      shown([
        [2, 6],
        [3, 5],
        [4, 8],
      ]),
    ).toEqual(['01', '(2345)', '(67)', '89']);
  });
});
