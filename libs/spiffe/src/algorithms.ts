import { CertificateError } from './certificate.error.js';
import {
  elements,
  expect,
  hexOf,
  magnitudeOf,
  only,
  sequenceOf,
  Tag,
  wholeBytesOf,
} from './der.js';

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
const SIGNATURE_ALGORITHMS: ReadonlyMap<string, SignatureAlgorithm> = new Map([
  ['300a06082a8648ce3d040302', { name: 'ECDSA', hash: 'SHA-256' }],
  ['300a06082a8648ce3d040303', { name: 'ECDSA', hash: 'SHA-384' }],
  ['300a06082a8648ce3d040304', { name: 'ECDSA', hash: 'SHA-512' }],
  ['300d06092a864886f70d01010b0500', { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }],
  ['300d06092a864886f70d01010c0500', { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-384' }],
  ['300d06092a864886f70d01010d0500', { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-512' }],
  [pss('01', '20'), { name: 'RSA-PSS', hash: 'SHA-256' }],
  [pss('02', '30'), { name: 'RSA-PSS', hash: 'SHA-384' }],
  [pss('03', '40'), { name: 'RSA-PSS', hash: 'SHA-512' }],
] as const);

function pss(hash: string, saltLength: string): string {
  const sha = `300d06096086480165030402${hash}0500`;
  return `304106092a864886f70d01010a3034a00f${sha}a11c301a06092a864886f70d010108${sha}a2030201${saltLength}`;
}

const CURVES: ReadonlyMap<string, { kind: PublicKeyKind; pointBytes: number }> = new Map([
  ['301306072a8648ce3d020106082a8648ce3d030107', { kind: 'P-256', pointBytes: 65 }],
  ['301006072a8648ce3d020106052b81040022', { kind: 'P-384', pointBytes: 97 }],
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
export function publicKeyKindOf(certificate: {
  readonly publicKeyInfo: Uint8Array;
  readonly serialNumber: string;
}): PublicKeyKind {
  const refused = (what: string) =>
    new CertificateError('ERR_CERTIFICATE_KEY', `The certificate's key is not accepted: ${what}.`, {
      serialNumber: certificate.serialNumber,
    });
  const [algorithm, bits] = sequenceOf(certificate.publicKeyInfo, 'the public key');
  const key = wholeBytesOf(expect(bits, Tag.bitString, 'the public key'));
  const identifier = hexOf(expect(algorithm, Tag.sequence, 'the kind of the key').raw);
  const curve = CURVES.get(identifier);
  if (curve !== undefined) {
    if (key.length !== curve.pointBytes || key[0] !== 0x04) throw refused('a compressed point');
    return curve.kind;
  }
  if (identifier !== RSA) throw refused('neither P-256, P-384 nor RSA');
  const [modulus, exponent] = elements(only(key, Tag.sequence, 'the RSA key').content);
  const n = magnitudeOf(expect(modulus, Tag.integer, 'the modulus'));
  const e = magnitudeOf(expect(exponent, Tag.integer, 'the exponent'));
  const bitLength = n.length * 8 - Math.clz32(n[0] ?? 0) + 24;
  if (bitLength < MIN_RSA_BITS || bitLength > MAX_RSA_BITS) {
    throw refused(`RSA of ${bitLength} bits`);
  }
  const value = e.length > 4 ? 0 : e.reduce((sum, byte) => sum * 256 + byte, 0);
  if (value < MIN_RSA_EXPONENT || value % 2 === 0) throw refused('an RSA exponent out of range');
  return 'RSA';
}
