import type { VerifiedView } from './view.js';

/** What stands in the picture: the person, a statement by its place, or all sources. */
export type Item = 'person' | 'sources' | number;

export interface Placed {
  readonly item: Item;
  /** Row from the top, and centre in percent of the width. */
  readonly row: number;
  readonly x: number;
}

export interface Picture {
  readonly placed: readonly Placed[];
  readonly rows: number;
  /** From what was made, to what it was made from. */
  readonly lines: readonly { readonly from: Placed; readonly to: Placed }[];
}

/** The picture of an answer: the person above, below each statement what it was made from, the sources in the last row. */
export function pictureOf({ nodes, edges, sources }: VerifiedView): Picture {
  const depths: number[] = [];
  // Outermost first: whoever names a statement stands before it.
  for (const [place] of nodes.entries()) {
    const edge = edges.find(({ inner }) => inner === place);
    depths.push(edge ? (depths[edge.outer] ?? 0) + 1 : 1);
  }
  const last = Math.max(1, ...depths);
  const rows: Item[][] = Array.from({ length: last + 1 }, (_, row) =>
    row === 0 ? ['person'] : depths.flatMap((depth, place) => (depth === row ? [place] : [])),
  );
  // A row of its own for those of a lone statement.
  if (sources.length > 0) (last === 1 ? (rows[2] = []) : rows[last])?.push('sources');
  const placed = rows.flatMap((items, row) =>
    items.map((item, at) => ({ item, row, x: ((at + 0.5) * 100) / items.length })),
  );
  const of = (item: Item) => placed.find((one) => one.item === item);
  const named = [...new Set(sources.flatMap(({ namedBy }) => namedBy))];
  const pairs: [Item, Item][] = [
    ['person', 0],
    ...edges.map(({ outer, inner }): [Item, Item] => [outer, inner]),
    ...named.map((place): [Item, Item] => [place, 'sources']),
  ];
  return {
    placed,
    rows: rows.length,
    lines: pairs.flatMap(([a, b]) => {
      const [from, to] = [of(a), of(b)];
      return from && to ? [{ from, to }] : [];
    }),
  };
}
