/** Characters of a question at most. */
export const MAX_QUESTION = 2000;
/** Characters that the field keeps at most, for who shortens what they pasted: it may be a book. */
export const MAX_KEPT = 2 * MAX_QUESTION;

/** The text as the field keeps it. */
export function keptText(text: string): string {
  // Half a character at the cut would be no text any more.
  return text
    .slice(0, MAX_KEPT)
    .toWellFormed()
    .replace(/\uFFFD$/, '');
}
