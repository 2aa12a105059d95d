import { describe, expect, it } from '@jest/globals';
import { choose } from './ranking.js';

const of = (document: string, section: string, score: number) => ({ document, section, score });

describe('choose', () => {
  it('keeps the order of the scores', () => {
    const candidates = [of('a', 'a1', 3), of('b', 'b1', 2), of('c', 'c1', 1)];
    expect(choose(candidates, 2)).toEqual(candidates.slice(0, 2));
  });

  it('takes three passages of a section at most', () => {
    const same = [10, 9, 8, 7, 6].map((score) => of('a', 'a1', score));
    expect(choose([...same, of('b', 'b1', 2)], 5).map(({ score }) => score)).toEqual([10, 9, 8, 2]);
  });

  it('prefers another document where the scores are near', () => {
    const candidates = [of('a', 'a1', 10), of('a', 'a2', 9.5), of('b', 'b1', 9.4)];
    expect(choose(candidates, 2).map(({ document }) => document)).toEqual(['a', 'b']);
    expect(choose([of('a', 'a1', 10), of('a', 'a2', 9.5), of('b', 'b1', 5)], 2)[1]?.document).toBe(
      'a',
    );
  });

  it('leaves out what shares a stray word alone', () => {
    expect(choose([of('a', 'a1', 100), of('b', 'b1', 7)], 6)).toHaveLength(1);
    expect(choose([], 6)).toEqual([]);
  });
});
