import { hash } from 'node:crypto';

/**
 * SHA-256 of a text (UTF-8), base64url: what a transaction context holds of what a person wrote, and how logs and signed
 * answers name a token, never by itself.
 */
export function digestOfText(text: string): string {
  return hash('sha256', text, 'base64url');
}
