import { Secret } from './secret.js';
import { SecretError } from './secret.error.js';

/** Largest secret, in bytes of UTF-8. */
export const SECRET_MAX_BYTES = 8192;

// A control character in a key would end a header line; none is part of any key.
// eslint-disable-next-line no-control-regex -- these are what is refused
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/;

/**
 * The secret that a file or a person's input holds: UTF-8, one trailing newline taken off.
 * Throws `ERR_SECRET_EMPTY`, `ERR_SECRET_TOO_LARGE` or `ERR_SECRET_CHARACTER`.
 */
export function parseSecret(name: string, bytes: Uint8Array): Secret {
  if (bytes.byteLength > SECRET_MAX_BYTES) {
    throw new SecretError('ERR_SECRET_TOO_LARGE', `The secret ${name} is larger than 8 KiB.`, name);
  }
  const text = decode(name, bytes).replace(/\r?\n$/, '');
  if (text === '') throw new SecretError('ERR_SECRET_EMPTY', `The secret ${name} is empty.`, name);
  if (CONTROL.test(text)) {
    throw new SecretError(
      'ERR_SECRET_CHARACTER',
      `The secret ${name} holds a line break or another control character.`,
      name,
    );
  }
  return new Secret(text);
}

function decode(name: string, bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    // The decoder's error says nothing more.
    throw new SecretError('ERR_SECRET_CHARACTER', `The secret ${name} is not UTF-8 text.`, name);
  }
}
