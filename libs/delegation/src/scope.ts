/** Scopes that a token may hold at most. */
export const MAX_SCOPES = 32;
const MAX_SCOPE_LENGTH = 64;
/** RFC 6749 3.3: what a scope token is made of. */
const SCOPE = /^[\x21\x23-\x5b\x5d-\x7e]+$/;

/**
 * The scopes of a text, in its order (RFC 6749 3.3): with one space between them, each once, 1 to 32 of at most 64
 * characters. Undefined for any other text.
 */
export function parseScope(text: string): readonly string[] | undefined {
  const scopes = text.split(' ');
  const valid =
    scopes.length <= MAX_SCOPES &&
    new Set(scopes).size === scopes.length &&
    scopes.every((scope) => scope.length <= MAX_SCOPE_LENGTH && SCOPE.test(scope));
  return valid ? Object.freeze(scopes) : undefined;
}

/** The first of `scopes` that is not among `allowed`, or undefined when all are: no scope implies another. */
export function scopeBeyond(
  scopes: readonly string[],
  allowed: readonly string[],
): string | undefined {
  return scopes.find((scope) => !allowed.includes(scope));
}
