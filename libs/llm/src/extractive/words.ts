// Letters and digits; an apostrophe, a full stop or a comma between them belongs to the word (don't, 3.5).
const WORD = /[\p{L}\p{N}\p{M}ー]+(?:['’](?=\p{L})[\p{L}\p{M}]+|[.,](?=\p{N})\p{N}+)*/gu;
const UNSPACED =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}ー\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]+/gu;
const HAS_UNSPACED =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u;

let dictionary: Intl.Segmenter | undefined;

/** The words of a text as they stand, in order. What a script without spaces writes between others stays in one. */
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
      words.push(run[0]);
      end = run.index + run[0].length;
    }
    if (end < word.length) words.push(word.slice(end));
  }
  return words;
}

/** Like `wordsOf`, and takes apart what is written without spaces, by the dictionaries of the runtime. */
export function dictionaryWordsOf(text: string): string[] {
  dictionary ??= new Intl.Segmenter('zh', { granularity: 'word' });
  const segmenter = dictionary;
  return wordsOf(text).flatMap((word) =>
    isUnspaced(word) ? [...segmenter.segment(word)].map(({ segment }) => segment) : [word],
  );
}

/** True for a word of a script that puts no spaces between words: it is found as a part of the text. */
export function isUnspaced(word: string): boolean {
  return HAS_UNSPACED.test(word);
}

/** Lower case, without accents and a possessive `'s`: equal for what a reader takes as the same word. */
export function fold(word: string): string {
  return word
    .normalize('NFKC')
    .toLowerCase()
    .replace(/['’]s?$/u, '')
    .normalize('NFD')
    .replace(/[\u0300-\u036f]/gu, '')
    .normalize('NFC');
}
