/**
 * What is switched off in the Markdown of answers and passages, as a micromark extension: HTML stays text, and nothing
 * makes a link of every `[1]`. Whoever shows an answer parses it by the same.
 */
export const MARKDOWN_WITHOUT = {
  disable: { null: ['htmlFlow', 'htmlText', 'definition'] },
} as const;

/** Longer texts are read as plain text. */
const MAX_CHARACTERS = 100_000;
/** And those that are nested deeper (twice for each list), or have more opening brackets or runs of `*` and `_`. */
const MAX_DEPTH = 64;
const MAX_BRACKETS = 5000;
const MAX_EMPHASES = 2000;
/** A line that opens more quotations and lists than may be. */
const NESTED_LINE = /^(?:[ \t]*(?:>|[-+*][ \t]|\d{1,9}[.)][ \t])){65}/m;

/** Text without its marks, and where each UTF-16 unit of it stands in the Markdown. */
export interface FlatText {
  /** White space of any kind is one space a character. */
  readonly text: string;
  /** Like `text`, with `X` for what is code: nothing in it ends a sentence or cites. */
  readonly masked: string;
  readonly from: readonly number[];
  readonly to: readonly number[];
}

/** A paragraph, heading or block of code. */
export interface TextBlock extends FlatText {
  readonly kind: 'paragraph' | 'heading' | 'code';
  /** Of a paragraph that a list follows: its items' blocks, as places in the list of blocks, from and before. */
  readonly introduces?: readonly [number, number];
}

interface Node {
  readonly type: string;
  readonly value?: string;
  readonly alt?: string | null;
  readonly children?: readonly Node[];
  readonly position?: {
    readonly start: { readonly offset?: number };
    readonly end: { readonly offset?: number };
  };
}

/** What a Markdown text says. */
export interface MarkdownText {
  readonly blocks: readonly TextBlock[];
  /** It was read as plain text, each line a paragraph: it is too long or too deeply nested. */
  readonly plain: boolean;
}

/** The blocks of a Markdown text, in order. */
export async function readMarkdown(markdown: string): Promise<MarkdownText> {
  const root = isHostile(markdown) ? undefined : await parse(markdown);
  if (root === undefined) return { blocks: linesOf(markdown), plain: true };
  const blocks: TextBlock[] = [];
  const walk = (nodes: readonly Node[]): void => {
    for (const [place, node] of nodes.entries()) {
      const kind = KINDS[node.type];
      if (kind !== undefined) {
        const flat = new Flat(markdown);
        flat.add(node);
        blocks.push({ kind, ...flat.done() });
      }
      if (kind !== undefined || node.children === undefined) continue;
      const before = blocks.length;
      walk(node.children);
      const intro = blocks[before - 1];
      if (node.type === 'list' && nodes[place - 1]?.type === 'paragraph' && intro !== undefined) {
        blocks[before - 1] = { ...intro, introduces: [before, blocks.length] };
      }
    }
  };
  walk(root.children ?? []);
  return { blocks, plain: false };
}

/** What parsers take long for, or choke on. */
function isHostile(markdown: string): boolean {
  if (markdown.length > MAX_CHARACTERS || NESTED_LINE.test(markdown)) return true;
  let brackets = 0;
  for (let at = -1; (at = markdown.indexOf('[', at + 1)) >= 0;) brackets++;
  // Each run is held against all before it.
  return brackets > MAX_BRACKETS || (markdown.match(/\*+|_+/g)?.length ?? 0) > MAX_EMPHASES;
}

/** Undefined for what is nested so deeply that no reader sees a form in it, and who shows it runs out of stack. */
async function parse(markdown: string): Promise<Node | undefined> {
  // Only who makes receipts loads a parser.
  const { fromMarkdown } = await import('mdast-util-from-markdown');
  const root = fromMarkdown(markdown, { extensions: [EXTENSION] }) as Node;
  let level: readonly Node[] = [root];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > MAX_DEPTH) return undefined;
    level = level.flatMap(({ children = [] }) => children);
  }
  return root;
}

const EXTENSION = { disable: { null: [...MARKDOWN_WITHOUT.disable.null] } };

