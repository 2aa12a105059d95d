import type { ConnectionOptions, PeerCertificate, TLSSocket, TlsOptions } from 'node:tls';
import type { Authorizer } from '../authorizer.js';
import type { X509BundleSource } from '../x509-bundle.js';
import type { X509SvidSource } from '../x509-svid.js';
import { PeerAuthenticator } from './peer-authenticator.js';
import { rememberPeer, type PeerIdentity } from './peer-identity.js';
import { presentedDer } from './presented-chain.js';
import { tlsMaterial } from './tls-material.js';

/** The mesh speaks HTTP/1.1. */
export const ALPN_PROTOCOLS = ['http/1.1'];

/** Options of `tls.createServer`, and the second check that Node has no option for. */
export interface MtlsServerOptions extends TlsOptions {
  readonly rejectUnauthorized: true;
  /**
   * To be called first in `secureConnection`, before a byte is read: verifies the chain against the bundle of the
   * peer's own trust domain and asks the authorizer. `peerOf(socket)` works from then on. Where it throws, destroy
   * the socket: OpenSSL alone accepts what any of the bundles vouches for.
   */
  readonly authenticate: (socket: TLSSocket) => PeerIdentity;
}

/**
 * Options for a TLS server of your own, of the material as it is now. `createMtlsServer` does the rest too: the
 * order of the checks, rotation, the end of connections.
 * @throws what the source throws where there is no SVID
 *
 * @example
 * const options = mtlsServerOptions(source, source, authorizeMemberOf(trustDomain));
 * const server = tls.createServer(options);
 * server.on('secureConnection', (socket) => {
 *   try { options.authenticate(socket); } catch { return socket.destroy(); }
 *   …
 * });
 */
export function mtlsServerOptions(
  svids: X509SvidSource,
  bundles: X509BundleSource,
  authorizer: Authorizer,
): MtlsServerOptions {
  const authenticator = new PeerAuthenticator(bundles, authorizer);
  return {
    ...tlsMaterial(svids, bundles).context,
    requestCert: true,
    rejectUnauthorized: true,
    ALPNProtocols: ALPN_PROTOCOLS,
    authenticate: (socket) => {
      const { peer } = authenticator.authenticate(socket);
      rememberPeer(socket, peer);
      return peer;
    },
  };
}

/** Options of `tls.connect`, `https.Agent` and undici's `connect`. */
export interface MtlsClientOptions extends ConnectionOptions {
  readonly rejectUnauthorized: true;
  readonly checkServerIdentity: (
    hostname: string,
    certificate: PeerCertificate,
  ) => Error | undefined;
  /** Node and undici call `checkServerIdentity` only on full handshakes, so none may be resumed. */
  readonly maxCachedSessions: 0;
}

/**
 * Options for a client of your own, of the material as it is now: OpenSSL's verification, then the chain against the
 * bundle of the server's own trust domain, then the authorizer. The name of the host plays no part.
 * `createMtlsPool` does the rest too: rotation, the end of connections.
 * @throws what the source throws where there is no SVID
 *
 * @example
 * const agent = new https.Agent(mtlsClientOptions(source, source, authorizeId(writer)));
 */
export function mtlsClientOptions(
  svids: X509SvidSource,
  bundles: X509BundleSource,
  authorizer: Authorizer,
): MtlsClientOptions {
  const authenticator = new PeerAuthenticator(bundles, authorizer);
  return {
    ...tlsMaterial(svids, bundles).context,
    rejectUnauthorized: true,
    servername: '',
    ALPNProtocols: ALPN_PROTOCOLS,
    maxCachedSessions: 0,
    checkServerIdentity: (_hostname, certificate) => {
      try {
        authenticator.authenticateChain(presentedDer(certificate));
        return undefined;
      } catch (error) {
        return error as Error;
      }
    },
  };
}
