import { JsonError } from './json.error.js';

export type JsonValue = null | boolean | number | string | readonly JsonValue[] | JsonObject;
export interface JsonObject {
  readonly [member: string]: JsonValue;
}

/** Objects and lists within one another at most. */
export const MAX_JSON_DEPTH = 32;

const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
/** All characters but controls, quotation mark and backslash; what follows a backslash is for `JSON.parse` to judge. */
const STRING = /"[ !#-[\]-\uffff]*(?:\\.[ !#-[\]-\uffff]*)*"/y;
const WORDS: readonly (readonly [string, JsonValue])[] = [
  ['true', true],
  ['false', false],
  ['null', null],
];

/**
 * Reads JSON as I-JSON has it (RFC 8259, RFC 7493), so that two readers cannot see two things in one text: no member
 * twice, no lone surrogate, no number that a double cannot hold (beyond its range, or a whole number that would be
 * read as another), at most 32 levels.
 *
 * @param maxCharacters Longest text, in UTF-16 code units.
 * @throws JsonError with one code a rule
 *
 * @example
 * parseStrictJson('{"a":1,"a":2}', 1000); // ERR_ANSWER_JSON_DUPLICATE_MEMBER
 */
export function parseStrictJson(text: string, maxCharacters: number): JsonValue {
  if (text.length > maxCharacters) {
    throw new JsonError(
      'ERR_ANSWER_JSON_SIZE',
      `The JSON text is longer than ${maxCharacters} characters.`,
    );
  }
  return new Reader(text).whole();
}

class Reader {
  private position = 0;

  constructor(private readonly text: string) {}

  whole(): JsonValue {
    const value = this.value(0);
    if (this.position !== this.text.length) throw this.malformed();
    return value;
  }

  private value(depth: number): JsonValue {
    this.skipWhiteSpace();
    const value = this.bareValue(depth);
    this.skipWhiteSpace();
    return value;
  }

  private bareValue(depth: number): JsonValue {
    if (depth > MAX_JSON_DEPTH) throw tooDeep();
    if (this.take('{')) return this.object(depth + 1);
    if (this.take('[')) return this.list(depth + 1);
    if (this.text[this.position] === '"') return this.string();
    for (const [word, value] of WORDS) if (this.take(word)) return value;
    return this.number();
  }

  private object(depth: number): JsonObject {
    const members = new Map<string, JsonValue>();
    this.skipWhiteSpace();
    if (this.take('}')) return {};
    do {
      this.skipWhiteSpace();
      const name = this.string();
      if (members.has(name)) {
        throw new JsonError(
          'ERR_ANSWER_JSON_DUPLICATE_MEMBER',
          'A JSON object has a member twice.',
        );
      }
      this.skipWhiteSpace();
      this.expect(':');
      members.set(name, this.value(depth));
    } while (this.take(','));
    this.expect('}');
    // Not by assignment: `__proto__` is a member like any other.
    return Object.fromEntries(members);
  }

  private list(depth: number): JsonValue[] {
    const values: JsonValue[] = [];
    this.skipWhiteSpace();
    if (this.take(']')) return values;
    do values.push(this.value(depth));
    while (this.take(','));
    this.expect(']');
    return values;
  }

  private string(): string {
    const token = this.match(STRING);
    if (token === '') throw this.malformed();
    const value = token.includes('\\') ? (this.parsed(token) as string) : token.slice(1, -1);
    if (!value.isWellFormed()) throw notWellFormed();
    return value;
  }

  private number(): number {
    const token = this.match(NUMBER);
    if (token === '') throw this.malformed();
    const value = this.parsed(token) as number;
    const lost =
      !Number.isFinite(value) ||
      (/^-?[0-9]+$/.test(token) && !Number.isSafeInteger(value) && String(value) !== token) ||
      (value === 0 && /[1-9]/.test(token.split(/[eE]/)[0] ?? ''));
    if (lost) throw notANumber();
    return value;
  }

  private parsed(token: string): unknown {
    try {
      return JSON.parse(token);
    } catch {
      throw this.malformed();
    }
  }

  private take(token: string): boolean {
    if (!this.text.startsWith(token, this.position)) return false;
    this.position += token.length;
    return true;
  }

  private expect(token: string): void {
    if (!this.take(token)) throw this.malformed();
  }

  private match(pattern: RegExp): string {
    pattern.lastIndex = this.position;
    const [token] = pattern.exec(this.text) ?? [''];
    this.position += token.length;
    return token;
  }

  private skipWhiteSpace(): void {
    while (isWhiteSpace(this.text.charCodeAt(this.position))) this.position += 1;
  }

  private malformed(): JsonError {
    return new JsonError(
      'ERR_ANSWER_JSON_SYNTAX',
      `The text is not JSON, from character ${this.position} on.`,
    );
  }
}

function isWhiteSpace(code: number): boolean {
  return code === 0x20 || code === 0x09 || code === 0x0a || code === 0x0d;
}

export function tooDeep(): JsonError {
  return new JsonError(
    'ERR_ANSWER_JSON_DEPTH',
    `The JSON value is nested more than ${MAX_JSON_DEPTH} levels deep.`,
  );
}

export function notWellFormed(): JsonError {
  return new JsonError('ERR_ANSWER_JSON_STRING', 'A JSON string has half of a surrogate pair.');
}

export function notANumber(): JsonError {
  return new JsonError('ERR_ANSWER_JSON_NUMBER', 'A JSON number is none that a double can hold.');
}
