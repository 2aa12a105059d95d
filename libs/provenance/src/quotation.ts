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
const MIN_QUOTED_WORDS = 4;

const words = new Intl.Segmenter('en', { granularity: 'word' });
/** Written without spaces: a word ends without a sign of it. */
const UNSPACED =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u;
const WORD = /[\p{L}\p{M}\p{N}]/u;
/** Brackets, quotation marks and what ends sentences; dashes apart from words. No sign that says something: `%`, `-5`. */
const MARK = String.raw`[\s\p{Ps}\p{Pe}\p{Pi}\p{Pf}"'.,;:!?…·•*_~\x60。、，；：！？｡]`;
const ENDS = new RegExp(
  `^(?:${MARK}|[-–—]+(?=\\s))+|(?<!${MARK})(?:${MARK}|(?<=\\s)[-–—]+)+$`,
  'gu',
);
/** Holds two parts of a word or number together: `can't`, `1.5`, `well-known`. */
const JOINT = /[\p{L}\p{M}\p{N}]['’.,:·/\-−][\p{L}\p{M}\p{N}]/u;
/** A number that goes on in a sign: `-5`, `€5`; `5%`, `5 °C`. */
const SIGN_AND_NUMBER = /[-−+±~<>≤≥=#\p{Sc}]\s?$/u;
const NUMBER_AND_SIGN = /^\s?[%‰°′″\p{Sc}]/u;

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
  if (WORD.test(before) && WORD.test(after)) return false;
  // Of three characters around it the middle one is the joint, whichever side it is on.
  if (
    JOINT.test(text.slice(Math.max(0, at - 2), at + 1)) ||
    JOINT.test(text.slice(at - 1, at + 2))
  ) {
    return false;
  }
  const number = /\p{N}/u;
  return !(
    (number.test(after) && SIGN_AND_NUMBER.test(text.slice(Math.max(0, at - 2), at))) ||
    (number.test(before) && NUMBER_AND_SIGN.test(text.slice(at, at + 2)))
  );
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
