import { createHmac } from 'node:crypto';
import type { AccessToken } from './access-token/access-token.js';

/** A person as rules see one: who may act for whom is said in these terms. */
export interface Person {
  /** Issuer-qualified: `qualifiedSubject`. */
  readonly subject: string;
  readonly roles: readonly string[];
  readonly groups: readonly string[];
}

/**
 * A subject that is unique whatever the issuer: `<issuer>#<sub>`. An issuer's URL has no fragment (OpenID Connect
 * Discovery 3), so that the first `#` ends it and no two pairs give the same text.
 */
export function qualifiedSubject(issuer: string, sub: string): string {
  return `${issuer}#${sub}`;
}

/** Whom an access token was issued for. */
export function personOf({ issuer, subject, roles, groups }: AccessToken): Person {
  return { subject: qualifiedSubject(issuer, subject), roles, groups };
}

const MIN_KEY_BYTES = 32;

/**
 * What a person is called in logs and in signed answers: HMAC-SHA-256 over the issuer-qualified subject, base64url.
 * Without the key nobody can tell from a list of subjects which one it is. The same key gives the same name: keep it.
 *
 * @example
 * const pseudonyms = new Pseudonyms(randomBytes(32));
 * pseudonyms.of(qualifiedSubject('https://login.example.org', '248289761001'));
 */
export class Pseudonyms {
  readonly #key: Uint8Array;

  /** @param key At least 32 bytes; fewer are a mistake of the program, and a RangeError. */
  constructor(key: Uint8Array) {
    if (key.length < MIN_KEY_BYTES) {
      throw new RangeError(`The key of pseudonyms has fewer than ${MIN_KEY_BYTES} bytes.`);
    }
    this.#key = Uint8Array.from(key);
  }

  of(subject: string): string {
    return createHmac('sha256', this.#key).update(subject).digest('base64url');
  }
}
