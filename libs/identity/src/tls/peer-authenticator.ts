import { createHash } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import { Certificate, spiffeIdOfLeaf } from '@mesh/spiffe';
import type { Authorizer } from '../authorizer.js';
import { PeerVerifier } from '../verify.js';
import type { X509BundleSource } from '../x509-bundle.js';
import { peerIdentity, type PeerIdentity } from './peer-identity.js';
import { presentedChain } from './presented-chain.js';
import { allBundles } from './tls-material.js';
import { PeerConnectionError } from './tls-errors.js';

/** A peer that passed both checks. */
export interface Authenticated {
  readonly peer: PeerIdentity;
  /** What it presented, leaf first: to be verified again when a bundle changes. */
  readonly presented: readonly Certificate[];
}

/** Chains kept in parsed form: reading one takes as long as all the rest of the second check. */
const MAX_PARSED = 1000;

/**
 * The second check of a handshake, after OpenSSL's: the chain against the bundle of the peer's own trust domain,
 * then the authorizer. One a server or pool, as it keeps verdicts. Synchronous: no byte is read meanwhile.
 */
export class PeerAuthenticator {
  readonly #verifier = new PeerVerifier();
  /** By digest, only of peers that were accepted: strangers cannot push them out. */
  readonly #parsed = new Map<string, readonly Certificate[]>();

  constructor(
    private readonly bundles: X509BundleSource,
    private readonly authorizer: Authorizer,
  ) {}

  /**
   * Both checks of an accepted socket of a server.
   * @throws PeerConnectionError
   */
  authenticate(socket: TLSSocket): Authenticated {
    const presented = presentedChain(socket);
    if (presented.length === 0) {
      throw new PeerConnectionError(
        'ERR_PEER_CERTIFICATE_MISSING',
        'The peer presented no certificate.',
      );
    }
    if (!socket.authorized) throw refusedByOpenSsl(socket.authorizationError);
    requireFreshTls13(socket);
    return this.authenticateChain(presented.map((certificate) => certificate.raw));
  }

  /**
   * The second check alone, of a chain that OpenSSL accepted.
   * @param chain DER, leaf first
   * @throws PeerConnectionError
   */
  authenticateChain(chain: readonly Uint8Array[]): Authenticated {
    const digest = digestOf(chain);
    const presented = this.#parsed.get(digest) ?? parse(chain);
    const peer = this.verify(presented);
    this.#keep(digest, presented);
    return { peer, presented };
  }

  /**
   * The second check of a chain that was read before.
   * @throws PeerConnectionError
   */
  verify(presented: readonly Certificate[]): PeerIdentity {
    const peer = this.#verified(presented);
    try {
      this.authorizer(peer);
    } catch (cause) {
      throw new PeerConnectionError(
        'ERR_PEER_NOT_AUTHORIZED',
        'The peer is not one that this workload talks to.',
        { cause },
      );
    }
    return peer;
  }

  #keep(digest: string, presented: readonly Certificate[]): void {
    this.#parsed.set(digest, presented);
    if (this.#parsed.size <= MAX_PARSED) return;
    const [oldest] = this.#parsed.keys();
    if (oldest !== undefined) this.#parsed.delete(oldest);
  }

  #verified(presented: readonly Certificate[]): PeerIdentity {
    try {
      return peerIdentity(this.#verifier.verify(presented, this.bundles));
    } catch (cause) {
      if (this.#issuerIsHidden(presented)) throw chainHidden(cause);
      throw untrusted(cause);
    }
  }

  /** OpenSSL built a path to an authority from this certificate: its issuer was sent, and Node keeps it back. */
  #issuerIsHidden([leaf, ...others]: readonly Certificate[]): boolean {
    if (!leaf || others.length > 0) return false;
    try {
      const { trustDomain } = spiffeIdOfLeaf(leaf);
      const authorities = allBundles(this.bundles, trustDomain).flatMap((one) => one.authorities);
      return !authorities.some((authority) => authority.subject === leaf.issuer);
    } catch {
      return false;
    }
  }
}

function digestOf(chain: readonly Uint8Array[]): string {
  const hash = createHash('sha256');
  // DER says its own length, so two chains cannot run together into the same bytes.
  for (const der of chain) hash.update(der);
  return hash.digest('base64');
}

function parse(chain: readonly Uint8Array[]): readonly Certificate[] {
  try {
    return chain.map((der) => Certificate.parse(der));
  } catch (cause) {
    throw untrusted(cause);
  }
}

function untrusted(cause: unknown): PeerConnectionError {
  return new PeerConnectionError(
    'ERR_PEER_UNTRUSTED',
    "The peer's certificate does not verify against the bundle of its trust domain.",
    { cause },
  );
}

export function refusedByOpenSsl(reason: unknown): PeerConnectionError {
  // A code such as UNABLE_TO_VERIFY_LEAF_SIGNATURE, whatever the type says.
  const code = reason instanceof Error ? ((reason as NodeJS.ErrnoException).code ?? '') : reason;
  return new PeerConnectionError(
    'ERR_PEER_UNTRUSTED',
    `OpenSSL refused the peer's certificate: ${typeof code === 'string' ? code : 'unknown'}.`,
  );
}

/** Impossible by the options that this library sets; checked all the same, as everything else rests on it. */
function requireFreshTls13(socket: TLSSocket): void {
  if (socket.getProtocol() === 'TLSv1.3' && !socket.isSessionReused()) return;
  throw new PeerConnectionError(
    'ERR_PEER_HANDSHAKE_FAILED',
    'The connection is not a full TLS 1.3 handshake.',
  );
}

function chainHidden(cause: unknown): PeerConnectionError {
  return new PeerConnectionError(
    'ERR_PEER_CHAIN_HIDDEN',
    `Node.js ${process.versions.node} does not show the intermediate certificates that the peer sent ` +
      '(nodejs/node#65579), so its chain cannot be verified. Run 26.10 or newer.',
    { cause },
  );
}
