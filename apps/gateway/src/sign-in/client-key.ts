import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { hasCode } from '@mesh/errors';
import type { SecretSource } from '@mesh/secrets';
import { calculateJwkThumbprint, type JWK } from 'jose';
import { ClientKeyError } from './sign-in.error.js';

/** The gateway's own key, by which it proves itself to an issuer that knows no SVIDs (RFC 7523). */
export interface ClientKey {
  /** Thumbprint of the public half (RFC 7638). */
  readonly kid: string;
  readonly privateKey: CryptoKey;
  /** For the issuer: the public half and no more. */
  readonly publicJwk: JWK;
}

const BASE64 = /^[A-Za-z0-9+/]{64,1024}={0,2}$/;

/**
 * The key in the secret `client-key`; undefined where it is not set.
 * @throws ClientKeyError; SecretError where the secret cannot be read
 */
export async function readClientKey(secrets: SecretSource): Promise<ClientKey | undefined> {
  let text: string;
  try {
    text = (await secrets.get('client-key')).secret.reveal();
  } catch (error) {
    if (hasCode(error, 'ERR_SECRET_NOT_FOUND')) return undefined;
    throw error;
  }
  const key = parsePrivateKey(text);
  const { kty, crv, x, y } = createPublicKey(key).export({ format: 'jwk' }) as JWK;
  const kid = await calculateJwkThumbprint({ kty, crv, x, y });
  return {
    kid,
    privateKey: key.toCryptoKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, [
      'sign',
    ]) as CryptoKey,
    publicJwk: { kty, crv, x, y, kid, use: 'sig', alg: 'ES256' },
  };
}

/** The errors of OpenSSL are not passed on: what they say may be of the key. */
function parsePrivateKey(text: string): KeyObject {
  if (!BASE64.test(text)) throw new ClientKeyError();
  let key: KeyObject;
  try {
    key = createPrivateKey({ key: Buffer.from(text, 'base64'), format: 'der', type: 'pkcs8' });
  } catch {
    throw new ClientKeyError();
  }
  if (key.asymmetricKeyDetails?.namedCurve !== 'prime256v1') throw new ClientKeyError();
  return key;
}
