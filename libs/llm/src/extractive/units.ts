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

const HEADING = /^ {0,3}(#{1,6})[ \t]+(\S.*)$/;
const FENCE = /^\s{0,3}(`{3,}|~{3,})/;
const ITEM = /^\s*(?:[-*+•]|\d{1,3}[.)])\s+/;
const ROW = /^\s*\||\S \| \S/;
const RULE = /^[\s:|-]*-[\s:|-]*$/;

/** Splits a passage, Markdown or plain text, into its units, in order. */
export function unitsOf(passage: string, segmenter: Intl.Segmenter): Unit[] {
  return new Splitter(passage.split(/\r?\n/), segmenter).split();
}

class Splitter {
  private readonly units: Unit[] = [];
  private readonly headings: string[] = [];
  private block = 0;
  private at = 0;
  /** Lines of the paragraph or list item that is being read. */
  private open: string[] = [];
  private inList = false;

  constructor(
    private readonly lines: readonly string[],
    private readonly segmenter: Intl.Segmenter,
  ) {}

  split(): Unit[] {
    for (; this.at < this.lines.length; this.at += 1) this.take(this.lines[this.at] ?? '');
    this.flush();
    return this.units;
  }

  private take(line: string): void {
    const fence = FENCE.exec(line)?.[1];
    const heading = HEADING.exec(line);
    if (fence !== undefined) this.takeCode(fence);
    else if (heading) this.takeHeading((heading[1] ?? '').length, heading[2] ?? '');
    else if (ROW.test(line)) this.takeTable();
    else if (line.trim() === '') this.takeBlank();
    else if (ITEM.test(line)) this.takeItem(line);
    else if (this.open.length === 0 && isPlainHeading(line, this.lines[this.at + 1])) {
      this.takeHeading(1, line.trim());
    } else this.open.push(line.replace(/^\s*>\s?/, '').trim());
  }

  private takeCode(fence: string): void {
    this.endBlock();
    let end = this.at + 1;
    while (end < this.lines.length && !this.lines[end]?.trimStart().startsWith(fence)) end += 1;
    // A passage may be cut inside a block: close what is shown.
    this.add('code', [...this.lines.slice(this.at, end), fence].join('\n'));
    this.block += 1;
    this.at = end;
  }

  private takeHeading(level: number, text: string): void {
    this.endBlock();
    this.headings.length = Math.min(this.headings.length, level - 1);
    this.headings.push(text.trimEnd().replace(/#+$/, '').trimEnd());
  }

  private takeTable(): void {
    this.endBlock();
    let end = this.at;
    while (end < this.lines.length && ROW.test(this.lines[end] ?? '')) end += 1;
    const rows = this.lines.slice(this.at, end).map((row) => row.trim());
    const body = rows.filter((row) => !RULE.test(row));
    // The row above the rule; where the table lost its rule, the first of several.
    const headed = body.length < rows.length || body.length > 2;
    for (const row of body.slice(headed ? 1 : 0))
      this.add('row', row, headed ? body[0] : undefined);
    this.block += 1;
    this.at = end - 1;
  }

  private takeBlank(): void {
    this.flush();
    // A blank line between two items leaves them in one list.
    const next = this.lines.slice(this.at + 1).find((line) => line.trim() !== '');
    if (this.inList && next !== undefined && ITEM.test(next)) return;
    this.inList = false;
    this.block += 1;
  }

  private takeItem(line: string): void {
    this.flush();
    // A list directly under the paragraph that introduces it is a block of its own.
    if (!this.inList) this.block += 1;
    this.inList = true;
    this.open.push(line.replace(ITEM, ''));
  }

  private endBlock(): void {
    this.flush();
    this.inList = false;
    this.block += 1;
  }

  private flush(): void {
    // Of images their text alone: the mark in front would end a sentence.
    const text = this.open
      .join(' ')
      .replace(/!\[([^\]]*)\]\([^)]*\)/g, '$1')
      .replace(/\s+/g, ' ')
      .trim();
    this.open = [];
    if (this.inList) this.add('item', text);
    else for (const sentence of sentencesOf(text, this.segmenter)) this.add('sentence', sentence);
  }

  private add(kind: Unit['kind'], text: string, header?: string): void {
    if (text.trim() === '') return;
    const { headings, block } = this;
    this.units.push({ kind, text, headings: [...headings], block, ...(header ? { header } : {}) });
  }
}

// Plain text has no marks for headings: a short line of its own, without an end, over a paragraph.
function isPlainHeading(line: string, next: string | undefined): boolean {
  const text = line.trim();
  return (
    next !== undefined &&
    text.length <= 60 &&
    next.trim().length > text.length &&
    /^[\p{Lu}\p{Lo}\p{N}][^.!?:;,。！？：]*[\p{L}\p{N})]$/u.test(text) &&
    /^\s*["“(]?[\p{Lu}\p{Lo}\p{N}]/u.test(next) &&
    !ITEM.test(next) &&
    !ROW.test(next)
  );
}

// Where a segmenter takes an abbreviation's full stop for the end of the sentence.
const ABBREVIATION =
  /(?:^|[\s(])(?:e\.g|i\.e|etc|vs|cf|approx|no|nr|fig|Dr|Mr|Mrs|Ms|St|z|z\.\s?B|d\.\s?h|ca|bzw|\p{Lu})\.\s*$/u;

/** The sentences of a text that stands on one line. */
export function sentencesOf(text: string, segmenter: Intl.Segmenter): string[] {
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
