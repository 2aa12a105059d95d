import { base64Bytes, base64Text } from './base64.js';
import { CertificateError } from './certificate.error.js';
import {
  booleanOf,
  type DerElement,
  elementAt,
  elements,
  expect,
  hexOf,
  magnitudeOf,
  malformed,
  namedBitsOf,
  oidOf,
  only,
  sameBytes,
  sequenceOf,
  smallIntegerOf,
  Tag,
  timeOf,
  wholeBytesOf,
} from './der.js';
import { nameText, rdnsOf } from './distinguished-name.js';

/** Bytes of one certificate at most. */
export const MAX_CERTIFICATE_BYTES = 16_384;
/** Certificates in one list at most: what a bundle may hold. */
export const MAX_CERTIFICATES = 256;
const MAX_PEM_CHARACTERS = MAX_CERTIFICATES * 4096;
const MAX_SERIAL_BYTES = 20;

export type KeyUsage =
  | 'digitalSignature'
  | 'nonRepudiation'
  | 'keyEncipherment'
  | 'dataEncipherment'
  | 'keyAgreement'
  | 'keyCertSign'
  | 'cRLSign'
  | 'encipherOnly'
  | 'decipherOnly';

/** In the order of the bits (RFC 5280 4.2.1.3). */
const KEY_USAGES: readonly KeyUsage[] = [
  'digitalSignature',
  'nonRepudiation',
  'keyEncipherment',
  'dataEncipherment',
  'keyAgreement',
  'keyCertSign',
  'cRLSign',
  'encipherOnly',
  'decipherOnly',
];

/** Object identifiers of the extensions that are understood (RFC 5280 4.2.1). */
export const ExtensionOid = {
  subjectKeyIdentifier: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  nameConstraints: '2.5.29.30',
  authorityKeyIdentifier: '2.5.29.35',
  extendedKeyUsage: '2.5.29.37',
} as const;

/** Tags of the GeneralName forms (RFC 5280 4.2.1.6) that name constraints are checked for. */
export const GeneralNameTag = { dns: 0x82, directory: 0xa4, uri: 0x86 } as const;

/** A name from a SAN or a name constraint: `tag` is its form, `content` its bytes. */
export interface GeneralName {
  readonly tag: number;
  readonly content: Uint8Array;
}

/** RFC 5280 4.2.1.10. */
export interface NameConstraints {
  readonly permitted: readonly GeneralName[];
  readonly excluded: readonly GeneralName[];
}

interface Fields {
  readonly raw: Uint8Array;
  readonly signedData: Uint8Array;
  readonly signatureAlgorithm: Uint8Array;
  readonly signature: Uint8Array;
  readonly serialNumber: string;
  readonly issuerName: Uint8Array;
  readonly subjectName: Uint8Array;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly publicKeyInfo: Uint8Array;
  readonly extensions: ReadonlyMap<string, Extension>;
}

interface Extension {
  readonly critical: boolean;
  readonly value: Uint8Array;
}

/**
 * An X.509 v3 certificate (RFC 5280), read strictly: DER alone, no trailing bytes, no extension twice, at most 16 KiB.
 * That it can be read says nothing of whether it is to be trusted: see `spiffeIdOfLeaf` and `verifyChain`.
 */
export class Certificate {
  /** The whole certificate as DER. Not to be written to. */
  readonly raw: Uint8Array;
  /** What the signature covers (tbsCertificate). */
  readonly signedData: Uint8Array;
  /** AlgorithmIdentifier as DER. */
  readonly signatureAlgorithm: Uint8Array;
  readonly signature: Uint8Array;
  /** Lower-case hex, without leading zeros but in whole bytes. */
  readonly serialNumber: string;
  /** Name as DER: what names are compared by. */
  readonly issuerName: Uint8Array;
  readonly subjectName: Uint8Array;
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** SubjectPublicKeyInfo as DER. */
  readonly publicKeyInfo: Uint8Array;
  /** All names of the SAN extension. */
  readonly alternativeNames: readonly GeneralName[];
  /** The URIs among them, as they stand there: not checked to be SPIFFE IDs. */
  readonly uriNames: readonly string[];
  readonly isCa: boolean;
  /** pathLenConstraint, or undefined where there is none. */
  readonly pathLength: number | undefined;
  /** Undefined where the extension is missing. */
  readonly keyUsage: ReadonlySet<KeyUsage> | undefined;
  /** Object identifiers; undefined where the extension is missing. */
  readonly extendedKeyUsage: readonly string[] | undefined;
  readonly nameConstraints: NameConstraints | undefined;
  /** Hex, where there is one. */
  readonly authorityKeyId: string | undefined;
  readonly subjectKeyId: string | undefined;
  /** Object identifiers of the extensions that are marked critical. */
  readonly criticalExtensions: readonly string[];

