import type { X509Certificate } from 'node:crypto';
import type { DetailedPeerCertificate, PeerCertificate, TLSSocket } from 'node:tls';

/** More certificates than any real chain has; one beyond it makes the verification refuse the peer. */
const MAX_CHAIN = 10;

/** The certificates that the peer sent, leaf first; empty if it sent none. Nothing of them is verified. */
export function presentedChain(socket: TLSSocket): X509Certificate[] {
  const chain: X509Certificate[] = [];
  let certificate = socket.getPeerX509Certificate();
  while (certificate && chain.length <= MAX_CHAIN) {
    chain.push(certificate);
    certificate = certificate.issuerCertificate;
  }
  return chain;
}

/**
 * The same, DER, from what Node hands to `checkServerIdentity`. Node appends the authority that OpenSSL found in
 * its own store: it refers to itself and is left out, as the peer did not send it.
 */
export function presentedDer(leaf: PeerCertificate): Uint8Array[] {
  const chain: Uint8Array[] = [];
  // The detailed form is what Node passes, whatever the type says.
  let certificate: DetailedPeerCertificate | undefined = leaf as DetailedPeerCertificate;
  while (certificate?.raw && chain.length <= MAX_CHAIN) {
    const issuer: DetailedPeerCertificate | undefined = certificate.issuerCertificate;
    if (issuer === certificate && chain.length > 0) break;
    chain.push(certificate.raw);
    certificate = issuer === certificate ? undefined : issuer;
  }
  return chain;
}
