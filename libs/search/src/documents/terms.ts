import { stemmer } from '@orama/stemmers/english';

/** Most characters of a word that is worth finding: a SHA-256 in hexadecimal fits, base64 blobs do not. */
const WORD_MAX = 64;
const WORD_CACHE = 100_000;

const BIGRAM_SCRIPTS = String.raw`\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}ー々`;
const SEGMENTED_SCRIPTS = String.raw`\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}`;
// By constructor: the `v` flag (set subtraction) is newer than the language version TypeScript checks literals for.
const RUNS = new RegExp(
  String.raw`(?<bigrams>[${BIGRAM_SCRIPTS}]+)|(?<segmented>[${SEGMENTED_SCRIPTS}]+)|` +
    String.raw`(?<word>(?:[[\p{L}\p{M}\p{N}_]--[${BIGRAM_SCRIPTS}${SEGMENTED_SCRIPTS}]]|(?<=\p{L})['’](?=\p{L}))+)`,
  'gv',
);
const ASCII_WORDS = /\w+(?:'[a-z]+)*/gi;
const NO_ASCII = /^\P{ASCII}+$/u;
/** Accents, Hebrew points and Arabic vowel signs: written or left out at will, so not part of the term. */
const OPTIONAL_MARKS = /[\u0300-\u036f\u0591-\u05c7\u064b-\u0652\u0640]/g;

/** Words without a meaning of their own. They are not indexed: two fifths of a text, and no question turns on them. */
const FUNCTION_WORDS = new Set(
  `a an and are as at be been but by for from had has have if in into is it its of on or so such that the their
  them then there these they this to was were with`.split(/\s+/),
);

/** Words that make a question of a sentence: indexed, but they hardly count in a query. */
const QUESTION_WORDS = new Set(
  `about any can could do does did done explain get give happen happens how i me my much many need please
  shall should tell us use we what when where whether which who whom whose why will would you your
  was wie wer wo wann warum welche der die das ist qué que cómo como cuál quién dónde por para quel quelle comment
  pourquoi est les des une`
    .split(/\s+/)
    .map((word) => fold(word)),
);

/** Terms of words met before: most words of a text are. */
const words = new Map<string, readonly string[]>();
let segmenter: Intl.Segmenter | undefined;

/**
 * The terms under which a text is found, in its order, repeated ones too. NFKC and case folded; English words
 * stemmed (Porter); identifiers whole and by their parts (`X509Source`, `SPIFFE_ENDPOINT_SOCKET`); Chinese, Japanese and
 * Korean by pairs of characters; Thai, Lao, Khmer and Burmese by the words of `Intl.Segmenter`; long words of other
 * scripts also by their first six letters, for most languages inflect the end.
 */
export function termsOf(text: string): string[] {
  const terms: string[] = [];
  if (isAscii(text)) {
    for (const [word] of text.matchAll(ASCII_WORDS)) pushWord(word, terms);
    return terms;
  }
  for (const run of text.normalize('NFKC').matchAll(RUNS)) {
    const { bigrams, segmented, word } = run.groups ?? {};
    if (word !== undefined) pushWord(word, terms);
    else if (bigrams !== undefined) pushBigrams(bigrams, terms);
    else if (segmented !== undefined) pushSegments(segmented, terms);
  }
  return terms;
}

/** Terms of a query with their weights, each once. Question words weigh little, unless there is nothing else. */
export function queryTermsOf(query: string): Map<string, number> {
  const weights = new Map<string, number>();
  for (const term of termsOf(query)) weights.set(term, QUESTION_STEMS.has(term) ? 0.1 : 1);
  return weights;
}

/** Whether a term is an English-like word, long enough that a typing error can be told from another word. */
export function mayBeMistyped(term: string): boolean {
  return /^[a-z]{5,}$/.test(term);
}

/** Whether a term is one character of a script that is indexed by pairs: it is looked up as the start of one. */
export function isSingleCharacter(term: string): boolean {
  return SINGLE.test(term);
}

const SINGLE = new RegExp(String.raw`^[${BIGRAM_SCRIPTS}]$`, 'v');

function pushWord(word: string, terms: string[]): void {
  if (word.length > WORD_MAX) return;
  let known = words.get(word);
  if (known === undefined) {
    known = termsOfWord(word);
    if (words.size >= WORD_CACHE) words.clear();
    words.set(word, known);
  }
  for (const term of known) terms.push(term);
}

function termsOfWord(word: string): readonly string[] {
  const bare = word.replace(/['’]s$/i, '').replace(/['’]/g, '');
  const parts = partsOf(bare);
  const terms = parts.flatMap((part) => termsOfPart(part));
  if (parts.length > 1) terms.push(fold(bare).replaceAll('_', ''));
  return terms;
}

/** `SPIFFE_ENDPOINT_SOCKET`, `getX509Svid`; `mTLS` and `x509` stay whole. */
function partsOf(word: string): string[] {
  return word
    .split('_')
    .flatMap((piece) => piece.split(/(?<=[\p{Ll}\p{N}]{2})(?=\p{Lu})/u))
    .filter((part) => part !== '');
}

function termsOfPart(part: string): string[] {
  const folded = fold(part);
  if (folded === '' || FUNCTION_WORDS.has(folded)) return [];
  if (/^[a-z]{3,}$/.test(folded)) return [stemmer(folded)];
  const inflects = folded.length > 6 && NO_ASCII.test(folded);
  return inflects ? [folded, `${folded.slice(0, 6)}*`] : [folded];
}

function pushBigrams(run: string, terms: string[]): void {
  const characters = [...run];
  for (let at = 0; at + 1 < characters.length; at++)
    terms.push(`${characters[at] ?? ''}${characters[at + 1] ?? ''}`);
  terms.push(characters.at(-1) ?? '');
}

function pushSegments(run: string, terms: string[]): void {
  segmenter ??= new Intl.Segmenter(undefined, { granularity: 'word' });
  for (const { segment, isWordLike } of segmenter.segment(run))
    if (isWordLike === true) terms.push(segment);
}

function isAscii(text: string): boolean {
  return !/\P{ASCII}/u.test(text);
}

function fold(word: string): string {
  const lower = word.toLowerCase();
  if (isAscii(lower)) return lower;
  return lower
    .replaceAll('ß', 'ss')
    .replaceAll('ς', 'σ')
    .normalize('NFKD')
    .replace(OPTIONAL_MARKS, '')
    .normalize('NFKC');
}

const QUESTION_STEMS = new Set([...QUESTION_WORDS].flatMap((word) => termsOf(word)));
