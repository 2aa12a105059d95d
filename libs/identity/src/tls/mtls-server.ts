import type { IncomingMessage, RequestListener, ServerOptions, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { Authorizer } from '../authorizer.js';
import type { X509BundleSource } from '../x509-bundle.js';
import type { X509SvidSource } from '../x509-svid.js';
import { onSourceUpdate } from './source-updates.js';
import { Alarm } from './alarm.js';
import {
  connectionLifetime,
  type ConnectionLifetime,
  type Validity,
} from './connection-lifetime.js';
import {
  acceptedEvent,
  connectionOf,
  limitedLog,
  refusedEvent,
  type HandshakeLog,
} from './handshake-event.js';
import { LiveConnections } from './live-connections.js';
import { ALPN_PROTOCOLS } from './mtls-options.js';
import { PeerAuthenticator } from './peer-authenticator.js';
import { rememberPeer } from './peer-identity.js';
import { presentedChain } from './presented-chain.js';
import { PeerConnectionError } from './tls-errors.js';
import { NO_CONTEXT, tlsMaterial } from './tls-material.js';

export interface CreateMtlsServerOptions {
  /** Told of every handshake: accepted ones all, refused ones limited in rate. */
  readonly log?: HandshakeLog;
  /** Milliseconds a peer has for its handshake. Default 10,000. */
  readonly handshakeTimeoutMs?: number;
  /** Connections at a time; more are closed unanswered. Default 1,024. */
  readonly maxConnections?: number;
  /** Milliseconds an idle connection is kept. Default 75,000, longer than `MtlsPool` keeps one. */
  readonly keepAliveTimeoutMs?: number;
  /** Bytes of a request's headers. Default 16,384. */
  readonly maxHeaderBytes?: number;
  /** Milliseconds in which a request's headers must be there. Default 10,000. */
  readonly headersTimeoutMs?: number;
  /** Milliseconds in which a whole request must be there. Default 60,000. */
  readonly requestTimeoutMs?: number;
}

/**
 * An HTTPS server for peers alone: TLS 1.3 with an SVID on both sides, nothing resumed, no byte of a refused peer's
 * request parsed. It follows its sources: a rotation changes key, certificate and authorities for new connections
 * while those that live go on; they end gently before the earliest notAfter of both chains (`connectionLifetime`),
 * within 2 s when the authority that vouched for the peer leaves its bundle, and at once when the own SVID is
 * withdrawn. `server.close()` ends the watching too.
 *
 * This is the one place with `rejectUnauthorized: false`: Node closes a peer that OpenSSL refused without showing
 * what it presented, and an investigation needs that. The first listener destroys the socket in its stead.
 *
 * @param authorizer who may connect at all; what a peer may call is decided a request
 * @param requestListener also what Fastify hands to its `serverFactory`. A listener added by `on('request')` is
 *   called too, and only for verified peers.
 * @throws what the source throws where there is no SVID
 *
 * @example
 * const source = await X509Source.create();
 * const server = createMtlsServer(source, source, authorizeMemberOf(trustDomain), {}, (req, res) => {
 *   res.end(`Hello ${peerOf(req.socket)?.id}`);
 * });
 */
export function createMtlsServer(
  svids: X509SvidSource,
  bundles: X509BundleSource,
  authorizer: Authorizer,
  options: CreateMtlsServerOptions = {},
  requestListener?: RequestListener,
): Server {
  return new MtlsServer(svids, bundles, authorizer, options, requestListener).server;
}

/** What the server knows of a verified connection beyond its peer. */
interface Connection {
  readonly lifetime: ConnectionLifetime;
  readonly responses: Set<ServerResponse>;
  readonly alarm: Alarm;
  stage: 'open' | 'draining' | 'closing-idle';
}

class MtlsServer {
  readonly server: Server;
  readonly #authenticator: PeerAuthenticator;
  readonly #log: HandshakeLog | undefined;
  readonly #live: LiveConnections;
  readonly #connections = new WeakMap<object, Connection>();
  readonly #handshakeTimeoutMs: number;
  #rotatedAt = 0;
  #validity: Validity;
  #version: string;

  constructor(
    private readonly svids: X509SvidSource,
    private readonly bundles: X509BundleSource,
    authorizer: Authorizer,
    options: CreateMtlsServerOptions,
    requestListener: RequestListener | undefined,
  ) {
    this.#authenticator = new PeerAuthenticator(bundles, authorizer);
    this.#log = limitedLog(options.log);
    this.#live = new LiveConnections((chain) => this.#authenticator.verify(chain));
    this.#handshakeTimeoutMs = options.handshakeTimeoutMs ?? 10_000;
    const material = tlsMaterial(svids, bundles);
    this.#validity = material.validity;
    this.#version = material.version;
    const server = createServer({
      ...httpOptions(options),
      ...material.context,
      handshakeTimeout: this.#handshakeTimeoutMs,
      requestCert: true,
      rejectUnauthorized: false,
      ALPNProtocols: ALPN_PROTOCOLS,
    });
    server.maxConnections = options.maxConnections ?? 1024;
    // First in their line, before HTTP's own listener: with HTTP first, the pipelined request of a refused peer reaches
    // its handler.
    server.prependListener('secureConnection', (socket) => this.#accept(socket));
    server.on('request', (request, response) => {
      if (this.#track(request, response)) requestListener?.(request, response);
    });
    // Node's own listener hands it to HTTP as `clientError`: there each would be answered and logged like a bad request.
    server.removeAllListeners('tlsClientError');
    server.on('tlsClientError', (error: NodeJS.ErrnoException, socket) => {
      const { remoteAddress } = socket;
      socket.destroy();
      this.#log?.(refusedEvent('server', { remoteAddress }, [], handshakeFailed(error)));
    });
    closeHandshakesToo(server);
    server.once(
      'close',
      onSourceUpdate([svids, bundles], () => this.#update()),
    );
    this.server = server;
  }

  #accept(socket: TLSSocket): void {
    if (socket.destroyed) return;
    let authenticated;
    try {
      // Throws once it is expired: then there is nothing to prove to a peer who this is.
      this.svids.getX509Svid();
      authenticated = this.#authenticator.authenticate(socket);
    } catch (error) {
      const event =
        this.#log && refusedEvent('server', connectionOf(socket), presentedChain(socket), error);
      socket.destroy();
      if (event) this.#log?.(event);
      return;
    }
    const { peer, presented } = authenticated;
    rememberPeer(socket, peer);
    const lifetime = connectionLifetime(
      this.#shown(socket),
      { notBefore: peer.notBefore, notAfter: peer.chain.notAfter },
      Date.now(),
    );
    this.#live.add(socket, presented, lifetime);
    this.#windDown(socket, lifetime);
    this.#log?.(acceptedEvent('server', socket, peer));
  }

  /** Of a handshake that a rotation overtook, the certificate that was shown is not the current one. */
  #shown(socket: TLSSocket): Validity {
    const own = this.#validity;
    if (Date.now() > this.#rotatedAt + this.#handshakeTimeoutMs) return own;
    const leaf = socket.getX509Certificate();
    if (!leaf || leaf.validToDate >= own.notAfter) return own;
    return { notBefore: leaf.validFromDate, notAfter: leaf.validToDate };
  }

  #windDown(socket: TLSSocket, lifetime: ConnectionLifetime): void {
    const connection: Connection = {
      lifetime,
      responses: new Set(),
      alarm: new Alarm(),
      stage: 'open',
    };
    this.#connections.set(socket, connection);
    socket.once('close', () => connection.alarm.clear());
    connection.alarm.set(lifetime.drainAt, () => {
      connection.stage = 'draining';
      for (const response of connection.responses) response.shouldKeepAlive = false;
      connection.alarm.set(lifetime.closeIdleAt, () => {
        connection.stage = 'closing-idle';
        if (connection.responses.size === 0) socket.destroySoon();
      });
    });
  }

  /** False for a request that is not to be served. */
  #track(request: IncomingMessage, response: ServerResponse): boolean {
    const connection = this.#connections.get(request.socket);
    if (!connection) {
      // Cannot be, as only verified sockets reach HTTP; should it ever, nothing is served.
      request.socket.destroy();
      return false;
    }
    connection.responses.add(response);
    if (connection.stage !== 'open') response.shouldKeepAlive = false;
    response.once('close', () => {
      connection.responses.delete(response);
      if (connection.stage === 'closing-idle' && connection.responses.size === 0) {
        request.socket.destroySoon();
      }
    });
    return true;
  }

  #update(): void {
    let material;
    try {
      material = tlsMaterial(this.svids, this.bundles);
    } catch (error) {
      this.#version = '';
      this.server.setSecureContext(NO_CONTEXT);
      this.#live.withdraw(error);
      return;
    }
    if (material.version === this.#version) return;
    this.#version = material.version;
    this.#validity = material.validity;
    this.#rotatedAt = Date.now();
    this.server.setSecureContext(material.context);
    this.#live.recheck();
  }
}

/** Node's `closeAllConnections` knows only those that HTTP was handed, and `close` waits for the others too. */
function closeHandshakesToo(server: Server): void {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  const closeAllConnections = server.closeAllConnections.bind(server);
  server.closeAllConnections = () => {
    closeAllConnections();
    for (const socket of sockets) socket.destroy();
  };
}

/** Milliseconds between two looks for connections that took too long. Node's own 30,000 would add to the limits. */
const CHECK_MS = 2_000;

function httpOptions(options: CreateMtlsServerOptions): ServerOptions {
  const headersTimeout = options.headersTimeoutMs ?? 10_000;
  return {
    keepAliveTimeout: options.keepAliveTimeoutMs ?? 75_000,
    maxHeaderSize: options.maxHeaderBytes ?? 16_384,
    headersTimeout,
    requestTimeout: options.requestTimeoutMs ?? 60_000,
    connectionsCheckingInterval: Math.min(CHECK_MS, headersTimeout),
  };
}

function handshakeFailed(error: NodeJS.ErrnoException): PeerConnectionError {
  return new PeerConnectionError(
    'ERR_PEER_HANDSHAKE_FAILED',
    `The TLS handshake failed: ${error.code ?? 'unknown'}.`,
    { cause: error },
  );
}
