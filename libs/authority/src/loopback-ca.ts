import {
  createHash,
  createPrivateKey,
  generateKeyPairSync,
  randomBytes,
  X509Certificate,
  type KeyObject,
} from 'node:crypto';
import { AsnConvert } from '@peculiar/asn1-schema';
import {
  AuthorityKeyIdentifier,
  BasicConstraints,
  Certificate,
  ExtendedKeyUsage,
  GeneralName,
  GeneralSubtree,
  GeneralSubtrees,
  id_ce_authorityKeyIdentifier,
  id_ce_basicConstraints,
  id_ce_extKeyUsage,
  id_ce_keyUsage,
  id_ce_nameConstraints,
  id_ce_subjectAltName,
  id_ce_subjectKeyIdentifier,
  id_kp_serverAuth,
  KeyIdentifier,
  KeyUsage,
  KeyUsageFlags,
  NameConstraints,
  SubjectAlternativeName,
  SubjectKeyIdentifier,
} from '@peculiar/asn1-x509';
import {
  BACKDATE_MS,
  buffer,
  type CertificateSigner,
  COMMON_NAME,
  extension,
  keyIdOf,
  nameOf,
  ORGANIZATION,
  publicKeyInfo,
  signCertificate,
} from './sign-certificate.js';

const DAY_MS = 86_400_000;
/** A person trusts it by hand, so it should not change often. */
const CA_MS = 730 * DAY_MS;
const LEAF_MS = 90 * DAY_MS;

/** Certificate and key as files hold them. */
export interface PemPair {
  readonly certificate: string;
  /** PKCS #8. */
  readonly key: string;
}

/**
 * A CA that vouches for this machine alone: by its name constraints (RFC 5280, 4.2.1.10) nothing that it signs is good
 * for another name than `localhost`, those below it, 127.0.0.1 and ::1. So it can be trusted by a browser: whoever steals
 * its key gains no other site.
 */
export class LoopbackCa {
  readonly #signer: CertificateSigner;
  readonly #keyId: Uint8Array;
  readonly #certificate: X509Certificate;

  private constructor(certificate: Uint8Array, key: KeyObject) {
    const { tbsCertificate } = AsnConvert.parse(certificate, Certificate);
    this.#certificate = new X509Certificate(certificate);
    this.#signer = { key, name: tbsCertificate.subject };
    this.#keyId = keyIdOf(tbsCertificate.subjectPublicKeyInfo);
  }

  /** @param now Milliseconds since the epoch. It is valid for two years from then on. */
  static create(now: number): LoopbackCa {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const info = publicKeyInfo(publicKey);
    // As lists of trusted CAs show it; one of its own, so that an old one is told from a new one.
    const name = nameOf([
      [ORGANIZATION, 'Mesh on this machine'],
      [COMMON_NAME, `localhost ${randomBytes(4).toString('hex')}`],
    ]);
    const certificate = signCertificate(
      { key: privateKey, name },
      {
        subject: name,
        info,
        notBefore: now - BACKDATE_MS,
        notAfter: now + CA_MS,
        extensions: [
          extension(
            id_ce_basicConstraints,
            true,
            new BasicConstraints({ cA: true, pathLenConstraint: 0 }),
          ),
          extension(id_ce_keyUsage, true, new KeyUsage(KeyUsageFlags.keyCertSign)),
          extension(id_ce_extKeyUsage, false, new ExtendedKeyUsage([id_kp_serverAuth])),
          extension(
            id_ce_nameConstraints,
            true,
            new NameConstraints({
              permittedSubtrees: new GeneralSubtrees(
                [
                  new GeneralName({ dNSName: 'localhost' }),
                  new GeneralName({ iPAddress: '127.0.0.1/32' }),
                  new GeneralName({ iPAddress: '::1/128' }),
                ].map((base) => new GeneralSubtree({ base })),
              ),
            }),
          ),
          extension(
            id_ce_subjectKeyIdentifier,
            false,
            new SubjectKeyIdentifier(buffer(keyIdOf(info))),
          ),
        ],
      },
    );
    return new LoopbackCa(certificate, privateKey);
  }

  /**
   * The one that {@link toPem} wrote.
   * @throws Error for anything else
   */
  static parse({ certificate, key }: PemPair): LoopbackCa {
    const parsed = new X509Certificate(certificate);
    const privateKey = createPrivateKey(key);
    if (!parsed.ca || !parsed.checkPrivateKey(privateKey)) {
      throw new TypeError('The key is not that of a CA.');
    }
    return new LoopbackCa(parsed.raw, privateKey);
  }

  /** Whether a certificate that is issued now does not outlive it. */
  isGood(now: number): boolean {
    const { validFromDate, validToDate } = this.#certificate;
    return now >= validFromDate.getTime() && now + LEAF_MS <= validToDate.getTime();
  }

  /** SHA-256 of its certificate, as browsers show it. */
  get fingerprint(): string {
    return createHash('sha256').update(this.#certificate.raw).digest('hex');
  }

  toPem(): PemPair {
    return { certificate: this.#certificate.toString(), key: pemOf(this.#signer.key) };
  }

  /** A certificate for this machine's names, with a fresh key: for 90 days from `now`. */
  issue(now: number): PemPair {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const info = publicKeyInfo(publicKey);
    const certificate = signCertificate(this.#signer, {
      subject: nameOf([
        [ORGANIZATION, 'Mesh on this machine'],
        [COMMON_NAME, 'mesh.localhost'],
      ]),
      info,
      notBefore: now - BACKDATE_MS,
      notAfter: now + LEAF_MS,
      extensions: [
        extension(id_ce_basicConstraints, true, new BasicConstraints({ cA: false })),
        extension(id_ce_keyUsage, true, new KeyUsage(KeyUsageFlags.digitalSignature)),
        extension(id_ce_extKeyUsage, false, new ExtendedKeyUsage([id_kp_serverAuth])),
        extension(
          id_ce_subjectAltName,
          false,
          new SubjectAlternativeName([
            new GeneralName({ dNSName: 'mesh.localhost' }),
            new GeneralName({ dNSName: 'localhost' }),
            new GeneralName({ iPAddress: '127.0.0.1' }),
            new GeneralName({ iPAddress: '::1' }),
          ]),
        ),
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
      certificate: new X509Certificate(certificate).toString(),
      key: pemOf(privateKey),
    };
  }

  /**
   * Whether a certificate is one of its own that is valid, and stays so for a third of its time.
   * @throws Error for what is no certificate or no key
   */
  isFresh({ certificate, key }: PemPair, now: number): boolean {
    const leaf = new X509Certificate(certificate);
    return (
      leaf.checkIssued(this.#certificate) &&
      leaf.verify(this.#certificate.publicKey) &&
      leaf.checkPrivateKey(createPrivateKey(key)) &&
      now >= leaf.validFromDate.getTime() &&
      now + LEAF_MS / 3 <= leaf.validToDate.getTime()
    );
  }
}

function pemOf(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }).toString();
}
