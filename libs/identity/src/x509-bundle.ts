import { createHash } from 'node:crypto';
import { BundleError, Certificate, MAX_CERTIFICATES, type TrustDomain } from '@mesh/spiffe';

/** Whatever has bundles at hand: a live source, a set, or one bundle. */
export interface X509BundleSource {
  /**
   * The authorities that vouch for the workloads of this trust domain, and of no other.
   * @throws BundleError `ERR_BUNDLE_NOT_FOUND`
   */
  getX509BundleForTrustDomain(trustDomain: TrustDomain): X509Bundle;
  /** All bundles there are, where that is known: TLS needs their authorities in one list before it knows the peer. */
  x509Bundles?(): readonly X509Bundle[];
}

/** The authorities of one trust domain. Immutable; may be empty, and then vouches for nobody. */
export class X509Bundle implements X509BundleSource {
  readonly authorities: readonly Certificate[];
  /** SHA-256 (hex) over the authorities, whatever their order: equal for bundles that vouch for the same. */
  readonly digest: string;

  private constructor(
    readonly trustDomain: TrustDomain,
    certificates: readonly Certificate[],
  ) {
    const byDigest = new Map(certificates.map((one) => [sha256(one.raw), one]));
    if (byDigest.size > MAX_CERTIFICATES) {
      throw new BundleError(
        'ERR_BUNDLE_TOO_LARGE',
        `The bundle of ${trustDomain.name} has more than ${MAX_CERTIFICATES} authorities.`,
      );
    }
    this.authorities = Object.freeze([...byDigest.values()]);
    this.digest = sha256([...byDigest.keys()].sort().join());
    Object.freeze(this);
  }

  /** The bundle of these authorities. One that is named twice counts once. */
  static of(trustDomain: TrustDomain, authorities: readonly Certificate[]): X509Bundle {
    return new X509Bundle(trustDomain, authorities);
  }

  /**
   * Reads what the Workload API sends: concatenated DER; no bytes are an empty bundle.
   * @throws CertificateError
   */
  static parse(trustDomain: TrustDomain, concatenatedDer: Uint8Array): X509Bundle {
    const authorities = concatenatedDer.length === 0 ? [] : Certificate.parseMany(concatenatedDer);
    return new X509Bundle(trustDomain, authorities);
  }

  /**
   * Reads the certificates of a PEM text.
   * @throws CertificateError
   */
  static parsePem(trustDomain: TrustDomain, pem: string): X509Bundle {
    return new X509Bundle(trustDomain, Certificate.parsePem(pem));
  }

  /** The same trust domain and the same authorities, in any order. */
  equals(other: X509Bundle): boolean {
    return this.trustDomain.equals(other.trustDomain) && this.digest === other.digest;
  }

  /** A bundle is its own source, for its trust domain alone. */
  getX509BundleForTrustDomain(trustDomain: TrustDomain): X509Bundle {
    if (!trustDomain.equals(this.trustDomain)) throw notFound(trustDomain);
    return this;
  }

  x509Bundles(): readonly X509Bundle[] {
    return [this];
  }
}

/** The bundles of several trust domains, one each. Immutable. */
export class X509BundleSet implements X509BundleSource {
  private constructor(private readonly byName: ReadonlyMap<string, X509Bundle>) {
    Object.freeze(this);
  }

  /** The set of these. Of two for the same trust domain the later one stands. */
  static of(...bundles: readonly X509Bundle[]): X509BundleSet {
    return new X509BundleSet(new Map(bundles.map((bundle) => [bundle.trustDomain.name, bundle])));
  }

  get(trustDomain: TrustDomain): X509Bundle | undefined {
    return this.byName.get(trustDomain.name);
  }

  bundles(): readonly X509Bundle[] {
    return [...this.byName.values()];
  }

  getX509BundleForTrustDomain(trustDomain: TrustDomain): X509Bundle {
    const bundle = this.get(trustDomain);
    if (bundle === undefined) throw notFound(trustDomain);
    return bundle;
  }

  x509Bundles(): readonly X509Bundle[] {
    return this.bundles();
  }
}

function sha256(data: Uint8Array | string): string {
  return createHash('sha256').update(data).digest('hex');
}

function notFound(trustDomain: TrustDomain): BundleError {
  return new BundleError(
    'ERR_BUNDLE_NOT_FOUND',
    `There is no bundle for the trust domain ${trustDomain.name}.`,
  );
}
