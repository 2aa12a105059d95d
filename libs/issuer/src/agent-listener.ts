import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import {
  createMtlsServer,
  peerOf,
  type Authorizer,
  type HandshakeLog,
  type SpiffeId,
  type X509BundleSource,
  type X509SvidSource,
} from '@mesh/identity';
import { closeServer, listen } from './listening.js';
import { REVOCATION_PATH, TOKEN_PATH } from './provider.js';

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

/** What agents find here, and by which method. */
const METHODS: Readonly<Record<string, 'GET' | 'POST'>> = {
  '/jwks': 'GET',
  '/.well-known/openid-configuration': 'GET',
  [TOKEN_PATH]: 'POST',
  [REVOCATION_PATH]: 'POST',
};

/**
 * Where agents meet the issuer: over mTLS, so that keys come from the issuer's SPIFFE ID and not from whoever has its
 * port, and so that the gateway shows its SVID when it redeems a code. All that may connect read the documents; the
 * session's client alone has tokens here.
 */
export class AgentListener {
  /** `https://ADDRESS:PORT`; the name is not checked by anybody, the SPIFFE ID is. */
  readonly url: string;

  private constructor(private readonly server: Server) {
    const { address, family, port } = server.address() as AddressInfo;
    this.url = `https://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
  }

  /** It answers once it is told what to serve. @throws IssuerError; what the source throws where there is no SVID */
  static async start(options: AgentListenerOptions, address: string): Promise<AgentListener> {
    const { svids, bundles, authorizer, port, log } = options;
    const server = createMtlsServer(svids, bundles, authorizer, log === undefined ? {} : { log });
    await listen(server, port, address);
    return new AgentListener(server);
  }

  /** @param sessionClient who has tokens here; undefined: nobody */
  serve(handle: RequestListener, sessionClient: SpiffeId | undefined): void {
    this.server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      const path = request.url ?? '';
      const method = Object.hasOwn(METHODS, path) ? METHODS[path] : undefined;
      if (method === undefined) return refuse(response, 404, 'invalid_request');
      if (request.method !== method) return refuse(response, 405, 'invalid_request');
      const peer = peerOf(request.socket);
      if (method === 'POST' && !(sessionClient && peer?.id.equals(sessionClient))) {
        return refuse(response, 401, 'invalid_client');
      }
      handle(request, response);
    });
  }

  close(): Promise<void> {
    return closeServer(this.server);
  }
}

/** As an endpoint of OAuth does it (RFC 6749, 5.2). */
function refuse(response: ServerResponse, status: number, error: string): void {
  response
    .writeHead(status, { 'Content-Type': 'application/json', Connection: 'close' })
    .end(JSON.stringify({ error }));
}
