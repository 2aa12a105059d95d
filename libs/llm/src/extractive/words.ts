// Letters and digits; an apostrophe, a full stop or a comma between them belongs to the word (don't, 3.5).
const WORD = /[\p{L}\p{N}\p{M}]+(?:['’](?=\p{L})[\p{L}\p{M}]+|[.,](?=\p{N})\p{N}+)*/gu;
const UNSPACED =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}ー\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]+/gu;
const HAS_UNSPACED =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u;

/**
 * The words of a text as they stand, in order. Scripts that put no spaces between words give overlapping pairs of
 * characters instead, which find a word without a dictionary.
 */
export function wordsOf(text: string): string[] {
  const words: string[] = [];
  for (const [word] of text.normalize('NFKC').matchAll(WORD)) {
    if (!HAS_UNSPACED.test(word)) {
      words.push(word);
      continue;
    }
    let end = 0;
    for (const run of word.matchAll(UNSPACED)) {
      if (run.index > end) words.push(word.slice(end, run.index));
      words.push(...pairs(run[0]));
      end = run.index + run[0].length;
    }
    if (end < word.length) words.push(word.slice(end));
  }
  return words;
}

/** True for what `wordsOf` made of a script without spaces. */
export function isPair(word: string): boolean {
  return HAS_UNSPACED.test(word);
}

function pairs(run: string): string[] {
  const characters = [...run];
  if (characters.length === 1) return [run];
  return characters.slice(1).map((character, at) => (characters[at] ?? '') + character);
}

/** Lower case, without accents and a possessive `'s`: equal for what a reader takes as the same word. */
export function fold(word: string): string {
  return word
    .toLowerCase()
    .replace(/['’]s?$|['’]s$/u, '')
    .normalize('NFD')
    .replace(/[\u0300-\u036f]/gu, '')
    .normalize('NFC');
}
