import type { FlatText } from './markdown-text.js';

/** A source that a text names as `[1]`: offsets in the text. */
export interface Citation {
  /** Numbers of the sources, in their order. */
  readonly ids: readonly number[];
  readonly start: number;
  readonly end: number;
}

/** A sentence of a block. Offsets in its flat text; `end` is after the citations that belong to it. */
export interface Sentence {
  readonly start: number;
  readonly end: number;
  /** What it says: offsets of its characters without citations. */
  readonly said: readonly number[];
  readonly citations: readonly Citation[];
}

const CITATIONS = /\[\d{1,4}(?:\s*[,;]\s*\d{1,4})*\]/g;
/** Several in a row are said of the same. */
const GROUPS = new RegExp(`${CITATIONS.source}(?:\\s*(?:[,;]\\s*)?${CITATIONS.source})*`, 'g');
const WORD = /[\p{L}\p{N}]/u;
// Where the segmenter takes a full stop for the end: titles and the like before a name or number, and letters with stops
// (`e.g.`, `z. B.`, `J.`). What ends sentences as well, such as `etc.` and `no.`, is not here.
const SHORT =
  /(?:^|[\s("'“„«])(?:Mr|Mrs|Ms|Dr|Prof|St|Sr|Jr|Gen|Rev|Hon|Capt|Lt|Sgt|vs|cf|approx|figs?|vol|pp|et al|viz|resp|incl|dept|nr|abb|bd|bzw|ca|vgl|inkl|evtl|ggf|sog|hr|mme|mlle|sra?|núm)\.\s*$/iu;
const LETTERS = /(?:^|[\s("'“„«])(?:(?:\p{L}\.\s?)+\p{L}|\p{Lu}|[zdu])\.\s*$/u;
/** Of the text before an end, what is looked at: else a long one would be read again for each. */
const LONGEST_SHORT = 40;
// The rules for all languages: the segmenter has none of its own for any.
const segmenter = new Intl.Segmenter('en', { granularity: 'sentence' });

/** The citations in a text: `[1]`, `[1, 2]`. */
export function citationsIn(text: string): readonly Citation[] {
  return [...text.matchAll(CITATIONS)].map(({ 0: whole, index }) => ({
    ids: [...whole.matchAll(/\d+/g)].map(Number),
    start: index,
    end: index + whole.length,
  }));
}

/**
 * The sentences of a block, in order, each with its citations: those in it, and those behind its full stop. What has no
 * word is none.
 */
export function sentencesOf({ masked }: FlatText): readonly Sentence[] {
  const { said, groups } = withoutCitations(masked);
  const sentences: Sentence[] = [];
  let start = 0;
  for (const end of endsOf(said.map((at) => masked.charAt(at)).join(''))) {
    const own = said.slice(start, end);
    const first = own.findIndex((at) => /\S/.test(masked.charAt(at)));
    const last = own.findLastIndex((at) => /\S/.test(masked.charAt(at)));
    const citations = groups
      .filter(({ after }) => (after > start || start === 0) && after <= end)
      .flatMap(({ citations }) => citations);
    sentences.push({
      start: Math.min(own[first] ?? 0, ...citations.map((one) => one.start)),
      end: Math.max((own[last] ?? 0) + 1, ...citations.map((one) => one.end)),
      said: own.slice(first, last + 1),
      citations,
    });
    start = end;
  }
  return sentences;
}

/** The places of what is said, and of each group of citations how much was said before it. */
function withoutCitations(masked: string) {
  const said: number[] = [];
  const groups: { after: number; citations: readonly Citation[] }[] = [];
  let next = 0;
  const take = (end: number) => {
    for (; next < end; next++) said.push(next);
  };
  for (const { 0: whole, index } of masked.matchAll(GROUPS)) {
    take(index);
    const end = index + whole.length;
    // Else `six [1].` would have a gap before its full stop.
    if (/^(?:[\s\p{P}]|$)/u.test(masked.slice(end, end + 2))) {
      while (/\s/.test(masked.charAt(said.at(-1) ?? -1))) said.pop();
    }
    const citations = citationsIn(whole).map(({ ids, ...at }) => ({
      ids,
      start: index + at.start,
      end: index + at.end,
    }));
    groups.push({ after: said.length, citations });
    next = end;
  }
  take(masked.length);
  return { said, groups };
}

/** Where the sentences of a text end. */
function endsOf(text: string): number[] {
  const ends: number[] = [];
  let open = '';
  const segments = [...segmenter.segment(text)];
  for (const [place, { segment, index }] of segments.entries()) {
    open += segment;
    const after = segments[place + 1]?.segment ?? '';
    const end = open.slice(-LONGEST_SHORT);
    const goesOn = SHORT.test(end) || LETTERS.test(end) || /^[\s\p{P}]*\p{Ll}/u.test(after);
    if (goesOn || !WORD.test(open)) continue;
    ends.push(index + segment.length);
    open = '';
  }
  // A rest without a word belongs to what stands before it.
  if (WORD.test(open)) ends.push(text.length);
  else if (ends.length > 0) ends[ends.length - 1] = text.length;
  return ends;
}
