import { randomBytes } from 'node:crypto';

/** The last of 22 characters carries two of the 128 bits. */
const FORM = /^[A-Za-z0-9_-]{21}[AQgw]$/;

/** A `Request-Nonce`: 128 fresh random bits, base64url. Made for each logical call, and the same in its retries. */
export function newRequestNonce(): string {
  return randomBytes(16).toString('base64url');
}

/** Whether it has the form of a `Request-Nonce`. */
export function isRequestNonce(value: unknown): value is string {
  return typeof value === 'string' && FORM.test(value);
}
