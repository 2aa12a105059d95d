// @peculiar/x509 needs it, and before anything else.
import 'reflect-metadata';
import * as x509 from '@peculiar/x509';

x509.cryptoProvider.set(crypto);

export type KeyType =
  'P-256' | 'P-384' | 'P-521' | 'RSA-1024' | 'RSA-2048' | 'RSA-PSS-2048' | 'Ed25519';
export type MintHash = 'SHA-1' | 'SHA-256' | 'SHA-384' | 'SHA-512';

export type KeyUsageName =
  'digitalSignature' | 'keyEncipherment' | 'keyAgreement' | 'keyCertSign' | 'cRLSign';

/** Names of one form, as in a name constraint. */
export interface MintNames {
  readonly uri?: readonly string[];
  readonly dns?: readonly string[];
  readonly email?: readonly string[];
  /** Distinguished names as text. */
  readonly directory?: readonly string[];
}

/** Everything a certificate can be made of, right or wrong. */
export interface MintOptions {
  /** Distinguished name as text; '' for an empty subject. */
  readonly subject?: string;
  readonly notBefore?: Date;
  readonly notAfter?: Date;
  /** Default P-256. */
  readonly keyType?: KeyType;
  /** Signs for this key, instead of a new one. */
  readonly keys?: CryptoKeyPair;
  /** URI SANs. */
  readonly uris?: readonly string[];
  readonly dnsNames?: readonly string[];
  readonly sanCritical?: boolean;
  /** null leaves basicConstraints out. */
  readonly isCa?: boolean | null;
  readonly pathLength?: number;
  /** null leaves keyUsage out. */
  readonly keyUsage?: readonly KeyUsageName[] | null;
  /** Default true. */
  readonly keyUsageCritical?: boolean;
  /** Object identifiers; null leaves extKeyUsage out. */
  readonly extendedKeyUsage?: readonly string[] | null;
  readonly nameConstraints?: { readonly permitted?: MintNames; readonly excluded?: MintNames };
  /** Any further extensions: an unknown critical one, or one of the above again. */
  readonly extraExtensions?: readonly {
    readonly oid: string;
    readonly critical: boolean;
    readonly value: Uint8Array;
  }[];
  /** Of the signature. Default SHA-256. */
  readonly hash?: MintHash;
  /** Signed by this key instead of the issuer's, and in the issuer's name. */
  readonly signedBy?: CryptoKeyPair;
  /** False leaves subject and authority key identifiers out. Default true. */
  readonly keyIds?: boolean;
}

/** Options of a workload's certificate: `uri` for one, `uris` for any number. */
export interface IssueOptions extends MintOptions {
  readonly uri?: string;
}

export interface CaOptions extends MintOptions {
  readonly trustDomain: string;
  /** Common name. Default `mint`. */
  readonly name?: string;
  /** Default the ID of the trust domain; null for none. */
  readonly uri?: string | null;
}

/** A workload's certificate with its intermediates, and its key. */
export interface Minted {
  /** Leaf first, intermediates after it, concatenated DER: what the Workload API sends. */
  readonly chainDer: Uint8Array;
  readonly chainPem: string;
  /** PKCS #8. */
  readonly keyDer: Uint8Array;
  readonly keyPem: string;
  readonly certificateDer: Uint8Array;
  readonly keys: CryptoKeyPair;
}

/** A CA that issues whatever it is told to. */
export class MintedCa {
  constructor(
    readonly trustDomain: string,
    readonly keys: CryptoKeyPair,
    readonly certificate: x509.X509Certificate,
    /** The certificates between this CA and its root, its own first; empty for a root. */
    readonly intermediates: readonly Uint8Array[],
  ) {}

  get certificateDer(): Uint8Array {
    // A copy: tests change bytes of it.
    return new Uint8Array(this.certificate.rawData.slice(0));
  }

  get certificatePem(): string {
    return `${this.certificate.toString('pem')}\n`;
  }

