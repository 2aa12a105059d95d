import { generateKeyPairSync, randomUUID } from 'node:crypto';
import type { JWK } from 'oidc-provider';
import { IssuerError } from './issuer.error.js';

/** The issuer's ES256 keys, in memory alone. The newest signs; the others are announced until they are retired. */
export class SigningKeys {
  #keys: JWK[] = [newKey()];

  /** Private keys, the one that signs first. */
  get all(): readonly JWK[] {
    return this.#keys;
  }

  /** As `jwks_uri` answers (RFC 7517, section 5). */
  get publicJwks(): { readonly keys: readonly JWK[] } {
    return { keys: this.#keys.map(({ d: _private, ...key }) => key) };
  }

  /** Returns the new key's `kid`. */
  rotate(): string {
    const key = newKey();
    this.#keys = [key, ...this.#keys];
    return key.kid!;
  }

  /** @throws IssuerError `ERR_ISSUER_KEY_STATE` */
  retire(): void {
    if (this.#keys.length === 1) {
      throw new IssuerError('ERR_ISSUER_KEY_STATE', 'There is no old signing key to retire.');
    }
    this.#keys = this.#keys.slice(0, 1);
  }
}

function newKey(): JWK {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const { kty, crv, x, y, d } = privateKey.export({ format: 'jwk' });
  return { kty, crv, x, y, d, kid: randomUUID(), alg: 'ES256', use: 'sig' };
}
