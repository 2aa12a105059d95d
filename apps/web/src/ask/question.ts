/** Characters of a question at most. */
export const MAX_QUESTION = 2000;

/** The text as a question can hold it: what was pasted may be a book. */
export function cutQuestion(text: string): string {
  // Half a character at the cut would be no text any more.
  return text
    .slice(0, MAX_QUESTION)
    .toWellFormed()
    .replace(/\uFFFD$/, '');
}
