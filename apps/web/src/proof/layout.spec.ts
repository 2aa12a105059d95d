import { describe, expect, it } from '@jest/globals';
import { pictureOf } from './layout.js';
import type { VerifiedView } from './view.js';

const picture = (edges: [number, number][], nodes: number, namedBy: number[][]) => {
  const { placed, rows, lines } = pictureOf({
    nodes: Array(nodes).fill({}),
    edges: edges.map(([outer, inner]) => ({ outer, inner })),
    sources: namedBy.map((places) => ({ namedBy: places })),
  } as unknown as VerifiedView);
  return {
    rows,
    placed: placed.map(({ item, row, x }) => [item, row, Math.round(x)]),
    lines: lines.map(({ from, to }) => `${from.item} ${to.item}`),
  };
};

describe('pictureOf', () => {
  it('leads from the person to writer and sources', () => {
    expect(
      picture(
        [
          [0, 1],
          [1, 2],
        ],
        3,
        [[1, 2], [1]],
      ),
    ).toEqual({
      rows: 4,
      placed: [
        ['person', 0, 50],
        [0, 1, 50],
        [1, 2, 50],
        [2, 3, 25],
        ['sources', 3, 75],
      ],
      lines: ['person 0', '0 1', '1 2', '1 sources', '2 sources'],
    });
  });

  it('sets side by side what one was made from', () => {
    const { placed } = picture(
      [
        [0, 1],
        [1, 2],
        [0, 3],
      ],
      4,
      [],
    );
    expect(placed).toEqual([
      ['person', 0, 50],
      [0, 1, 50],
      [1, 2, 25],
      [3, 2, 75],
      [2, 3, 50],
    ]);
  });

  it('has a row for the sources of a lone statement, and none without sources', () => {
    expect(picture([], 1, [[0]])).toMatchObject({ rows: 3, lines: ['person 0', '0 sources'] });
    expect(picture([], 1, [])).toMatchObject({ rows: 2, lines: ['person 0'] });
  });
});
