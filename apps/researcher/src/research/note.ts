/** Longest note, in characters. */
const NOTE = 600;

/**
 * What the researcher notes of a passage: the sentences that share a word with the question, in their order; of a
 * passage without any, its beginning.
 */
export function noteOf(question: string, passage: string): string {
  const asked = new Set(words(question));
  const sentences = [
    ...new Intl.Segmenter(undefined, { granularity: 'sentence' }).segment(passage),
  ].map(({ segment }) => segment.trim());
  const telling = sentences.filter((sentence) => words(sentence).some((word) => asked.has(word)));
  let note = '';
  for (const sentence of telling.length > 0 ? telling : sentences) {
    if (note.length + sentence.length + 1 > NOTE) break;
    note += note === '' ? sentence : ` ${sentence}`;
  }
  // Never half a surrogate pair.
  return note === '' ? passage.slice(0, NOTE).replace(/\p{Surrogate}/gu, '') : note;
}

/** Words of four letters and more carry the topic; in scripts that write words short, of two. */
function words(text: string): string[] {
  return [
    ...new Intl.Segmenter(undefined, { granularity: 'word' }).segment(
      text.normalize('NFKC').toLowerCase(),
    ),
  ]
    .filter(({ isWordLike }) => isWordLike)
    .map(({ segment }) => segment)
    .filter((word) => word.length >= (/^\p{Script=Latin}+$/u.test(word) ? 4 : 2));
}
