// A document, or whoever answers, may send sequences that move the cursor, set the title or write to the clipboard.
// eslint-disable-next-line no-control-regex -- these are what is taken out
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g;

/** Text without what steers a terminal; line feeds and tabs stay. */
export function printable(text: string): string {
  return text.replace(CONTROL, '');
}

/** JSON text with the same content, in which nothing steers a terminal: such characters stand in strings alone. */
export function printableJson(json: string): string {
  return json.replace(
    /[\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** Printable text in one line, so that it cannot pass for another one. */
export function printableLine(text: string): string {
  return printable(text.replace(/\s+/g, ' ')).trim();
}
