import { linesOf } from './lines.js';
import type { Block, ParsedDocument } from './passage.js';

const LIST_ITEM = /^(?:[-*+•]|\d{1,3}[.)])\s/;

/** Paragraphs of plain text, each with the number of its first line (`L12`) as anchor. */
export function* parsePlainText(text: string): Generator<undefined, ParsedDocument> {
  const blocks: Block[] = [];
  let paragraph: string[] = [];
  let firstLine = 1;
  const flush = () => {
    if (paragraph.length > 0) blocks.push({ ...blockOf(paragraph), anchor: `L${firstLine}` });
    paragraph = [];
  };
  let number = 0;
  for (const line of linesOf(text)) {
    number++;
    if (line.trim() === '') {
      flush();
      yield;
      continue;
    }
    if (paragraph.length === 0) firstLine = number;
    paragraph.push(line.trimEnd());
  }
  flush();
  return { title: undefined, sections: [{ headings: [], anchor: '', blocks }] };
}

/** Prose that was wrapped at a width becomes one line; lists, verse and tables keep their lines. */
function blockOf(lines: readonly string[]): Pick<Block, 'text' | 'kind'> {
  const wrapped = lines.every(
    (line, at) =>
      !/^\s/.test(line) && !LIST_ITEM.test(line) && (line.length >= 40 || at === lines.length - 1),
  );
  return wrapped
    ? { text: lines.join(' '), kind: 'prose' }
    : { text: lines.join('\n'), kind: 'lines' };
}
