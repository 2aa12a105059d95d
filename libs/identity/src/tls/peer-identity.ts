import type { SpiffeId, VerifiedChain } from '@mesh/spiffe';

/** Who stands at the other end of a TLS connection, as both checks of the handshake proved it. */
export interface PeerIdentity {
  readonly id: SpiffeId;
  /** Of the leaf, lower-case hexadecimal. */
  readonly serialNumber: string;
  /** Of the leaf. */
  readonly notBefore: Date;
  /** Of the leaf; `chain.notAfter` is the earliest of the whole chain. */
  readonly notAfter: Date;
  readonly chain: VerifiedChain;
}

const peers = new WeakMap<object, PeerIdentity>();

/**
 * The verified peer of a TLS socket of `createMtlsServer` or `MtlsPool`; undefined for any other socket, and for
 * one whose peer was refused. The only place to learn who calls: headers say nothing about it.
 *
 * @example
 * createMtlsServer(source, source, authorizeAny(), {}, (req, res) => res.end(peerOf(req.socket)?.id.toString()));
 */
export function peerOf(socket: object): PeerIdentity | undefined {
  return peers.get(socket);
}

/** Called once both checks passed, and by nobody else; not exported from the library. */
export function rememberPeer(socket: object, peer: PeerIdentity): void {
  peers.set(socket, peer);
}

export function peerIdentity(chain: VerifiedChain): PeerIdentity {
  const leaf = chain.chain[0];
  if (!leaf) throw new TypeError('A verified chain has a leaf.');
  return {
    id: chain.id,
    serialNumber: leaf.serialNumber,
    notBefore: leaf.notBefore,
    notAfter: leaf.notAfter,
    chain,
  };
}
