import type { SignatureCheck } from './chain.js';
import { expect, magnitudeOf, malformed, sequenceOf, Tag } from './der.js';

const POINT_BYTES = { 'P-256': 32, 'P-384': 48 } as const;

/**
 * Checks a signature that `verifyChain` yields with WebCrypto (browsers; Node 22 and later). Never rejects: what
 * cannot be checked is false.
 */
export async function webCryptoCheck(check: SignatureCheck): Promise<boolean> {
  const { algorithm, keyKind } = check;
  try {
    if ((keyKind === 'RSA') === (algorithm.name === 'ECDSA')) return false;
    const key = await crypto.subtle.importKey(
      'spki',
      new Uint8Array(check.publicKeyInfo),
      { name: algorithm.name, hash: algorithm.hash, namedCurve: keyKind },
      false,
      ['verify'],
    );
    return await crypto.subtle.verify(
      // RFC 4055: the salt is as long as the hash.
      {
        name: algorithm.name,
        hash: algorithm.hash,
        saltLength: Number(algorithm.hash.slice(4)) / 8,
      },
      key,
      keyKind === 'RSA' ? new Uint8Array(check.signature) : rAndS(check.signature, keyKind),
      new Uint8Array(check.data),
    );
  } catch {
    return false;
  }
}

/** Certificates have ECDSA signatures as DER of two integers, WebCrypto wants them side by side at full length. */
function rAndS(der: Uint8Array, curve: 'P-256' | 'P-384'): Uint8Array<ArrayBuffer> {
  const size = POINT_BYTES[curve];
  const bytes = new Uint8Array(2 * size);
  const values = sequenceOf(der, 'the signature').map((element) =>
    magnitudeOf(expect(element, Tag.integer, 'a part of the signature')),
  );
  if (values.length !== 2) throw malformed('the signature is not r and s');
  values.forEach((value, index) => {
    // One that is too long would run into its neighbour, and two texts would be one signature.
    if (value.length > size) throw malformed('a part of the signature is too long');
    bytes.set(value, (index + 1) * size - value.length);
  });
  return bytes;
}
