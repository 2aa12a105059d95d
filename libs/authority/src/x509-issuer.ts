import { createHash, generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto';
import { AsnConvert, OctetString } from '@peculiar/asn1-schema';
import {
  AlgorithmIdentifier,
  AttributeTypeAndValue,
  AttributeValue,
  AuthorityKeyIdentifier,
  BasicConstraints,
  Certificate as CertificateAsn,
  ExtendedKeyUsage,
  Extension,
  Extensions,
  GeneralName,
  id_ce_authorityKeyIdentifier,
  id_ce_basicConstraints,
  id_ce_extKeyUsage,
  id_ce_keyUsage,
  id_ce_subjectAltName,
  id_ce_subjectKeyIdentifier,
  id_kp_clientAuth,
  id_kp_serverAuth,
  KeyIdentifier,
  KeyUsage,
  KeyUsageFlags,
  Name,
  RelativeDistinguishedName,
  SubjectAlternativeName,
  SubjectKeyIdentifier,
  SubjectPublicKeyInfo,
  TBSCertificate,
  Validity,
  Version,
} from '@peculiar/asn1-x509';
import { Certificate, type SpiffeId, type TrustDomain } from '@mesh/identity';

/** Certificates begin this many milliseconds before they are made: clocks of peers may be behind. */
export const BACKDATE_MS = 10_000;

const ECDSA_WITH_SHA256 = '1.2.840.10045.4.3.2';
const ORGANIZATION = '2.5.4.10';
const SERIAL_NUMBER = '2.5.4.5';

/** An X.509-SVID as the Workload API sends it. */
export interface IssuedSvid {
  readonly id: SpiffeId;
  /** DER. The CA signs leaves itself: the chain is the leaf alone. */
  readonly certificate: Uint8Array;
  /** DER PKCS#8. */
  readonly privateKey: Uint8Array;
  /** Milliseconds since the epoch. */
  readonly notAfter: number;
}

/**
 * A CA of the trust domain with a P-256 key that never leaves the object. Everything in it is synchronous, so that
 * no update can be made of two states.
 */
export class X509Issuer {
  readonly certificate: Certificate;
  readonly #key: KeyObject;
  readonly #subject: Name;
  readonly #keyId: Uint8Array;

  /** @param ttlMs Validity in milliseconds from `now` (since the epoch), up to the next whole second. */
  constructor(trustDomain: TrustDomain, ttlMs: number, now: number) {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    this.#key = privateKey;
    // A name of its own, so that nobody takes one CA for another during a rotation.
    this.#subject = nameOf([
      [ORGANIZATION, 'Embedded authority (development)'],
      [SERIAL_NUMBER, randomBytes(16).toString('hex')],
    ]);
    const info = publicKeyInfo(publicKey);
    this.#keyId = keyIdOf(info);
    this.certificate = Certificate.parse(
      this.#sign({
        subject: this.#subject,
        info,
        notBefore: now - BACKDATE_MS,
        notAfter: now + ttlMs,
        extensions: [
          extension(
            id_ce_basicConstraints,
            true,
            new BasicConstraints({ cA: true, pathLenConstraint: 0 }),
          ),
          extension(
            id_ce_keyUsage,
            true,
            new KeyUsage(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign),
          ),
          extension(id_ce_subjectAltName, false, uriName(trustDomain.id.toString())),
          extension(
            id_ce_subjectKeyIdentifier,
            false,
            new SubjectKeyIdentifier(buffer(this.#keyId)),
          ),
        ],
      }),
    );
  }

  /** Milliseconds since the epoch. */
  get notAfter(): number {
    return this.certificate.notAfter.getTime();
  }

  /**
   * Issues an SVID with a fresh key (X509-SVID, sections 2 to 4). It never outlives this CA.
   *
   * @param ttlMs Validity in milliseconds from `now` (since the epoch), up to the next whole second.
   */
  issue(id: SpiffeId, ttlMs: number, now: number): IssuedSvid {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const info = publicKeyInfo(publicKey);
    // X.509 knows no milliseconds; up, so that a short life is not cut by a good part of it.
    const notAfter = Math.min(Math.ceil((now + ttlMs) / 1000) * 1000, this.notAfter);
    const certificate = this.#sign({
      subject: nameOf([[ORGANIZATION, 'Embedded authority (development)']]),
      info,
      notBefore: now - BACKDATE_MS,
      notAfter,
      extensions: [
        extension(id_ce_basicConstraints, true, new BasicConstraints({ cA: false })),
        extension(id_ce_keyUsage, true, new KeyUsage(KeyUsageFlags.digitalSignature)),
        extension(
          id_ce_extKeyUsage,
          false,
          new ExtendedKeyUsage([id_kp_serverAuth, id_kp_clientAuth]),
        ),
        extension(id_ce_subjectAltName, false, uriName(id.toString())),
        extension(
          id_ce_authorityKeyIdentifier,
          false,
          new AuthorityKeyIdentifier({ keyIdentifier: new KeyIdentifier(buffer(this.#keyId)) }),
        ),
        extension(
          id_ce_subjectKeyIdentifier,
          false,
          new SubjectKeyIdentifier(buffer(keyIdOf(info))),
        ),
      ],
    });
    return {
      id,
      certificate,
      privateKey: privateKey.export({ type: 'pkcs8', format: 'der' }),
      notAfter,
    };
  }

  #sign(content: {
    subject: Name;
    info: SubjectPublicKeyInfo;
    notBefore: number;
    notAfter: number;
    extensions: Extension[];
  }): Uint8Array {
    const algorithm = new AlgorithmIdentifier({ algorithm: ECDSA_WITH_SHA256 });
    const tbs = new TBSCertificate({
      version: Version.v3,
      serialNumber: buffer(randomSerialNumber()),
      signature: algorithm,
      issuer: this.#subject,
      validity: new Validity({
        notBefore: new Date(wholeSeconds(content.notBefore)),
        notAfter: new Date(wholeSeconds(content.notAfter)),
      }),
      subject: content.subject,
      subjectPublicKeyInfo: content.info,
      extensions: new Extensions(content.extensions),
    });
    const signature = sign('sha256', Buffer.from(AsnConvert.serialize(tbs)), this.#key);
    return new Uint8Array(
      AsnConvert.serialize(
        new CertificateAsn({
          tbsCertificate: tbs,
          signatureAlgorithm: algorithm,
          signatureValue: buffer(signature),
        }),
      ),
    );
  }
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

function publicKeyInfo(key: KeyObject): SubjectPublicKeyInfo {
  return AsnConvert.parse(key.export({ type: 'spki', format: 'der' }), SubjectPublicKeyInfo);
}

/** RFC 7093, method 1. */
function keyIdOf(info: SubjectPublicKeyInfo): Uint8Array {
  return createHash('sha256').update(Buffer.from(info.subjectPublicKey)).digest().subarray(0, 20);
}

function nameOf(attributes: readonly (readonly [type: string, value: string])[]): Name {
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

function uriName(uri: string): SubjectAlternativeName {
  return new SubjectAlternativeName([new GeneralName({ uniformResourceIdentifier: uri })]);
}

function extension(extnID: string, critical: boolean, value: object): Extension {
  return new Extension({
    extnID,
    critical,
    extnValue: new OctetString(AsnConvert.serialize(value)),
  });
}

/** A copy: a Buffer may be a view of Node's pool. */
function buffer(bytes: Uint8Array): ArrayBuffer {
  return new Uint8Array(bytes).buffer;
}
