import { constants, createPublicKey, type KeyObject, verify } from 'node:crypto';
import type { SignatureCheck } from '@mesh/spiffe';

const HASHES = { 'SHA-256': 'sha256', 'SHA-384': 'sha384', 'SHA-512': 'sha512' } as const;

/** Runs chain rules with node:crypto, synchronously: answers each signature check that they yield. */
export function verifySignatures<T>(
  steps: Generator<SignatureCheck, T, boolean>,
  keyOf: (publicKeyInfo: Uint8Array) => KeyObject = publicKeyOf,
): T {
  let step = steps.next();
  while (!step.done) step = steps.next(isRight(step.value, keyOf));
  return step.value;
}

/** Reads a SubjectPublicKeyInfo (DER). Costs about 20 µs. */
export function publicKeyOf(publicKeyInfo: Uint8Array): KeyObject {
  return createPublicKey({ key: Buffer.from(publicKeyInfo), format: 'der', type: 'spki' });
}

function isRight(check: SignatureCheck, keyOf: (spki: Uint8Array) => KeyObject): boolean {
  const { name, hash } = check.algorithm;
  if ((check.keyKind === 'RSA') === (name === 'ECDSA')) return false;
  try {
    const key = keyOf(check.publicKeyInfo);
    const padding = constants.RSA_PKCS1_PSS_PADDING;
    const saltLength = constants.RSA_PSS_SALTLEN_DIGEST;
    const verifyKey = name === 'RSA-PSS' ? { key, padding, saltLength } : key;
    return verify(HASHES[hash], check.data, verifyKey, check.signature);
  } catch {
    // OpenSSL throws for a point that is not on its curve.
    return false;
  }
}
