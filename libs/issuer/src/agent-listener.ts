import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import {
  createMtlsServer,
  type Authorizer,
  type HandshakeLog,
  type X509BundleSource,
  type X509SvidSource,
} from '@mesh/identity';
import { closeServer, listen } from './listening.js';

/** The issuer's own SVID, whom it trusts, and who of them may read its keys. */
export interface AgentListenerOptions {
  readonly svids: X509SvidSource;
  readonly bundles: X509BundleSource;
  readonly authorizer: Authorizer;
  /** TCP port; 0: a free one. */
  readonly port: number;
  /** Told of every handshake. Default: none. */
  readonly log?: HandshakeLog;
}

/**
 * Where agents read the issuer's keys: over mTLS, so that they come from the issuer's SPIFFE ID and not from whoever
 * has its port. It serves the discovery document and the JWKS, and nothing else.
 */
export class AgentListener {
  /** `https://ADDRESS:PORT`; the name is not checked by anybody, the SPIFFE ID is. */
  readonly url: string;

  private constructor(private readonly server: Server) {
    const { address, family, port } = server.address() as AddressInfo;
    this.url = `https://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
  }

  /** @throws IssuerError; what the source throws where there is no SVID */
  static async start(
    options: AgentListenerOptions,
    issuer: string,
    address: string,
    jwks: () => object,
  ): Promise<AgentListener> {
    const { svids, bundles, authorizer, port, log } = options;
    const server = createMtlsServer(svids, bundles, authorizer, log === undefined ? {} : { log });
    await listen(server, port, address);
    const listener = new AgentListener(server);
    const documents: Readonly<Record<string, () => object>> = {
      '/jwks': jwks,
      '/.well-known/openid-configuration': () => ({
        issuer,
        // As browsers are told it: who verifies tokens takes keys from the issuer's own origin alone, and reaches it here.
        jwks_uri: `${issuer}/jwks`,
        authorization_endpoint: `${issuer}/auth`,
        token_endpoint: `${issuer}/token`,
        response_types_supported: ['code'],
        subject_types_supported: ['public'],
        id_token_signing_alg_values_supported: ['ES256'],
      }),
    };
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      const path = request.url ?? '';
      const document = Object.hasOwn(documents, path) ? documents[path] : undefined;
      if (document === undefined || request.method !== 'GET') {
        response.writeHead(document === undefined ? 404 : 405, { Connection: 'close' }).end();
        return;
      }
      response
        .writeHead(200, { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' })
        .end(JSON.stringify(document()));
    });
    return listener;
  }

  close(): Promise<void> {
    return closeServer(this.server);
  }
}
