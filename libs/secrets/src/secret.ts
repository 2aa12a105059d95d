const REDACTED = '[redacted]';

/**
 * Text that must not be shown: a key, a token, a password. It prints as `[redacted]` in strings, JSON, logs and
 * `util.inspect`; spread, `Object.entries` and `structuredClone` yield nothing of it. `reveal()` is the only way
 * to the text: call it where the text leaves the process, and keep no copy.
 */
export class Secret {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
    Object.freeze(this);
  }

  reveal(): string {
    return this.#text;
  }

  toString(): string {
    return REDACTED;
  }

  toJSON(): string {
    return REDACTED;
  }

  [Symbol.toPrimitive](): string {
    return REDACTED;
  }

  /** `util.inspect`, and so `console.log`. */
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return REDACTED;
  }
}
