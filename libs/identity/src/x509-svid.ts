import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { Certificate, type SpiffeId, verifyPresentedChain } from '@mesh/spiffe';
import { verifySignatures } from './verify-signatures.js';
import { X509SvidError } from './x509-svid.error.js';

/** Whatever has an X.509-SVID at hand: a live source, or the SVID itself. */
export interface X509SvidSource {
  /** The current SVID. A live source throws while it has none that is valid. */
  getX509Svid(): X509Svid;
}

/**
 * A workload's X.509-SVID: its certificate, the intermediates and the private key. Immutable. What can be checked
 * without a bundle has been: the key is the certificate's, and the rules of X509-SVID hold for the leaf and for each
 * intermediate, signatures between them included. Whether it is expired depends on the time and is not checked here.
 *
 * @example
 * const svid = X509Svid.parsePem(await readFile('svid.pem', 'utf8'), await readFile('key.pem', 'utf8'));
 * svid.id.toString(); // 'spiffe://mesh.local/ns/agents/sa/writer'
 */
export class X509Svid implements X509SvidSource {
  /** The leaf first, then each certificate that issued the one before it; the authority's own as a rule not. */
  readonly certificates: readonly Certificate[];
  readonly leaf: Certificate;
  /** `certificates` as PEM, ready for `node:tls`. */
  readonly certificatesPem: string;

  private constructor(
    readonly id: SpiffeId,
    certificates: readonly Certificate[],
    readonly privateKey: KeyObject,
    /** What the authority calls this SVID among several, or empty. */
    readonly hint: string,
  ) {
    this.certificates = Object.freeze([...certificates]);
    this.leaf = certificates[0] as Certificate;
    this.certificatesPem = certificates.map((certificate) => certificate.toPem()).join('');
    Object.freeze(this);
  }

  /**
   * Reads what the Workload API sends: concatenated DER of the certificates and PKCS #8 DER of the key.
   * @throws CertificateError, X509SvidError
   */
  static parse(chainDer: Uint8Array, pkcs8Der: Uint8Array, hint = ''): X509Svid {
    return X509Svid.of(
      Certificate.parseMany(chainDer),
      () => createPrivateKey({ key: Buffer.from(pkcs8Der), format: 'der', type: 'pkcs8' }),
      hint,
    );
  }

  /**
   * Reads PEM. The key is an unencrypted `PRIVATE KEY` block (PKCS #8).
   * @throws CertificateError, X509SvidError
   */
  static parsePem(chainPem: string, keyPem: string, hint = ''): X509Svid {
    return X509Svid.of(
      Certificate.parsePem(chainPem),
      () => {
        if (!keyPem.includes('-----BEGIN PRIVATE KEY-----')) throw new Error('not PKCS #8');
        return createPrivateKey({ key: keyPem, format: 'pem' });
      },
      hint,
    );
  }

  private static of(
    certificates: readonly Certificate[],
    readKey: () => KeyObject,
    hint: string,
  ): X509Svid {
    const { id } = verifySignatures(verifyPresentedChain(certificates));
    const privateKey = readPrivateKey(readKey);
    const leaf = certificates[0] as Certificate;
    const own = createPublicKey(privateKey).export({ format: 'der', type: 'spki' });
    if (!own.equals(leaf.publicKeyInfo)) {
      throw new X509SvidError(
        'ERR_SVID_KEY_MISMATCH',
        'The private key does not belong to the certificate.',
      );
    }
    return new X509Svid(id, certificates, privateKey, hint);
  }

  /** Lower-case hex. */
  get serialNumber(): string {
    return this.leaf.serialNumber;
  }

  get notBefore(): Date {
    return this.leaf.notBefore;
  }

  get notAfter(): Date {
    return this.leaf.notAfter;
  }

  /** An SVID is its own source. */
  getX509Svid(): this {
    return this;
  }

  /** Never the key. */
  toJSON(): { id: string; serialNumber: string; notBefore: Date; notAfter: Date; hint: string } {
    const { id, serialNumber, notBefore, notAfter, hint } = this;
    return { id: id.toString(), serialNumber, notBefore, notAfter, hint };
  }
}

function readPrivateKey(read: () => KeyObject): KeyObject {
  try {
    return read();
  } catch {
    // OpenSSL's words on a key are left out: they never help, and could quote it.
    throw new X509SvidError(
      'ERR_SVID_KEY_MALFORMED',
      'The private key is not an unencrypted PKCS #8 key.',
    );
  }
}
