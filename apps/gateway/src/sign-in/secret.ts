import { createHash, randomBytes } from 'node:crypto';

/** The base64url of 256 bits: of a secret, or of its digest. */
const BITS_256 = /^[\w-]{43}$/;

/** 256 random bits, base64url. */
export function randomSecret(): string {
  return randomBytes(32).toString('base64url');
}

/** What is kept of a secret: its SHA-256, base64url. */
export function digestOf(secret: string): string {
  return createHash('sha256').update(secret).digest('base64url');
}

/** Whether it could be a secret of `randomSecret`, or the digest of one. */
export function is256Bits(text: string): boolean {
  return BITS_256.test(text);
}
