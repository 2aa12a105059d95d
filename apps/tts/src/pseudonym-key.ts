import { hasCode } from '@mesh/errors';
import type { SecretSource } from '@mesh/secrets';
import { PseudonymKeyError } from './pseudonym-key.error.js';

/** 32 bytes in base64url: the last of 43 characters carries four bits, so that two of its own are zero. */
const KEY = /^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/;

/**
 * The key that pseudonyms of people are made with, from the secret `pseudonyms`. The same key gives the same names, so it
 * is read once and never changed while the service runs.
 * @throws PseudonymKeyError; SecretError where the secret cannot be read
 */
export async function pseudonymKey(secrets: SecretSource, signal: AbortSignal): Promise<Buffer> {
  const text = await secrets.get('pseudonyms', { signal }).then(
    ({ secret }) => secret.reveal(),
    (cause: unknown) => {
      if (!hasCode(cause, 'ERR_SECRET_NOT_FOUND')) throw cause;
      throw new PseudonymKeyError('is not set', { cause });
    },
  );
  // The text is not repeated: it is the key.
  if (!KEY.test(text)) throw new PseudonymKeyError('is no key');
  return Buffer.from(text, 'base64url');
}
