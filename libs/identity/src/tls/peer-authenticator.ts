import type { TLSSocket } from 'node:tls';
import { Certificate, spiffeIdOfLeaf } from '@mesh/spiffe';
import type { Authorizer } from '../authorizer.js';
import { PeerVerifier } from '../verify.js';
import type { X509BundleSource } from '../x509-bundle.js';
import { peerIdentity, type PeerIdentity } from './peer-identity.js';
import { presentedChain } from './presented-chain.js';
import { allBundles } from './tls-material.js';
import { PeerConnectionError } from './tls-errors.js';

/**
 * The second check of a handshake, after OpenSSL's: the chain against the bundle of the peer's own trust domain,
 * then the authorizer. One a server or pool, as it keeps verdicts. Synchronous: no byte is read meanwhile.
 */
export class PeerAuthenticator {
  readonly #verifier = new PeerVerifier();

  constructor(
    private readonly bundles: X509BundleSource,
    private readonly authorizer: Authorizer,
  ) {}

  /**
   * Both checks of an accepted socket of a server.
   * @throws PeerConnectionError
   */
  authenticate(socket: TLSSocket): PeerIdentity {
    const presented = presentedChain(socket);
    if (presented.length === 0) {
      throw new PeerConnectionError(
        'ERR_PEER_CERTIFICATE_MISSING',
        'The peer presented no certificate.',
      );
    }
    if (!socket.authorized) throw refusedByOpenSsl(socket.authorizationError);
    requireFreshTls13(socket);
    return this.verify(presented.map((certificate) => certificate.raw));
  }

  /**
   * The second check alone, of a chain that OpenSSL accepted.
   * @param chain DER, leaf first
   * @throws PeerConnectionError
   */
  verify(chain: readonly Uint8Array[]): PeerIdentity {
    const peer = this.#verified(chain);
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

  #verified(chain: readonly Uint8Array[]): PeerIdentity {
    let certificates: readonly Certificate[] = [];
    try {
      certificates = chain.map((der) => Certificate.parse(der));
      return peerIdentity(this.#verifier.verify(certificates, this.bundles));
    } catch (cause) {
      if (this.#issuerIsHidden(certificates)) throw chainHidden(cause);
      throw new PeerConnectionError(
        'ERR_PEER_UNTRUSTED',
        "The peer's certificate does not verify against the bundle of its trust domain.",
        { cause },
      );
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
