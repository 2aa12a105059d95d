/** The smallest piece of a passage that makes sense on its own. */
export interface Unit {
  readonly kind: 'sentence' | 'item' | 'row' | 'code';
  /** As it stands in the passage: for rows and code with line breaks and marks, else on one line. */
  readonly text: string;
  /** Headings of the passage above it, outermost first. */
  readonly headings: readonly string[];
  /** Header row of a table, for a `row`. */
  readonly header?: string;
  /** Units of one paragraph, list, table or code block share it. */
  readonly block: number;
}

const HEADING = /^\s{0,3}(#{1,6})\s+(.*?)\s*#*\s*$/;
const FENCE = /^\s{0,3}(`{3,}|~{3,})/;
const ITEM = /^\s*(?:[-*+•]|\d{1,3}[.)])\s+/;
const ROW = /^\s*\|.*\|\s*$/;
const RULE = /^\s*\|?[\s:|-]*-[\s:|-]*\|?\s*$/;

/** Splits a passage, Markdown or plain text, into its units, in order. */
export function unitsOf(passage: string, segmenter: Intl.Segmenter): Unit[] {
  const units: Unit[] = [];
  const headings: string[] = [];
  const lines = passage.split(/\r?\n/);
  let block = 0;
  let paragraph: string[] = [];
  let item = false;

  const add = (kind: Unit['kind'], text: string, header?: string): void => {
    if (text.trim() === '') return;
    units.push({ kind, text, headings: [...headings], block, ...(header ? { header } : {}) });
  };
  const flush = (): void => {
    const text = paragraph.join(' ').replace(/\s+/g, ' ').trim();
    paragraph = [];
    if (item) add('item', text);
    else for (const sentence of sentencesOf(text, segmenter)) add('sentence', sentence);
  };
  const endBlock = (): void => {
    flush();
    item = false;
    block += 1;
  };

  for (let at = 0; at < lines.length; at += 1) {
    const line = lines[at] ?? '';
    const fence = FENCE.exec(line)?.[1];
    const heading = HEADING.exec(line);
    if (fence !== undefined) {
      endBlock();
      let end = at + 1;
      while (end < lines.length && !(lines[end] ?? '').trimStart().startsWith(fence)) end += 1;
      // A passage may be cut inside a block: close what is shown.
      add('code', [...lines.slice(at, end), lines[end]?.trim() ?? fence].join('\n'));
      block += 1;
      at = end;
    } else if (heading) {
      endBlock();
      headings.length = Math.min(headings.length, (heading[1] ?? '#').length - 1);
      headings.push(heading[2] ?? '');
    } else if (ROW.test(line)) {
      endBlock();
      let end = at;
      while (end < lines.length && ROW.test(lines[end] ?? '')) end += 1;
      const rows = lines.slice(at, end).map((row) => row.trim());
      const header = RULE.test(rows[1] ?? '') ? rows[0] : undefined;
      for (const row of rows.slice(header === undefined ? 0 : 2)) {
        if (!RULE.test(row)) add('row', row, header);
      }
      block += 1;
      at = end - 1;
    } else if (line.trim() === '') {
      flush();
      // A blank line between two items leaves them in one list.
      const next = lines.slice(at + 1).find((other) => other.trim() !== '');
      if (!item || next === undefined || !ITEM.test(next)) {
        item = false;
        block += 1;
      }
    } else if (ITEM.test(line)) {
      // A list directly under its introducing paragraph is a block of its own.
      flush();
      if (!item) block += 1;
      item = true;
      paragraph.push(line.replace(ITEM, ''));
    } else {
      paragraph.push(line.replace(/^\s*>\s?/, '').trim());
    }
  }
  flush();
  return units;
}

// Where a segmenter takes an abbreviation's full stop for the end of the sentence.
const ABBREVIATION =
  /(?:^|[\s(])(?:e\.g|i\.e|etc|vs|cf|approx|no|nr|fig|Dr|Mr|Mrs|Ms|St|z\.\s?B|d\.\s?h|ca|bzw|\p{Lu})\.\s*$/u;

function sentencesOf(text: string, segmenter: Intl.Segmenter): string[] {
  const sentences: string[] = [];
  let open = '';
  for (const { segment } of segmenter.segment(text)) {
    open += segment;
    if (ABBREVIATION.test(open) || inCode(open)) continue;
    sentences.push(open.trim());
    open = '';
  }
  if (open.trim() !== '') sentences.push(open.trim());
  return sentences;
}

function inCode(text: string): boolean {
  return (text.split('`').length - 1) % 2 === 1 && text.length < 400;
}
