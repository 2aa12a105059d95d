import { createHash, randomBytes, sign, type KeyObject } from 'node:crypto';
import { AsnConvert, OctetString } from '@peculiar/asn1-schema';
import {
  AlgorithmIdentifier,
  AttributeTypeAndValue,
  AttributeValue,
  Certificate,
  Extension,
  Extensions,
  Name,
  RelativeDistinguishedName,
  SubjectPublicKeyInfo,
  TBSCertificate,
  Validity,
  Version,
} from '@peculiar/asn1-x509';

/** Certificates begin this many milliseconds before they are made: clocks of peers may be behind. */
export const BACKDATE_MS = 10_000;

export const COMMON_NAME = '2.5.4.3';
export const ORGANIZATION = '2.5.4.10';
export const SERIAL_NUMBER = '2.5.4.5';
const ECDSA_WITH_SHA256 = '1.2.840.10045.4.3.2';

/** Who signs certificates: a P-256 key, and the name it has in them. */
export interface CertificateSigner {
  readonly key: KeyObject;
  readonly name: Name;
}

export interface CertificateContent {
  readonly subject: Name;
  readonly info: SubjectPublicKeyInfo;
  /** Milliseconds since the epoch. */
  readonly notBefore: number;
  readonly notAfter: number;
  readonly extensions: readonly Extension[];
}

/** A certificate in DER. */
export function signCertificate(
  { key, name }: CertificateSigner,
  content: CertificateContent,
): Uint8Array {
  const algorithm = new AlgorithmIdentifier({ algorithm: ECDSA_WITH_SHA256 });
  const tbs = new TBSCertificate({
    version: Version.v3,
    serialNumber: buffer(randomSerialNumber()),
    signature: algorithm,
    issuer: name,
    validity: new Validity({
      notBefore: new Date(wholeSeconds(content.notBefore)),
      notAfter: new Date(wholeSeconds(content.notAfter)),
    }),
    subject: content.subject,
    subjectPublicKeyInfo: content.info,
    extensions: new Extensions([...content.extensions]),
  });
  const signature = sign('sha256', Buffer.from(AsnConvert.serialize(tbs)), key);
  return new Uint8Array(
    AsnConvert.serialize(
      new Certificate({
        tbsCertificate: tbs,
        signatureAlgorithm: algorithm,
        signatureValue: buffer(signature),
      }),
    ),
  );
}

/** X.509 knows no milliseconds; down, so that nothing is valid for longer than it should. */
function wholeSeconds(time: number): number {
  return Math.floor(time / 1000) * 1000;
}

/** 16 bytes; the two highest bits are 01, which makes the number positive and its DER form the shortest. */
function randomSerialNumber(): Uint8Array {
  const bytes = randomBytes(16);
  bytes.writeUInt8((bytes.readUInt8(0) & 0x3f) | 0x40, 0);
  return bytes;
}

export function publicKeyInfo(key: KeyObject): SubjectPublicKeyInfo {
  return AsnConvert.parse(key.export({ type: 'spki', format: 'der' }), SubjectPublicKeyInfo);
}

/** RFC 7093, method 1. */
export function keyIdOf(info: SubjectPublicKeyInfo): Uint8Array {
  return createHash('sha256').update(Buffer.from(info.subjectPublicKey)).digest().subarray(0, 20);
}

export function nameOf(attributes: readonly (readonly [type: string, value: string])[]): Name {
  return new Name(
    attributes.map(
      ([type, value]) =>
        new RelativeDistinguishedName([
          new AttributeTypeAndValue({
            type,
            value: new AttributeValue({ printableString: value }),
          }),
        ]),
    ),
  );
}

export function extension(extnID: string, critical: boolean, value: object): Extension {
  return new Extension({
    extnID,
    critical,
    extnValue: new OctetString(AsnConvert.serialize(value)),
  });
}

/** A copy: a Buffer may be a view of Node's pool. */
export function buffer(bytes: Uint8Array): ArrayBuffer {
  return new Uint8Array(bytes).buffer;
}
