import { createHash, type KeyObject } from 'node:crypto';
import {
  isJwsSignature,
  jwsAlgorithmsOf,
  PeerVerifier,
  publicKeyOf,
  verifyPeer,
  type X509BundleSource,
} from '@mesh/identity';
import type { Certificate, SpiffeId, TrustDomain, VerifiedChain } from '@mesh/spiffe';
import { BoundedMap } from '../bounded-map.js';
import { digestOfText } from '../digest-of-text.js';
import { TxnTokenError } from './txn-token.error.js';
import { parseX5cCertificate, TxnToken } from './txn-token.js';

/** Longest time between `iat` and `exp`, in seconds. */
export const MAX_LIFETIME_SECONDS = 900;
/** How far the token service's clock may be ahead, in seconds. `exp` has no such grace. */
const CLOCK_SKEW_SECONDS = 5;

/** What a token must be. */
export interface TxnTokenExpectations {
  /** Of the trust domain. */
  readonly bundles: X509BundleSource;
  /** The token service. */
  readonly issuer: SpiffeId;
  readonly audience: TrustDomain;
}

/**
 * Verifies a transaction token: its form, its chain to the bundle of the token service's trust domain, that the leaf is
 * the token service, signature, audience, times, and that the TLS peer is the workload it was issued to. Everything is
 * computed anew; `TxnTokenVerifier` remembers.
 *
 * @example
 * const token = verifyTxnToken(text, { bundles, issuer, audience: trustDomain, now: new Date(), peer: peer.id });
 * token.assertScope('draft:write');
 *
 * @throws TxnTokenError with one code a rule
 */
export function verifyTxnToken(
  text: string,
  expected: TxnTokenExpectations & { readonly now: Date; readonly peer: SpiffeId },
): TxnToken {
  const token = TxnToken.decodeUnverified(text);
  verifySignature(token, expected, expected.now, verifyPeer, publicKeyOf);
  assertTimes(token, expected.now);
  assertSentBy(token, expected.peer);
  return token;
}

interface Verdict {
  readonly token: TxnToken;
  /** Of the whole chain, in milliseconds since the epoch. */
  readonly from: number;
  readonly until: number;
}

export interface TxnTokenVerifierOptions {
  /** Tokens remembered at most; the oldest goes first. Default 1000. */
  readonly maxVerdicts?: number;
}

/**
 * `verifyTxnToken` that remembers: a signature already seen is not computed again while the bundle stays the same and
 * token and certificates live. Only the verdict on the signature is kept. Times and the peer are looked at each time,
 * so that a token that was good from one workload is refused from another.
 */
export class TxnTokenVerifier {
  readonly #verdicts: BoundedMap<Verdict>;
  readonly #keys = new BoundedMap<KeyObject>(64);
  /** By their text in `x5c`: reading one takes longer than the signature does. */
  readonly #certificates = new BoundedMap<Certificate>(64);
  readonly #chains = new PeerVerifier({ maxVerdicts: 64 });

  constructor(
    private readonly expected: TxnTokenExpectations,
    options: TxnTokenVerifierOptions = {},
  ) {
    this.#verdicts = new BoundedMap(options.maxVerdicts ?? 1000);
  }

  /**
   * The token that `peer` sent, as `verifyTxnToken`.
   * @throws TxnTokenError
   */
  verify(text: string, peer: SpiffeId, now: Date = new Date()): TxnToken {
    const token = this.verifyToReplace(text, now);
    assertSentBy(token, peer);
    return token;
  }

  /**
   * The same whoever sent it: for the token service alone, which gets a token from the workload it was sent to. Everybody
   * else calls `verify`.
   * @throws TxnTokenError
   */
  verifyToReplace(text: string, now: Date = new Date()): TxnToken {
    const { trustDomain } = this.expected.issuer;
    const key = `${digestOfText(text)} ${digestOfBundle(this.expected.bundles, trustDomain)}`;
    const known = this.#verdicts.get(key);
    const at = now.getTime();
    if (known !== undefined && known.from <= at && at <= known.until) {
      assertTimes(known.token, now);
      return known.token;
    }
    const parsed = new Map<string, Certificate>();
    const token = TxnToken.decodeUnverified(text, (base64) => this.#certificateOf(base64, parsed));
    const chain = verifySignature(
      token,
      this.expected,
      now,
      (certificates, bundles, time) => this.#chains.verify(certificates, bundles, time),
      (spki) => this.#keyOf(spki),
    );
    assertTimes(token, now);
    // Of good tokens alone, so that bad ones cannot push them out.
    parsed.forEach((certificate, base64) => this.#certificates.set(base64, certificate));
    this.#verdicts.set(key, {
      token,
      from: chain.notBefore.getTime(),
      until: Math.min(chain.notAfter.getTime(), token.expiresAt * 1000),
    });
    return token;
  }