const KINDS: Readonly<Record<string, TextBlock['kind'] | undefined>> = {
  paragraph: 'paragraph',
  heading: 'heading',
  code: 'code',
};

function linesOf(text: string): readonly TextBlock[] {
  return [...text.matchAll(/[^\r\n]+/g)].map(({ 0: line, index }) => {
    const flat = new Flat(text);
    flat.aligned(line, index, index + line.length, false);
    return { kind: 'paragraph', ...flat.done() };
  });
}

class Flat {
  #text = '';
  #masked = '';
  readonly #from: number[] = [];
  readonly #to: number[] = [];

  constructor(private readonly source: string) {}

  add({ type, value, alt, children, position }: Node): void {
    const start = position?.start.offset ?? 0;
    const end = position?.end.offset ?? start;
    if (children !== undefined) for (const child of children) this.add(child);
    else if (type === 'break') this.#push(' ', false, start, end);
    else if (type === 'image') for (const unit of alt ?? '') this.#push(unit, false, start, end);
    else if (type === 'text') this.aligned(value ?? '', start, end, false);
    else this.aligned(value ?? '', start + this.#openingOf(start), end, true);
  }

  aligned(value: string, start: number, end: number, code: boolean): void {
    const { from, to } = alignText(value, this.source.slice(start, end), code);
    for (let at = 0; at < value.length; at++) {
      this.#push(value.charAt(at), code, start + (from[at] ?? 0), start + (to[at] ?? 0));
    }
  }

  done(): FlatText {
    return { text: this.#text, masked: this.#masked, from: this.#from, to: this.#to };
  }

  /** Of code: past the fence's line, or the span's marks. */
  #openingOf(start: number): number {
    return /^(?:(?:`{3,}|~{3,})[^\n`]*\n|`+)?/.exec(this.source.slice(start))?.[0].length ?? 0;
  }

  #push(unit: string, code: boolean, from: number, to: number): void {
    const one = /\s/.test(unit) ? ' ' : unit;
    for (let at = 0; at < one.length; at++) {
      this.#text += one.charAt(at);
      this.#masked += code ? 'X' : one.charAt(at);
      this.#from.push(from);
      this.#to.push(to);
    }
  }
}

/** What stands in front of a continued line is shorter. */
const MAX_GAP = 256;
const ESCAPED = /[!-/:-@[-`{-~]/;
const REFERENCE = /^&(?:#[0-9]{1,7}|#x[0-9a-f]{1,6}|[a-z0-9]{1,31});/i;

/**
 * Where each UTF-16 unit of a parsed text stands in its Markdown: past backslashes, character references, and what
 * stands in front of a continued line.
 *
 * @param literal Of code: nothing in it is escaped.
 */
export function alignText(
  value: string,
  source: string,
  literal = false,
): { from: readonly number[]; to: readonly number[] } {
  const from: number[] = [];
  const to: number[] = [];
  let next = 0;
  for (let at = 0; at < value.length; at++) {
    const unit = value.charAt(at);
    const reference = literal ? undefined : referenceAt(source, next, value, at);
    if (reference !== undefined) {
      // One of two UTF-16 units: the other is of the same reference.
      const units = /[\ud800-\udbff]/.test(unit) ? 2 : 1;
      for (let one = 0; one < units; one++) {
        from.push(next);
        to.push(next + reference);
      }
      at += units - 1;
      next += reference;
      continue;
    }
    const escaped =
      !literal && source[next] === '\\' && source[next + 1] === unit && ESCAPED.test(unit);
    if (!escaped && source[next] !== unit) {
      const found = source.slice(next, next + MAX_GAP).indexOf(unit);
      if (found >= 0) next += found;
    }
    const length = escaped ? 2 : source[next] === unit ? 1 : 0;
    from.push(next);
    to.push(next + length);
    next += length;
  }
  return { from, to };
}

function referenceAt(source: string, next: number, value: string, at: number): number | undefined {
  if (source[next] !== '&') return undefined;
  const [reference] = REFERENCE.exec(source.slice(next, next + 40)) ?? [];
  return reference === undefined || value.startsWith(reference, at) ? undefined : reference.length;
}
