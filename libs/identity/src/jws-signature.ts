import { constants, type KeyObject, sign, verify } from 'node:crypto';

/** How a JWS may be signed (RFC 7518 3.1): what the keys of SVIDs can do. */
export type JwsAlgorithm = 'ES256' | 'ES384' | 'RS256' | 'PS256';

const HASHES = { ES256: 'sha256', ES384: 'sha384', RS256: 'sha256', PS256: 'sha256' } as const;
const CURVES: Readonly<Record<string, JwsAlgorithm>> = {
  prime256v1: 'ES256',
  secp384r1: 'ES384',
};

/** Whether the `alg` of a JWS is one of them. */
export function isJwsAlgorithm(name: unknown): name is JwsAlgorithm {
  return typeof name === 'string' && Object.hasOwn(HASHES, name);
}

/** The algorithms that fit a key; the first one is what it signs with. None for any other kind of key. */
export function jwsAlgorithmsOf(key: KeyObject): readonly JwsAlgorithm[] {
  if (key.asymmetricKeyType === 'rsa') return ['PS256', 'RS256'];
  const curve = CURVES[key.asymmetricKeyDetails?.namedCurve ?? ''];
  return curve === undefined ? [] : [curve];
}

/**
 * The signature of a JWS; of ECDSA the 64 or 96 bytes of RFC 7518 3.4.
 * @param key Private; one that `jwsAlgorithmsOf` names the algorithm for.
 */
export function signJws(algorithm: JwsAlgorithm, key: KeyObject, data: Uint8Array): Buffer {
  return sign(HASHES[algorithm], data, { key, ...parametersOf(algorithm) });
}

/**
 * Whether the key signed it.
 * @param key Public; one that `jwsAlgorithmsOf` names the algorithm for.
 */
export function isJwsSignature(
  algorithm: JwsAlgorithm,
  key: KeyObject,
  data: Uint8Array,
  signature: Uint8Array,
): boolean {
  return verify(HASHES[algorithm], data, { key, ...parametersOf(algorithm) }, signature);
}

function parametersOf(algorithm: JwsAlgorithm) {
  switch (algorithm) {
    case 'PS256':
      return {
        padding: constants.RSA_PKCS1_PSS_PADDING,
        saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
      };
    case 'RS256':
      return { padding: constants.RSA_PKCS1_PADDING };
    case 'ES256':
    case 'ES384':
      // RFC 7518 3.4: r and s side by side, not DER.
      return { dsaEncoding: 'ieee-p1363' as const };
  }
}
