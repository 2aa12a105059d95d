import { hash } from 'node:crypto';

/** SHA-256 (base64url) of a token's text: how logs and signed answers name it, and never by itself. */
export function hashOfToken(text: string): string {
  return hash('sha256', text, 'base64url');
}
