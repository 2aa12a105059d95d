import { base64UrlText } from './base64.js';
import { CertificateError } from './certificate.error.js';
import { expect, hexOf, magnitudeOf, sequenceOf, Tag, wholeBytesOf } from './der.js';

export type Hash = 'SHA-256' | 'SHA-384' | 'SHA-512';

/** How a certificate is signed. */
export interface SignatureAlgorithm {
  readonly name: 'ECDSA' | 'RSASSA-PKCS1-v1_5' | 'RSA-PSS';
  readonly hash: Hash;
}

/** What kind of key a certificate holds. */
export type PublicKeyKind = 'P-256' | 'P-384' | 'RSA';

/**
 * The allow-list, by the exact DER of the AlgorithmIdentifier, so that no parameter goes unread. RFC 4055 has NULL
 * parameters for RSA and RFC 5758 none for ECDSA; PSS only with MGF1 of the same hash and a salt as long as the hash.
 */
const SIGNATURE_ALGORITHMS: ReadonlyMap<string, SignatureAlgorithm> = new Map<
  string,
  SignatureAlgorithm
>([
  ['300a06082a8648ce3d040302', { name: 'ECDSA', hash: 'SHA-256' }],
  ['300a06082a8648ce3d040303', { name: 'ECDSA', hash: 'SHA-384' }],
  ['300a06082a8648ce3d040304', { name: 'ECDSA', hash: 'SHA-512' }],
  ['300d06092a864886f70d01010b0500', { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }],
  ['300d06092a864886f70d01010c0500', { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-384' }],
  ['300d06092a864886f70d01010d0500', { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-512' }],
  ...pss('01', 0x20, 'SHA-256'),
  ...pss('02', 0x30, 'SHA-384'),
  ...pss('03', 0x40, 'SHA-512'),
]);

/** RFC 4055 2.1: the hash's own parameters are NULL or absent, and both are to be understood. */
function pss(arc: string, saltLength: number, hash: Hash): [string, SignatureAlgorithm][] {
  return ['0500', ''].map((parameters) => {
    const sha = nested('30', `06096086480165030402${arc}${parameters}`);
    const mask = nested('30', `06092a864886f70d010108${sha}`);
    const salt = nested('02', saltLength.toString(16));
    const all = nested('30', nested('a0', sha) + nested('a1', mask) + nested('a2', salt));
    return [nested('30', `06092a864886f70d01010a${all}`), { name: 'RSA-PSS', hash }];
  });
}

/** Hex of a DER element of less than 128 bytes. */
function nested(tag: string, content: string): string {
  return tag + (content.length / 2).toString(16).padStart(2, '0') + content;
}

const CURVES: ReadonlyMap<string, { kind: 'P-256' | 'P-384'; size: number }> = new Map([
  ['301306072a8648ce3d020106082a8648ce3d030107', { kind: 'P-256', size: 32 }],
  ['301006072a8648ce3d020106052b81040022', { kind: 'P-384', size: 48 }],
]);
const RSA = '300d06092a864886f70d0101010500';
const MIN_RSA_BITS = 2048;
/** A verification's cost grows with the square of it, and anyone may present a certificate. */
const MAX_RSA_BITS = 8192;
const MIN_RSA_EXPONENT = 65_537;

/**
 * How the certificate is signed.
 * @throws CertificateError `ERR_CERTIFICATE_SIGNATURE_ALGORITHM` for SHA-1, Ed25519 and whatever is not on the list
 */
export function signatureAlgorithmOf(certificate: {
  readonly signatureAlgorithm: Uint8Array;
  readonly serialNumber: string;
}): SignatureAlgorithm {
  const algorithm = SIGNATURE_ALGORITHMS.get(hexOf(certificate.signatureAlgorithm));
  if (algorithm === undefined) {
    throw new CertificateError(
      'ERR_CERTIFICATE_SIGNATURE_ALGORITHM',
      'The certificate is not signed with ECDSA, RSA PKCS #1 or RSA-PSS and SHA-256, SHA-384 or SHA-512.',
      { serialNumber: certificate.serialNumber },
    );
  }
  return algorithm;
}

/**
 * The kind of the certificate's key: P-256 or P-384 as an uncompressed point, or RSA of 2048 to 8192 bits with an
 * exponent of 65537 up to 32 bits.
 * @throws CertificateError `ERR_CERTIFICATE_KEY` for any other
 */
export function publicKeyKindOf(certificate: HasPublicKey): PublicKeyKind {
  return publicKeyOf(certificate).kind;
}

/**
 * The certificate's key as the members of a JWK (RFC 7518 6.2 and 6.3).
 * @throws CertificateError as `publicKeyKindOf`
 */
export function publicKeyMembers(certificate: HasPublicKey): Readonly<Record<string, string>> {
  const key = publicKeyOf(certificate);
  return key.kind === 'RSA'
    ? { kty: 'RSA', n: base64UrlText(key.n), e: base64UrlText(key.e) }
    : { kty: 'EC', crv: key.kind, x: base64UrlText(key.x), y: base64UrlText(key.y) };
}

interface HasPublicKey {
  readonly publicKeyInfo: Uint8Array;
  readonly serialNumber: string;
}

type PublicKey =
  | { readonly kind: 'RSA'; readonly n: Uint8Array; readonly e: Uint8Array }
  | { readonly kind: 'P-256' | 'P-384'; readonly x: Uint8Array; readonly y: Uint8Array };

function publicKeyOf(certificate: HasPublicKey): PublicKey {
  const assert = (holds: boolean, what: string) => {
    if (holds) return;
    throw new CertificateError(
      'ERR_CERTIFICATE_KEY',
      `The certificate's key is not accepted: ${what}.`,
      { serialNumber: certificate.serialNumber },
    );
  };
  const [algorithm, bits, ...rest] = sequenceOf(certificate.publicKeyInfo, 'the public key');
  const key = wholeBytesOf(expect(bits, Tag.bitString, 'the public key'));
  assert(rest.length === 0, 'more parts than are known');
  const identifier = hexOf(expect(algorithm, Tag.sequence, 'the kind of the key').raw);
  const curve = CURVES.get(identifier);
  if (curve !== undefined) {
    const { kind, size } = curve;
    assert(key.length === 1 + 2 * size && key[0] === 0x04, 'not an uncompressed point');
    return { kind, x: key.subarray(1, 1 + size), y: key.subarray(1 + size) };
  }
  assert(identifier === RSA, 'neither P-256, P-384 nor RSA');
  const [modulus, exponent, ...more] = sequenceOf(key, 'the RSA key');
  assert(more.length === 0, 'more parts than are known');
  const n = magnitudeOf(expect(modulus, Tag.integer, 'the modulus'));
  const e = magnitudeOf(expect(exponent, Tag.integer, 'the exponent'));
  const bitLength = n.length * 8 - Math.clz32(n[0] ?? 0) + 24;
  assert(bitLength >= MIN_RSA_BITS && bitLength <= MAX_RSA_BITS, `RSA of ${bitLength} bits`);
  const value = e.length > 4 ? 0 : e.reduce((sum, byte) => sum * 256 + byte, 0);
  assert(value >= MIN_RSA_EXPONENT && value % 2 === 1, 'an RSA exponent out of range');
  return { kind: 'RSA', n, e };
}