  private constructor(fields: Fields) {
    this.raw = fields.raw;
    this.signedData = fields.signedData;
    this.signatureAlgorithm = fields.signatureAlgorithm;
    this.signature = fields.signature;
    this.serialNumber = fields.serialNumber;
    this.issuerName = fields.issuerName;
    this.subjectName = fields.subjectName;
    this.notBefore = fields.notBefore;
    this.notAfter = fields.notAfter;
    this.publicKeyInfo = fields.publicKeyInfo;
    const { extensions } = fields;
    const valueOf = <T>(oid: string, parse: (value: Uint8Array) => T): T | undefined => {
      const extension = extensions.get(oid);
      return extension && parse(extension.value);
    };
    const basic = valueOf(ExtensionOid.basicConstraints, basicConstraintsOf);
    this.isCa = basic?.isCa ?? false;
    this.pathLength = basic?.pathLength;
    this.keyUsage = valueOf(ExtensionOid.keyUsage, keyUsageOf);
    this.extendedKeyUsage = valueOf(ExtensionOid.extendedKeyUsage, extendedKeyUsageOf);
    this.alternativeNames = valueOf(ExtensionOid.subjectAltName, alternativeNamesOf) ?? [];
    this.uriNames = this.alternativeNames
      .filter(({ tag }) => tag === GeneralNameTag.uri)
      .map(({ content }) => asciiOf(content));
    this.nameConstraints = valueOf(ExtensionOid.nameConstraints, nameConstraintsOf);
    this.subjectKeyId = valueOf(ExtensionOid.subjectKeyIdentifier, subjectKeyIdOf);
    this.authorityKeyId = valueOf(ExtensionOid.authorityKeyIdentifier, authorityKeyIdOf);
    this.criticalExtensions = [...extensions].filter(([, e]) => e.critical).map(([oid]) => oid);
    Object.freeze(this);
  }

  /**
   * Reads one certificate.
   * @throws CertificateError `ERR_CERTIFICATE_MALFORMED`, `ERR_CERTIFICATE_TOO_LARGE`
   */
  static parse(der: Uint8Array): Certificate {
    if (der.length > MAX_CERTIFICATE_BYTES) throw tooLarge();
    // A copy: what was checked stays what it is, whatever becomes of the caller's buffer.
    const raw = new Uint8Array(der);
    const [tbs, algorithm, signature, ...rest] = sequenceOf(raw, 'the certificate');
    if (rest.length > 0) throw malformed('it has more parts than a certificate');
    const signedData = expect(tbs, Tag.sequence, 'tbsCertificate').raw;
    const signatureAlgorithm = expect(algorithm, Tag.sequence, 'the signature algorithm').raw;
    const parts = sequenceOf(signedData, 'tbsCertificate');
    const [version, serial, innerAlgorithm, issuer, validity, subject, key, last, ...more] = parts;
    const versionNumber = only(
      expect(version, 0xa0, 'the version').content,
      Tag.integer,
      'the version',
    );
    if (smallIntegerOf(versionNumber) !== 2) throw malformed('its version is not 3');
    const serialBytes = magnitudeOf(expect(serial, Tag.integer, 'the serial number'));
    if (serialBytes.length > MAX_SERIAL_BYTES) throw malformed('its serial number is too long');
    const inner = expect(innerAlgorithm, Tag.sequence, 'the inner signature algorithm').raw;
    if (!sameBytes(inner, signatureAlgorithm)) {
      throw malformed('its two signature algorithms differ');
    }
    const times = sequenceOf(expect(validity, Tag.sequence, 'the validity').raw, 'the validity');
    if (times.length !== 2) throw malformed('its validity is not two times');
    if (more.length > 0) throw malformed('tbsCertificate has more parts than are known');
    const issuerName = expect(issuer, Tag.sequence, 'the issuer').raw;
    const subjectName = expect(subject, Tag.sequence, 'the subject').raw;
    // Read once here, so that the text of a name that exists can always be had.
    nameText(issuerName);
    nameText(subjectName);
    return new Certificate({
      raw,
      signedData,
      signatureAlgorithm,
      signature: wholeBytesOf(expect(signature, Tag.bitString, 'the signature')),
      serialNumber: hexOf(serialBytes),
      issuerName,
      subjectName,
      notBefore: timeOf(times[0]),
      notAfter: timeOf(times[1]),
      publicKeyInfo: expect(key, Tag.sequence, 'the public key').raw,
      extensions: extensionsOf(last),
    });
  }

