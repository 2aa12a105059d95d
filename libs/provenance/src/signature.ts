import { AnswerError } from './answer.error.js';
import type { CompactJws, StatementAlgorithm } from './compact-jws.js';

const PARAMETERS: Readonly<
  Record<
    StatementAlgorithm,
    { name: string; hash: string; namedCurve?: string; saltLength?: number }
  >
> = {
  ES256: { name: 'ECDSA', hash: 'SHA-256', namedCurve: 'P-256' },
  ES384: { name: 'ECDSA', hash: 'SHA-384', namedCurve: 'P-384' },
  RS256: { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' },
  // RFC 7518 3.5: the salt is as long as the hash.
  PS256: { name: 'RSA-PSS', hash: 'SHA-256', saltLength: 32 },
};

/** What a signature check needs of a JWS. */
export type Signed = Pick<CompactJws, 'algorithm' | 'signature' | 'signingInput'>;

/**
 * Whether the key signed it, by WebCrypto.
 * @param publicKeyInfo SubjectPublicKeyInfo (DER) of the leaf; not to be written to.
 * @throws AnswerError `ERR_ANSWER_ALGORITHM_KEY` where the key is of another kind than the algorithm is for
 */
export async function signedBy(publicKeyInfo: Uint8Array, jws: Signed): Promise<boolean> {
  const key = await keyOf(publicKeyInfo, jws.algorithm);
  return crypto.subtle.verify(PARAMETERS[jws.algorithm], key, jws.signature, jws.signingInput);
}

/** Keys that were imported, by the certificate's own bytes. */
const keys = new WeakMap<Uint8Array, { algorithm: StatementAlgorithm; key: CryptoKey }>();

async function keyOf(publicKeyInfo: Uint8Array, algorithm: StatementAlgorithm): Promise<CryptoKey> {
  const known = keys.get(publicKeyInfo);
  if (known?.algorithm === algorithm) return known.key;
  try {
    const key = await crypto.subtle.importKey(
      'spki',
      new Uint8Array(publicKeyInfo),
      PARAMETERS[algorithm],
      false,
      ['verify'],
    );
    keys.set(publicKeyInfo, { algorithm, key });
    return key;
  } catch (cause) {
    throw new AnswerError(
      'ERR_ANSWER_ALGORITHM_KEY',
      `The key of the certificate is none for ${algorithm}.`,
      { cause },
    );
  }
}
