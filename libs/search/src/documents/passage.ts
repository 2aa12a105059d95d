/** Most characters of a passage. */
export const PASSAGE_MAX = 1500;
/** Blocks are gathered up to this length, so that a passage stays about one thing. */
const PASSAGE_AIM = 1100;

export interface Block {
  /** Readable text. Code keeps its fence. */
  readonly text: string;
  /** `lines`: its line breaks mean something (lists, tables). */
  readonly kind: 'prose' | 'lines' | 'code';
  /** Where it stands, if more exact than the section's anchor. */
  readonly anchor?: string;
}

export interface Section {
  /** Headings above it, outermost first; empty before the first heading. */
  readonly headings: readonly string[];
  /** Fragment that leads to it, not yet encoded; empty for the start of the document. */
  readonly anchor: string;
  readonly blocks: Block[];
}

export interface ParsedDocument {
  /** As the document names itself; undefined where it does not. */
  readonly title: string | undefined;
  readonly sections: readonly Section[];
}

export interface Passage {
  readonly headings: readonly string[];
  readonly anchor: string;
  readonly text: string;
}

/** The first row of a Markdown table, with the rule below it. */
const TABLE_HEAD = /^\|[^\n]*\n\|[ \t:|-]+\n/;

/** Cuts sections into passages of at most `PASSAGE_MAX` characters, at paragraphs, then lines, sentences, words. */
export function* passagesOf(sections: readonly Section[]): Generator<Passage> {
  for (const [at, section] of sections.entries()) {
    if (section.blocks.length === 0) {
      // A heading with nothing below it is still found; one with subsections speaks through them.
      const heading = section.headings.at(-1);
      const next = sections[at + 1];
      const hasChildren = next !== undefined && next.headings.length > section.headings.length;
      if (heading !== undefined && !hasChildren)
        yield { headings: section.headings, anchor: section.anchor, text: heading };
      continue;
    }
    let gathered: string[] = [];
    let length = 0;
    let anchor = section.anchor;
    for (const block of section.blocks) {
      for (const text of piecesOf(block)) {
        if (length > 0 && length + 2 + text.length > PASSAGE_AIM) {
          yield { headings: section.headings, anchor, text: gathered.join('\n\n') };
          gathered = [];
          length = 0;
        }
        if (gathered.length === 0) anchor = block.anchor ?? section.anchor;
        gathered.push(text);
        length += (length > 0 ? 2 : 0) + text.length;
      }
    }
    if (gathered.length > 0)
      yield { headings: section.headings, anchor, text: gathered.join('\n\n') };
  }
}

function* piecesOf(block: Block): Generator<string> {
  if (block.text.length <= PASSAGE_MAX) {
    if (block.text.trim() !== '') yield block.text;
    return;
  }
  if (block.kind !== 'code') {
    const head = headOf(block);
    const body = block.text.slice(head.length);
    const kept = head.replace(/ {2,}/g, ' ').replace(/-{4,}/g, '---');
    for (const piece of cut(body, PASSAGE_MAX - kept.length, block.kind === 'lines'))
      yield kept + piece;
    return;
  }
  const opening = block.text.slice(0, block.text.indexOf('\n')).slice(0, 100);
  const closing = /^[`~]+/.exec(opening)?.[0] ?? '```';
  const body = block.text.slice(block.text.indexOf('\n') + 1, block.text.lastIndexOf('\n'));
  for (const piece of cut(body, PASSAGE_MAX - opening.length - closing.length - 2, true))
    yield `${opening}\n${piece}\n${closing}`;
}

/** What each piece of a table begins with: without it the first row of a piece would be taken for the head of the others. */
function headOf({ text, kind }: Block): string {
  const [head = ''] = (kind === 'lines' && TABLE_HEAD.exec(text)) || [];
  return head.length < PASSAGE_MAX / 2 ? head : '';
}

function* cut(text: string, max: number, byLine: boolean): Generator<string> {
  let from = 0;
  while (from < text.length) {
    let to = Math.min(from + max, text.length);
    if (to < text.length) to = from + lengthToCut(text.slice(from, to), byLine);
    const piece = text.slice(from, to);
    if (piece.trim() !== '') yield byLine ? piece.replace(/\n$/, '') : piece.trim();
    from = to;
  }
}

/** How much of a full window to take: never nothing, never half a surrogate pair. */
function lengthToCut(window: string, byLine: boolean): number {
  const least = window.length / 3;
  if (byLine) {
    const line = window.lastIndexOf('\n');
    if (line > least) return line + 1;
  }
  for (let at = window.length - 1; at > least; at--) {
    const char = window.charAt(at);
    if ('。！？．'.includes(char)) return at + 1;
    if (' \n'.includes(char) && '.!?।؟'.includes(window.charAt(at - 1))) return at + 1;
  }
  const space = Math.max(window.lastIndexOf(' '), window.lastIndexOf('\n'));
  if (space > least) return space + 1;
  const last = window.charCodeAt(window.length - 1);
  return last >= 0xd800 && last < 0xdc00 ? window.length - 1 : window.length;
}
