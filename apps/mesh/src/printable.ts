// A document, or whoever answers, may send sequences that move the cursor, set the title or write to the clipboard, and
// characters that are not seen or turn the reading round. The same set as `plainText` of @mesh/observability has.
const STEERING = /(?![\n\t])[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu;
/** Those of them that JSON may hold as they are. */
const STEERING_IN_JSON = /[\u007f-\u009f\p{Cf}\u2028\u2029]/gu;

/** Text without what steers a terminal; line feeds and tabs stay. */
export function printable(text: string): string {
  return text.replace(STEERING, '');
}

/** JSON text with the same content, in which nothing steers a terminal: such characters stand in strings alone. */
export function printableJson(json: string): string {
  return json.replace(STEERING_IN_JSON, (character) =>
    // One above U+FFFF is two escapes.
    character.replace(/[^]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`),
  );
}

/** Printable text in one line, so that it cannot pass for another one. */
export function printableLine(text: string): string {
  return printable(text.replace(/\s+/g, ' ')).trim();
}

/** Width that text for this stream is broken to; where it is no terminal, as most terminals have it. */
export function columnsOf({ columns }: NodeJS.WriteStream): number {
  return columns || 80;
}

/** Narrower than this nothing is broken into lines any more, in columns. */
const LEAST_COLUMNS = 20;

/**
 * Printable text of others, each line behind an indent: what begins a line in the terminal's first column is then this
 * program's own word. Lines are broken here, since a terminal would go on in its first column.
 *
 * @param columns Width of the terminal
 */
export function indented(text: string, indent: string, columns: number): string {
  const width = Math.max(columns, LEAST_COLUMNS) - indent.length;
  return (
    printable(text)
      .replaceAll('\t', '  ')
      .split('\n')
      // One word of ASCII, such as an address, says nothing in the first column, and can be copied whole.
      .flatMap((line) => (/^[!-~]+$/.test(line) ? [line] : broken(line, width)))
      .map((line) => `${indent}${line}`.trimEnd())
      .join('\n')
  );
}

/** Lines of at most so many columns, broken behind a space where there is one. */
function broken(text: string, columns: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const character of text) {
    if (widthOf(line + character) > columns) {
      const end = line.lastIndexOf(' ') + 1 || line.length;
      lines.push(line.slice(0, end));
      line = line.slice(end);
    }
    line += character;
  }
  return [...lines, line];
}

/** Columns that a text takes at most: what may be wide stands behind U+1100. */
function widthOf(text: string): number {
  return [...text].reduce((width, character) => width + (character < '\u1100' ? 1 : 2), 0);
}
