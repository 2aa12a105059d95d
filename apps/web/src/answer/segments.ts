import { alignText, citationsIn, type Receipt } from '@mesh/provenance';

/** A part of a shown text. */
export interface Segment {
  readonly text: string;
  /** Which sentence of the receipt it belongs to, from 0. */
  readonly sentence?: number;
  /** The source that it names. */
  readonly citation?: number;
}

/**
 * Splits a text of the rendered Markdown where the receipt's sentences begin and end, and at its citations.
 *
 * @param value The text as it is shown.
 * @param place Where it begins and ends in the Markdown, with its marks.
 * @param literal Of code: nothing in it cites.
 */
export function segmentsOf(
  value: string,
  markdown: string,
  [start, end]: readonly [number, number],
  sentences: Receipt['sentences'],
  literal = false,
): readonly Segment[] {
  const { from } = alignText(value, markdown.slice(start, end), literal);
  const sentenceAt = (at: number) => placeIn(sentences, start + (from[at] ?? 0));
  const citations = literal ? [] : citationsIn(value);
  const cuts = new Set([0, ...citations.flatMap((one) => [one.start, one.end])]);
  for (let at = 1; at < value.length; at++) {
    if (sentenceAt(at) !== sentenceAt(at - 1)) cuts.add(at);
  }
  const places = [...cuts]
    .sort((a, b) => a - b)
    // A citation is one whole.
    .filter((at) => at < value.length && !citations.some((one) => one.start < at && at < one.end));
  return places.flatMap((at, index): Segment[] => {
    const sentence = sentenceAt(at);
    const of = sentence === undefined ? {} : { sentence };
    const cited = citations.find((one) => one.start === at);
    return cited
      ? cited.ids.map((citation) => ({ text: `[${citation}]`, ...of, citation }))
      : [{ text: value.slice(at, places[index + 1]), ...of }];
  });
}

/** The sentence that a place of the Markdown belongs to: they stand in order. */
function placeIn(sentences: Receipt['sentences'], offset: number): number | undefined {
  let [from, before] = [0, sentences.length];
  while (from < before) {
    const middle = (from + before) >> 1;
    const { start, end } = sentences[middle]!;
    if (offset < start) before = middle;
    else if (offset >= end) from = middle + 1;
    else return middle;
  }
  return undefined;
}
