import {
  TrustDomain,
  X509Bundle,
  X509BundleSet,
  X509Svid,
  type X509BundleSource,
  type X509SvidSource,
} from '@mesh/identity';

/** A source that a test drives: what it holds is swapped whole, as a live one does. */
export class TestSource implements X509SvidSource, X509BundleSource {
  readonly #listeners = new Set<() => void>();
  #svid: X509Svid | undefined;
  #bundles: X509BundleSet;

  constructor(svid: X509Svid, ...bundles: X509Bundle[]) {
    this.#svid = svid;
    this.#bundles = X509BundleSet.of(...bundles);
  }

  get listeners(): number {
    return this.#listeners.size;
  }

  update(svid: X509Svid, ...bundles: X509Bundle[]): void {
    this.#svid = svid;
    if (bundles.length > 0) this.#bundles = X509BundleSet.of(...bundles);
    this.#call();
  }

  withdraw(): void {
    this.#svid = undefined;
    this.#call();
  }

  /** The SVID goes without a word, as when it expires. */
  expire(): void {
    this.#svid = undefined;
  }

  getX509Svid(): X509Svid {
    if (!this.#svid) throw new Error('The test withdrew the SVID.');
    return this.#svid;
  }

  getX509BundleForTrustDomain(trustDomain: TrustDomain): X509Bundle {
    return this.#bundles.getX509BundleForTrustDomain(trustDomain);
  }

  x509Bundles(): readonly X509Bundle[] {
    return this.#bundles.x509Bundles();
  }

  onUpdate(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #call(): void {
    for (const listener of this.#listeners) listener();
  }
}

interface IssueOptions {
  readonly uri?: string;
  readonly notBefore?: Date;
  readonly notAfter?: Date;
}

/** What is needed of the CAs of `@test/kit`. */
interface Ca {
  readonly trustDomain: string;
  readonly certificatePem: string;
  issue(options: IssueOptions): Promise<{ chainDer: Uint8Array; keyDer: Uint8Array }>;
}

export function bundleOf(trustDomain: string, ...cas: { certificatePem: string }[]): X509Bundle {
  return X509Bundle.parsePem(
    TrustDomain.parse(trustDomain),
    cas.map((ca) => ca.certificatePem).join(''),
  );
}

export async function svidOf(ca: Ca, path: string, options: IssueOptions = {}): Promise<X509Svid> {
  const minted = await ca.issue({ uri: `spiffe://${ca.trustDomain}${path}`, ...options });
  return X509Svid.parse(minted.chainDer, minted.keyDer);
}

/** The notBefore and notAfter of an SVID that is issued now. Whole seconds, as in a certificate. */
export function lasting(seconds: number, backdateSeconds = 0): { notBefore: Date; notAfter: Date } {
  const now = Math.floor(Date.now() / 1000) * 1000;
  return {
    notBefore: new Date(now - backdateSeconds * 1000),
    notAfter: new Date(now + seconds * 1000),
  };
}
