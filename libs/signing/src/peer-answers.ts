import { MeshError } from '@mesh/errors';
import {
  PeerVerifier,
  type SpiffeId,
  type X509Bundle,
  type X509BundleSource,
} from '@mesh/identity';
import {
  AnswerError,
  AnswerVerifier,
  type CallDelegation,
  type Digest,
  type Edge,
  type JsonObject,
  type VerifiedAnswer,
} from '@mesh/provenance';
import { nodeCryptography } from './node-cryptography.js';

/** The call to a peer that was just made. */
export interface PeerCall {
  readonly peer: SpiffeId;
  /** Of the Txn-Token that was sent. */
  readonly txn: string;
  /** Of the same. */
  readonly delegation: CallDelegation;
  /** See `requestDigest` of @mesh/provenance; with a nonce of its own no earlier answer fits it. */
  readonly request: Digest;
  readonly now: Date;
}

/**
 * Verifies the answers of other agents to one's own calls: signed by the peer that was called, to this very call, with
 * all that they were made from. Chains that held are remembered while the bundle stays the same.
 */
export class PeerAnswers {
  readonly #chains = new PeerVerifier();
  readonly #verifiers = new Map<string, { readonly bundle: string; readonly by: AnswerVerifier }>();

  /**
   * @param bundles Asked at each answer. A peer and all who stand behind it are of one trust domain: the peer's.
   * @param edges Who may call whom behind the peers.
   * @param own The ID that calls.
   */
  constructor(
    private readonly bundles: X509BundleSource,
    private readonly edges: readonly Edge[],
    private readonly own: SpiffeId,
  ) {}

  /**
   * @param body The peer's JSON text, or what was read from it. What counts afterwards is `content` of the result.
   * @throws AnswerError, JsonError with one code a rule
   */
  async verify(body: string | JsonObject, call: PeerCall): Promise<VerifiedAnswer> {
    const { peer, txn, delegation, request, now } = call;
    const audience = this.own.toString();
    return this.#verifierOf(peer).verify(body, {
      now,
      call: { audience, txn, delegation, request },
    });
  }

  #verifierOf(peer: SpiffeId): AnswerVerifier {
    const bundle = this.#bundleOf(peer);
    const known = this.#verifiers.get(peer.toString());
    if (known?.bundle === bundle.digest) return known.by;
    const by = new AnswerVerifier(
      {
        bundle: { trustDomain: bundle.trustDomain, x509Authorities: bundle.authorities },
        root: peer,
        edges: this.edges,
      },
      undefined,
      (chain, at) => this.#chains.verify(chain, bundle, at),
      nodeCryptography,
    );
    this.#verifiers.set(peer.toString(), { bundle: bundle.digest, by });
    return by;
  }

  #bundleOf(peer: SpiffeId): X509Bundle {
    try {
      return this.bundles.getX509BundleForTrustDomain(peer.trustDomain);
    } catch (cause) {
      if (!(cause instanceof MeshError)) throw cause;
      throw new AnswerError('ERR_ANSWER_CHAIN', 'There is no bundle to verify the answer by.', {
        cause,
      });
    }
  }
}
