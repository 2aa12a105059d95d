import type { Range } from '@mesh/provenance';

/** A part of a passage: quoted by the answer or not. */
export interface Part {
  readonly text: string;
  readonly quoted: boolean;
}

/** The passage in parts; ranges may overlap and stand in any order. */
export function partsOf(passage: string, ranges: readonly Range[]): readonly Part[] {
  const parts: Part[] = [];
  let at = 0;
  const add = (end: number, quoted: boolean) => {
    if (end > at) parts.push({ text: passage.slice(at, end), quoted });
    at = Math.max(at, end);
  };
  for (const { start, end } of [...ranges].sort((a, b) => a.start - b.start)) {
    add(start, false);
    add(end, true);
  }
  add(passage.length, false);
  return parts;
}
