import { generateKeyPairSync, randomBytes } from 'node:crypto';
import {
  AuthorityKeyIdentifier,
  BasicConstraints,
  ExtendedKeyUsage,
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
  SubjectAlternativeName,
  SubjectKeyIdentifier,
} from '@peculiar/asn1-x509';
import { Certificate, type SpiffeId, type TrustDomain } from '@mesh/identity';
import {
  BACKDATE_MS,
  buffer,
  type CertificateSigner,
  extension,
  keyIdOf,
  nameOf,
  ORGANIZATION,
  publicKeyInfo,
  SERIAL_NUMBER,
  signCertificate,
} from './sign-certificate.js';

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
  readonly #signer: CertificateSigner;
  readonly #keyId: Uint8Array;

  /** @param ttlMs Validity in milliseconds from `now` (since the epoch), up to the next whole second. */
  constructor(trustDomain: TrustDomain, ttlMs: number, now: number) {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    this.#signer = {
      key: privateKey,
      // A name of its own, so that nobody takes one CA for another during a rotation.
      name: nameOf([
        [ORGANIZATION, 'Embedded authority (development)'],
        [SERIAL_NUMBER, randomBytes(16).toString('hex')],
      ]),
    };
    const info = publicKeyInfo(publicKey);
    this.#keyId = keyIdOf(info);
    this.certificate = Certificate.parse(
      signCertificate(this.#signer, {
        subject: this.#signer.name,
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
    const certificate = signCertificate(this.#signer, {
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
}

function uriName(uri: string): SubjectAlternativeName {
  return new SubjectAlternativeName([new GeneralName({ uniformResourceIdentifier: uri })]);
}