  /** A workload's SVID. Without options it is a right one for `/workload`. */
  async issue({ uri, ...options }: IssueOptions = {}): Promise<Minted> {
    const keys = options.keys ?? (await newKeys(options.keyType));
    const certificate = await mint(
      {
        subject: 'C=US, O=SPIRE',
        uris: [uri ?? `spiffe://${this.trustDomain}/workload`],
        isCa: false,
        keyUsage: ['digitalSignature'],
        extendedKeyUsage: [x509.ExtendedKeyUsage.serverAuth, x509.ExtendedKeyUsage.clientAuth],
        ...options,
      },
      keys,
      this,
    );
    const certificateDer = new Uint8Array(certificate.rawData);
    const keyDer = new Uint8Array(await crypto.subtle.exportKey('pkcs8', keys.privateKey));
    const chain = [certificateDer, ...this.intermediates];
    return {
      certificateDer,
      chainDer: concatenated(...chain),
      chainPem: chain.map((der) => pem('CERTIFICATE', der)).join(''),
      keyDer,
      keyPem: pem('PRIVATE KEY', keyDer),
      keys,
    };
  }

  /** A signing certificate below this one. With `isCa: false` and a path in `uri` it is a workload that signs. */
  async intermediate({
    name = 'mint intermediate',
    uri,
    ...options
  }: Partial<CaOptions> = {}): Promise<MintedCa> {
    const keys = options.keys ?? (await newKeys(options.keyType));
    const trustDomain = options.trustDomain ?? this.trustDomain;
    const certificate = await mint(
      { ...caDefaults(trustDomain, name, uri), ...options },
      keys,
      this,
    );
    const der = new Uint8Array(certificate.rawData);
    return new MintedCa(trustDomain, keys, certificate, [der, ...this.intermediates]);
  }
}

/** A root CA. Without options but the trust domain it is a right one. */
export async function mintCa({
  trustDomain,
  name = 'mint',
  uri,
  ...options
}: CaOptions): Promise<MintedCa> {
  const keys = options.keys ?? (await newKeys(options.keyType));
  const certificate = await mint(
    { ...caDefaults(trustDomain, name, uri), ...options },
    keys,
    undefined,
  );
  return new MintedCa(trustDomain, keys, certificate, []);
}

function caDefaults(trustDomain: string, name: string, uri: string | null = ''): MintOptions {
  return {
    subject: `CN=${name}, O=SPIFFE`,
    uris: uri === null ? [] : [uri || `spiffe://${trustDomain}`],
    isCa: true,
    keyUsage: ['keyCertSign', 'cRLSign'],
    notAfter: new Date(Date.now() + 86_400_000),
  };
}

/** Joins DER as the Workload API does. */
export function concatenated(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

export function pem(label: string, der: Uint8Array): string {
  return `${x509.PemConverter.encode(new Uint8Array(der), label)}\n`;
}

export async function newKeys(type: KeyType = 'P-256'): Promise<CryptoKeyPair> {
  return crypto.subtle.generateKey(keyAlgorithm(type), true, [
    'sign',
    'verify',
  ]) as Promise<CryptoKeyPair>;
}

function keyAlgorithm(type: KeyType): EcKeyGenParams | RsaHashedKeyGenParams | Algorithm {
  switch (type) {
    case 'P-256':
    case 'P-384':
    case 'P-521':
      return { name: 'ECDSA', namedCurve: type };
    case 'Ed25519':
      return { name: 'Ed25519' };
    default:
      return {
        name: type === 'RSA-PSS-2048' ? 'RSA-PSS' : 'RSASSA-PKCS1-v1_5',
        hash: 'SHA-256',
        modulusLength: type === 'RSA-1024' ? 1024 : 2048,
        publicExponent: new Uint8Array([1, 0, 1]),
      };
  }
}

async function mint(
  options: MintOptions,
  keys: CryptoKeyPair,
  issuer: MintedCa | undefined,
): Promise<x509.X509Certificate> {
  const signer = options.signedBy ?? issuer?.keys ?? keys;
  const subject = options.subject ?? '';
  const hash = options.hash ?? 'SHA-256';
  return x509.X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject,
    issuer: issuer?.certificate.subjectName ?? subject,
    notBefore: options.notBefore ?? new Date(Date.now() - 60_000),
    notAfter: options.notAfter ?? new Date(Date.now() + 3_600_000),
    publicKey: keys.publicKey,
    signingKey: await signingKey(signer.privateKey, hash),
    signingAlgorithm: {
      ...signer.privateKey.algorithm,
      hash,
      saltLength: Number(hash.slice(4)) / 8,
    } as EcdsaParams,
    extensions: await extensionsOf(options, keys, issuer),
  });
}

