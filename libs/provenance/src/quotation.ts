import type { FlatText } from './markdown-text.js';

/** A range of UTF-16 units. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

/** A text as it is compared, and where each UTF-16 unit of it comes from. */
interface Compared {
  readonly text: string;
  readonly origin: readonly number[];
}

/** Fewer words stand in any text by chance. */
export const MIN_QUOTED_WORDS = 4;

const words = new Intl.Segmenter('en', { granularity: 'word' });
/** Written without spaces: a word ends without a sign of it. */
const UNSPACED =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u;
const WORD = /[\p{L}\p{M}\p{N}]/u;
/** What is no word at both ends: by looking ahead first, so that no text is slow. */
const ENDS = /^[^\p{L}\p{M}\p{N}]+|(?<![^\p{L}\p{M}\p{N}])[^\p{L}\p{M}\p{N}]+$/gu;

/** A passage, ready to be compared with any number of sentences. */
export class Passage {
  readonly #blocks: readonly { readonly block: FlatText; readonly compared: Compared }[];

  constructor(blocks: readonly FlatText[]) {
    this.#blocks = blocks.map((block) => ({ block, compared: compared(block.text) }));
  }

  /**
   * Where what a sentence says stands in it, word by word: contiguous within one block, at the ends of words, but for
   * white space, case, Markdown, characters that cannot be seen, and punctuation at the ends.
   *
   * @param said What a sentence says, without its citations.
   * @returns Offsets in the passage's Markdown; undefined where it does not, or has fewer than 4 words.
   */
  quotationOf(said: string): Range | undefined {
    const quoted = compared(said).text.replace(ENDS, '');
    if (wordsIn(quoted) < MIN_QUOTED_WORDS) return undefined;
    for (const { block, compared } of this.#blocks) {
      const { text, origin } = compared;
      for (let at = text.indexOf(quoted); at >= 0; at = text.indexOf(quoted, at + 1)) {
        const end = at + quoted.length;
        if (!isWordEnd(text, at) || !isWordEnd(text, end)) continue;
        const last = origin[end - 1] ?? 0;
        return { start: block.from[origin[at] ?? 0] ?? 0, end: block.to[last] ?? 0 };
      }
    }
    return undefined;
  }
}

function wordsIn(text: string): number {
  let count = 0;
  for (const { isWordLike } of words.segment(text)) if (isWordLike === true) count++;
  return count;
}

function isWordEnd(text: string, at: number): boolean {
  const before = [...text.slice(Math.max(0, at - 2), at)].at(-1);
  const [after] = text.slice(at, at + 2);
  if (before === undefined || after === undefined) return true;
  if (UNSPACED.test(before) || UNSPACED.test(after)) return true;
  return !WORD.test(before) || !WORD.test(after);
}

/** Composed and decomposed letters are the same; lower and upper case too; white space is one space. */
function compared(text: string): Compared {
  let out = '';
  const origin: number[] = [];
  let at = 0;
  for (const character of text) {
    const plain = /\p{Default_Ignorable_Code_Point}/u.test(character)
      ? ''
      : /\s/.test(character)
        ? out.endsWith(' ')
          ? ''
          : ' '
        : character.normalize('NFD').toLowerCase();
    out += plain;
    for (let unit = 0; unit < plain.length; unit++) origin.push(at);
    at += character.length;
  }
  return { text: out, origin };
}
