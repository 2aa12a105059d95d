import { hash } from 'node:crypto';
import type { Digest } from '@mesh/provenance';

/** `digestOf` of @mesh/provenance, at once: WebCrypto goes through the thread pool for each. */
export function sha256(text: string): Digest {
  return hash('sha256', text, 'base64url');
}
