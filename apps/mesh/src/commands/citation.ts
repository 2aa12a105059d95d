import type { CitedSource } from '@mesh/provenance';
import { indented, printableLine } from '../printable.js';

/** A source in lines for a terminal of so many columns: number and title, and below them where it is. */
export function citation({ id, title, url }: CitedSource, columns: number): string {
  const number = `  [${id}] `;
  const indent = ' '.repeat(number.length);
  const lines = indented(`${printableLine(title)}\n${printableLine(url)}`, indent, columns);
  return `${number}${lines.trimStart()}`;
}
