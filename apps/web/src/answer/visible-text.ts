/**
 * Control characters, and those that turn the direction of the text around them: with them a name or a sentence shows
 * as another than it is. Marks of direction that stand for themselves (U+200E, U+200F) are of use, and stay.
 */
// eslint-disable-next-line no-control-regex -- they are what is looked for
const UNSEEN = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g;

/** The text with a sign in place of each character that deceives; as long as it was. */
export function visibleText(text: string): string {
  return text.replace(UNSEEN, '\ufffd');
}

/** The same on one line, and no longer than can be read at a glance. */
export function visibleLine(text: string, limit = 300): string {
  const line = visibleText(text).replace(/\s+/g, ' ').trim();
  return line.length > limit ? `${line.slice(0, limit)}…` : line;
}