  #certificateOf(base64: string, parsed: Map<string, Certificate>): Certificate {
    const known = this.#certificates.get(base64);
    if (known !== undefined) return known;
    const certificate = parseX5cCertificate(base64);
    parsed.set(base64, certificate);
    return certificate;
  }

  #keyOf(publicKeyInfo: Uint8Array): KeyObject {
    const digest = createHash('sha256').update(publicKeyInfo).digest('base64');
    const key = this.#keys.get(digest) ?? publicKeyOf(publicKeyInfo);
    this.#keys.set(digest, key);
    return key;
  }
}

function digestOfBundle(bundles: X509BundleSource, trustDomain: TrustDomain): string {
  try {
    return bundles.getX509BundleForTrustDomain(trustDomain).digest;
  } catch (error) {
    throw untrusted(error);
  }
}

function untrusted(cause: unknown): TxnTokenError {
  return new TxnTokenError('ERR_TOKEN_CHAIN', "The token's certificates are not trusted.", {
    cause,
  });
}

function verifySignature(
  token: TxnToken,
  { bundles, issuer, audience }: TxnTokenExpectations,
  now: Date,
  verifyChain: typeof verifyPeer,
  keyOf: (publicKeyInfo: Uint8Array) => KeyObject,
): VerifiedChain {
  const [leaf] = token.certificates;
  let chain: VerifiedChain;
  try {
    chain = verifyChain(token.certificates, bundles, now);
  } catch (error) {
    throw untrusted(error);
  }
  // A workload of the domain has a good chain as well: it must be the token service's own.
  if (leaf === undefined || !chain.id.equals(issuer) || !token.issuer.equals(issuer)) {
    throw new TxnTokenError('ERR_TOKEN_ISSUER', `The token is not by ${issuer}.`);
  }
  const key = keyOf(leaf.publicKeyInfo);
  if (!jwsAlgorithmsOf(key).includes(token.algorithm)) {
    throw new TxnTokenError(
      'ERR_TOKEN_ALGORITHM',
      `The token's algorithm ${token.algorithm} does not fit the key of its certificate.`,
    );
  }
  if (!isJwsSignature(token.algorithm, key, token.signingInput, token.signature)) {
    throw new TxnTokenError('ERR_TOKEN_SIGNATURE', "The token's signature is wrong.");
  }
  if (!token.audience.equals(audience)) {
    throw new TxnTokenError('ERR_TOKEN_AUDIENCE', `The token is not for ${audience}.`);
  }
  const life = token.expiresAt - token.issuedAt;
  const outlives =
    token.expiresAt * 1000 > leaf.notAfter.getTime() ||
    token.issuedAt * 1000 < leaf.notBefore.getTime();
  if (life <= 0 || life > MAX_LIFETIME_SECONDS || outlives) {
    throw new TxnTokenError(
      'ERR_TOKEN_LIFETIME',
      `The token lives longer than ${MAX_LIFETIME_SECONDS} seconds or than its signer's SVID.`,
    );
  }
  return chain;
}

function assertTimes(token: TxnToken, now: Date): void {
  const seconds = now.getTime() / 1000;
  if (seconds >= token.expiresAt) {
    throw new TxnTokenError('ERR_TOKEN_EXPIRED', 'The token is expired.');
  }
  if (token.issuedAt > seconds + CLOCK_SKEW_SECONDS) {
    throw new TxnTokenError('ERR_TOKEN_NOT_YET_VALID', 'The token was issued in the future.');
  }
}

function assertSentBy(token: TxnToken, peer: SpiffeId): void {
  if (token.actor.equals(peer)) return;
  throw new TxnTokenError('ERR_TOKEN_ACTOR', `The token was not issued to ${peer}.`);
}