/** WebCrypto binds an RSA key to one hash, and the generator takes the key's word over ours. */
async function signingKey(key: CryptoKey, hash: MintHash): Promise<CryptoKey> {
  if (!key.algorithm.name.startsWith('RSA')) return key;
  const pkcs8 = await crypto.subtle.exportKey('pkcs8', key);
  const algorithm = { name: key.algorithm.name, hash };
  return crypto.subtle.importKey('pkcs8', pkcs8, algorithm, false, ['sign']);
}

function serialNumber(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  // Positive, and of the same length every time.
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
  return Buffer.from(bytes).toString('hex');
}

async function extensionsOf(
  options: MintOptions,
  keys: CryptoKeyPair,
  issuer: MintedCa | undefined,
): Promise<x509.Extension[]> {
  const extensions: x509.Extension[] = [];
  if (options.isCa !== undefined && options.isCa !== null) {
    extensions.push(new x509.BasicConstraintsExtension(options.isCa, options.pathLength, true));
  }
  if (options.keyUsage) {
    const flags = options.keyUsage.reduce((sum, usage) => sum | x509.KeyUsageFlags[usage], 0);
    extensions.push(new x509.KeyUsagesExtension(flags, options.keyUsageCritical ?? true));
  }
  if (options.extendedKeyUsage) {
    extensions.push(new x509.ExtendedKeyUsageExtension([...options.extendedKeyUsage]));
  }
  const names: x509.JsonGeneralNames = [
    ...(options.uris ?? []).map((value) => ({ type: 'url' as const, value })),
    ...(options.dnsNames ?? []).map((value) => ({ type: 'dns' as const, value })),
  ];
  if (names.length > 0) {
    extensions.push(new x509.SubjectAlternativeNameExtension(names, options.sanCritical ?? false));
  }
  if (options.nameConstraints) {
    extensions.push(
      new x509.Extension(
        '2.5.29.30',
        true,
        nameConstraints(options.nameConstraints.permitted, options.nameConstraints.excluded),
      ),
    );
  }
  if (options.keyIds ?? true) {
    extensions.push(await x509.SubjectKeyIdentifierExtension.create(keys.publicKey));
    const issuerKey = issuer?.keys.publicKey ?? keys.publicKey;
    extensions.push(await x509.AuthorityKeyIdentifierExtension.create(issuerKey));
  }
  for (const { oid, critical, value } of options.extraExtensions ?? []) {
    extensions.push(new x509.Extension(oid, critical, new Uint8Array(value)));
  }
  return extensions;
}

/** RFC 5280 4.2.1.10 as DER. */
function nameConstraints(permitted?: MintNames, excluded?: MintNames): Uint8Array<ArrayBuffer> {
  const part = (tag: number, names: MintNames | undefined) =>
    names === undefined
      ? new Uint8Array()
      : der(tag, ...generalNames(names).map((n) => der(0x30, n)));
  return der(0x30, part(0xa0, permitted), part(0xa1, excluded));
}

function generalNames(names: MintNames): Uint8Array[] {
  const text = (tag: number, values: readonly string[] = []) =>
    values.map((value) => der(tag, new TextEncoder().encode(value)));
  return [
    ...text(0x86, names.uri),
    ...text(0x82, names.dns),
    ...text(0x81, names.email),
    ...(names.directory ?? []).map((name) =>
      der(0xa4, new Uint8Array(new x509.Name(name).toArrayBuffer())),
    ),
  ];
}

/** One DER element of the parts, for whatever no library writes because it is wrong. */
export function der(tag: number, ...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const content = Buffer.concat(parts);
  const length =
    content.length < 0x80
      ? [content.length]
      : content.length < 0x100
        ? [0x81, content.length]
        : [0x82, content.length >> 8, content.length & 0xff];
  return new Uint8Array(Buffer.concat([Buffer.from([tag, ...length]), content]));
}
