import { createHash, type KeyObject } from 'node:crypto';
import {
  type Certificate,
  CertificateError,
  spiffeIdOfLeaf,
  type VerifiedChain,
  verifyChain,
} from '@mesh/spiffe';
import { publicKeyOf, verifySignatures } from './verify-signatures.js';
import type { X509Bundle, X509BundleSource } from './x509-bundle.js';

/**
 * Verifies what a peer presented, its own certificate first, against the bundle of the peer's own trust domain and
 * no other (X509-SVID 5). Signatures are checked each time; `PeerVerifier` remembers.
 *
 * @throws CertificateError with one code a rule, BundleError `ERR_BUNDLE_NOT_FOUND`
 */
export function verifyPeer(
  chain: readonly Certificate[],
  bundles: X509BundleSource,
  at: Date = new Date(),
): VerifiedChain {
  const { authorities } = bundleFor(chain, bundles);
  return verifySignatures(verifyChain(chain, authorities, at));
}

interface Verdict {
  readonly chain: VerifiedChain;
  readonly from: number;
  readonly until: number;
}

export interface PeerVerifierOptions {
  /** Verdicts kept at most; the least recently used goes first. Default 1000. */
  readonly maxVerdicts?: number;
}

/**
 * `verifyPeer` that remembers. A verdict holds for the very same certificates and the very same authorities, and
 * while all certificates are valid. The keys of authorities and intermediates are kept by the digest of their SPKI. Only
 * what a good chain needed is kept, so that strangers cannot push it out.
 */
export class PeerVerifier {
  private readonly verdicts: BoundedMap<Verdict>;
  private readonly keys = new BoundedMap<KeyObject>(256);

  constructor(options: PeerVerifierOptions = {}) {
    this.verdicts = new BoundedMap(options.maxVerdicts ?? 1000);
  }

  /** As `verifyPeer`. */
  verify(
    chain: readonly Certificate[],
    bundles: X509BundleSource,
    at: Date = new Date(),
  ): VerifiedChain {
    const bundle = bundleFor(chain, bundles);
    const key = `${chainDigest(chain)} ${bundle.trustDomain.name} ${bundle.digest}`;
    const known = this.verdicts.get(key);
    const time = at.getTime();
    if (known !== undefined && known.from <= time && time <= known.until) return known.chain;
    const used = new Map<string, KeyObject>();
    const verified = verifySignatures(verifyChain(chain, bundle.authorities, at), (spki) =>
      this.keyOf(spki, used),
    );
    used.forEach((keyObject, digest) => this.keys.set(digest, keyObject));
    this.verdicts.set(key, {
      chain: verified,
      from: verified.notBefore.getTime(),
      until: verified.notAfter.getTime(),
    });
    return verified;
  }

  private keyOf(publicKeyInfo: Uint8Array, used: Map<string, KeyObject>): KeyObject {
    const digest = createHash('sha256').update(publicKeyInfo).digest('base64');
    const key = this.keys.get(digest) ?? publicKeyOf(publicKeyInfo);
    used.set(digest, key);
    return key;
  }
}

class BoundedMap<T> {
  private readonly entries = new Map<string, T>();

  constructor(private readonly limit: number) {}

  get(key: string): T | undefined {
    const value = this.entries.get(key);
    if (value === undefined) return undefined;
    // A Map keeps insertion order: what was just used goes to the end.
    this.entries.delete(key);
    this.entries.set(key, value);
    return value;
  }

  set(key: string, value: T): void {
    this.entries.set(key, value);
    if (this.entries.size <= this.limit) return;
    const [oldest] = this.entries.keys();
    if (oldest !== undefined) this.entries.delete(oldest);
  }
}

function bundleFor(chain: readonly Certificate[], bundles: X509BundleSource): X509Bundle {
  const leaf = chain[0];
  if (leaf === undefined) {
    throw new CertificateError('ERR_CHAIN_EMPTY', 'No certificate was presented.');
  }
  return bundles.getX509BundleForTrustDomain(spiffeIdOfLeaf(leaf).trustDomain);
}

function chainDigest(chain: readonly Certificate[]): string {
  const hash = createHash('sha256');
  // DER says its own length, so that two chains cannot run together into the same bytes.
  for (const certificate of chain) hash.update(certificate.raw);
  return hash.digest('base64');
}