  /**
   * Reads certificates that stand one after another, as the Workload API sends them.
   * @throws CertificateError also for none at all
   */
  static parseMany(concatenatedDer: Uint8Array): Certificate[] {
    const certificates: Certificate[] = [];
    for (let offset = 0; offset < concatenatedDer.length;) {
      if (certificates.length === MAX_CERTIFICATES) throw tooLarge();
      const { raw } = elementAt(concatenatedDer, offset);
      certificates.push(Certificate.parse(raw));
      offset += raw.length;
    }
    if (certificates.length === 0) throw malformed('there is none');
    return certificates;
  }

  /**
   * Reads the CERTIFICATE blocks of a PEM text (RFC 7468); any other kind of block is refused, text between blocks is
   * passed over.
   * @throws CertificateError `ERR_CERTIFICATE_PEM` and those of `parse`
   */
  static parsePem(pem: string): Certificate[] {
    if (pem.length > MAX_PEM_CHARACTERS) throw tooLarge();
    const certificates: Certificate[] = [];
    const rest = pem.replace(
      /-----BEGIN ([A-Z0-9 ]+)-----([^-]*)-----END \1-----/g,
      (_, label: string, body: string) => {
        if (label !== 'CERTIFICATE') throw notPem('a block is not a CERTIFICATE');
        const der = base64Bytes(body.replace(/[\r\n\t ]/g, ''));
        if (der === undefined) throw notPem('a block is not base64');
        if (certificates.length === MAX_CERTIFICATES) throw tooLarge();
        certificates.push(Certificate.parse(der));
        return '';
      },
    );
    if (rest.includes('-----')) throw notPem('a block has no end or no beginning');
    if (certificates.length === 0) throw notPem('there is no block');
    return certificates;
  }

  /** The subject as text (RFC 4514), for people and logs. */
  get subject(): string {
    return nameText(this.subjectName);
  }

  /** The issuer as text (RFC 4514), for people and logs. */
  get issuer(): string {
    return nameText(this.issuerName);
  }

  get hasSubject(): boolean {
    return rdnsOf(this.subjectName).length > 0;
  }

  isCritical(oid: string): boolean {
    return this.criticalExtensions.includes(oid);
  }

  equals(other: Certificate): boolean {
    return this === other || sameBytes(this.raw, other.raw);
  }

  toPem(): string {
    const lines = base64Text(this.raw).match(/.{1,64}/g) ?? [];
    return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n');
  }
}

function tooLarge(): CertificateError {
  return new CertificateError(
    'ERR_CERTIFICATE_TOO_LARGE',
    `A certificate may have ${MAX_CERTIFICATE_BYTES} bytes, and a list ${MAX_CERTIFICATES} certificates.`,
  );
}

function notPem(what: string): CertificateError {
  return new CertificateError(
    'ERR_CERTIFICATE_PEM',
    `The text is not PEM of certificates: ${what}.`,
  );
}

