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

/**
 * Where what a sentence says stands in a passage, word by word: contiguous within one block of it, at the ends of
 * words, but for white space, case, Markdown, characters that cannot be seen, and punctuation at the ends.
 *
 * @param said What a sentence says, without its citations.
 * @returns Offsets in the passage's Markdown; undefined where it does not, or has fewer than 4 words.
 */
export function quotationIn(said: string, passage: readonly FlatText[]): Range | undefined {
  const quoted = compared(said).text.replace(/^[^\p{L}\p{M}\p{N}]+|[^\p{L}\p{M}\p{N}]+$/gu, '');
  if (wordsIn(quoted) < MIN_QUOTED_WORDS) return undefined;
  for (const block of passage) {
    const { text, origin } = compared(block.text);
    for (let at = text.indexOf(quoted); at >= 0; at = text.indexOf(quoted, at + 1)) {
      const end = at + quoted.length;
      if (!isWordEnd(text, at) || !isWordEnd(text, end)) continue;
      const last = origin[end - 1] ?? 0;
      return { start: block.from[origin[at] ?? 0] ?? 0, end: block.to[last] ?? 0 };
    }
  }
  return undefined;
}

function wordsIn(text: string): number {
  let count = 0;
  for (const { isWordLike } of words.segment(text)) if (isWordLike === true) count++;
  return count;
}

function isWordEnd(text: string, at: number): boolean {
  const [before, after] = [text.slice(0, at).match(/.$/u)?.[0], text.slice(at).match(/^./u)?.[0]];
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