function extensionsOf(element: DerElement | undefined): Map<string, Extension> {
  const extensions = new Map<string, Extension>();
  if (element === undefined) return extensions;
  const list = sequenceOf(expect(element, 0xa3, 'the extensions').content, 'the extensions');
  for (const { raw } of list) {
    const [type, ...rest] = sequenceOf(raw, 'an extension');
    const oid = oidOf(expect(type, Tag.oid, "an extension's identifier"));
    const flag = rest.length === 2 ? expect(rest[0], Tag.boolean, 'critical') : undefined;
    // FALSE is the default, and DER does not write defaults.
    if (flag !== undefined && !booleanOf(flag)) throw malformed('a default is written out');
    const value = expect(rest.at(-1), Tag.octetString, "an extension's value").content;
    if (rest.length > 2) throw malformed('an extension has more parts than are known');
    if (extensions.has(oid)) throw malformed('an extension stands there twice');
    extensions.set(oid, { critical: flag !== undefined, value });
  }
  return extensions;
}

function basicConstraintsOf(value: Uint8Array): { isCa: boolean; pathLength: number | undefined } {
  const parts = sequenceOf(value, 'basicConstraints');
  const flag = parts[0]?.tag === Tag.boolean ? parts.shift() : undefined;
  const isCa = flag !== undefined;
  if (isCa && !booleanOf(flag)) throw malformed('a default is written out');
  const length = parts.shift();
  if (parts.length > 0) throw malformed('basicConstraints has more parts than are known');
  if (length !== undefined && !isCa) throw malformed('it limits the path and is no CA');
  return {
    isCa,
    pathLength: length && smallIntegerOf(expect(length, Tag.integer, 'pathLenConstraint')),
  };
}

function keyUsageOf(value: Uint8Array): ReadonlySet<KeyUsage> {
  const bits = namedBitsOf(only(value, Tag.bitString, 'keyUsage'));
  return new Set(KEY_USAGES.filter((_, bit) => bits.has(bit)));
}

function extendedKeyUsageOf(value: Uint8Array): string[] {
  const purposes = sequenceOf(value, 'extKeyUsage');
  if (purposes.length === 0) throw malformed('extKeyUsage is empty');
  return purposes.map((purpose) => oidOf(expect(purpose, Tag.oid, 'a purpose')));
}

function alternativeNamesOf(value: Uint8Array): GeneralName[] {
  const names = sequenceOf(value, 'subjectAltName');
  if (names.length === 0) throw malformed('subjectAltName is empty');
  return names.map(generalNameOf);
}

function generalNameOf({ tag, content }: DerElement): GeneralName {
  if ((tag & 0xc0) !== 0x80) throw malformed('a name is of no known form');
  return { tag, content };
}

function nameConstraintsOf(value: Uint8Array): NameConstraints {
  const constraints: { permitted: GeneralName[]; excluded: GeneralName[] } = {
    permitted: [],
    excluded: [],
  };
  for (const { tag, content } of sequenceOf(value, 'nameConstraints')) {
    if (tag !== 0xa0 && tag !== 0xa1) throw malformed('nameConstraints has an unknown part');
    const list = tag === 0xa0 ? constraints.permitted : constraints.excluded;
    for (const subtree of elements(content)) {
      const [base, ...bounds] = sequenceOf(subtree.raw, 'a subtree');
      // RFC 5280 4.2.1.10: minimum is 0, which DER leaves out, and maximum absent.
      if (base === undefined || bounds.length > 0) throw malformed('a subtree has bounds');
      list.push(generalNameOf(base));
    }
  }
  if (constraints.permitted.length + constraints.excluded.length === 0) {
    throw malformed('nameConstraints is empty');
  }
  return constraints;
}

function subjectKeyIdOf(value: Uint8Array): string {
  return hexOf(only(value, Tag.octetString, 'subjectKeyIdentifier').content);
}

function authorityKeyIdOf(value: Uint8Array): string | undefined {
  const first = sequenceOf(value, 'authorityKeyIdentifier')[0];
  return first?.tag === 0x80 ? hexOf(first.content) : undefined;
}

/** IA5String as text. A byte beyond ASCII becomes a character that no rule below allows. */
function asciiOf(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}
