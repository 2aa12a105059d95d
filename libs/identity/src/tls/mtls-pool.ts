import type { IncomingHttpHeaders } from 'node:http';
import type { Readable } from 'node:stream';
import { connect, createSecureContext, type SecureContext, type TLSSocket } from 'node:tls';
import { MeshError } from '@mesh/errors';
import { Client, Pool, type buildConnector, type Dispatcher } from 'undici';
import type { Authorizer } from '../authorizer.js';
import type { X509BundleSource } from '../x509-bundle.js';
import type { X509SvidSource } from '../x509-svid.js';
import { Alarm } from './alarm.js';
import { connectionLifetime } from './connection-lifetime.js';
import { acceptedEvent, limitedLog, refusedEvent, type HandshakeLog } from './handshake-event.js';
import { LiveConnections, withdrawn } from './live-connections.js';
import { ALPN_PROTOCOLS } from './mtls-options.js';
import { PeerAuthenticator, refusedByOpenSsl, type Authenticated } from './peer-authenticator.js';
import { rememberPeer, type PeerIdentity } from './peer-identity.js';
import { presentedChain, presentedDer } from './presented-chain.js';
import { onSourceUpdate } from './source-updates.js';
import { ConnectionEndedError, PeerConnectionError, PoolClosedError } from './tls-errors.js';
import { tlsMaterial, type TlsMaterial } from './tls-material.js';

export interface MtlsPoolOptions {
  /** Told of every handshake: accepted ones all, refused ones limited in rate. */
  readonly log?: HandshakeLog;
  /** Connections at a time, each with one request; more requests wait. Default 64. */
  readonly connections?: number;
  /** Milliseconds for TCP and TLS together. Default 5,000. */
  readonly connectTimeoutMs?: number;
  /** Milliseconds an idle connection is kept. Default 60,000; less than the server's. */
  readonly keepAliveTimeoutMs?: number;
  /** Bytes of a response's headers. Default 16,384. */
  readonly maxHeaderBytes?: number;
  /** Milliseconds until a response's headers are there. Default 300,000; a request's signal ends it earlier. */
  readonly headersTimeoutMs?: number;
  /** Milliseconds between two pieces of a response's body. Default 300,000. */
  readonly bodyTimeoutMs?: number;
}

export interface MtlsRequest {
  readonly method: string;
  /** With the query, if there is one. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string | undefined>>;
  readonly body?: string | Uint8Array | Readable | null;
  /** Its reason is what the request, or the body's stream, fails with. */
  readonly signal?: AbortSignal;
}

export interface MtlsResponse {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Must be read to its end or destroyed: its connection is busy until then. */
  readonly body: Dispatcher.ResponseData['body'];
  /** Who answered. */
  readonly peer: PeerIdentity;
}

/**
 * The connections of this workload to one peer. It follows its sources: after a rotation, and before the first
 * certificate of either side's chain ends, new requests go over new connections and those that run are let finish;
 * what runs longer than its certificates is cut with `ERR_CONNECTION_EXPIRED`. Connections whose peer is no longer
 * vouched for are cut at once (`ERR_CONNECTION_DISTRUSTED`), all of them if the own SVID is withdrawn
 * (`ERR_CONNECTION_WITHDRAWN`).
 *
 * Whether a failed request may be repeated stands in `MeshError.retry`: `safe` as long as nothing was sent. A server
 * that refuses this workload closes the connection, and that looks like any other lost connection
 * (`ERR_CONNECTION_LOST`): in TLS 1.3 the reason stands in the server's log alone.
 */
export class MtlsPool {
  readonly #origin: URL;
  readonly #svids: X509SvidSource;
  readonly #bundles: X509BundleSource;
  readonly #options: MtlsPoolOptions;
  readonly #authenticator: PeerAuthenticator;
  readonly #log: HandshakeLog | undefined;
  readonly #stopWatching: () => void;
  /** All that have connections; the current one takes new requests. */
  readonly #generations = new Set<Generation>();
  #current: Generation | undefined;
  #closed = false;

  /** See `createMtlsPool`. */
  constructor(
    origin: string,
    svids: X509SvidSource,
    bundles: X509BundleSource,
    authorizer: Authorizer,
    options: MtlsPoolOptions = {},
  ) {
    this.#origin = httpsOrigin(origin);
    this.#svids = svids;
    this.#bundles = bundles;
    this.#options = options;
    this.#authenticator = new PeerAuthenticator(bundles, authorizer);
    this.#log = limitedLog(options.log);
    this.#stopWatching = onSourceUpdate([svids, bundles], () => this.#update());
  }

  /** `https://host:port`. */
  get origin(): string {
    return this.#origin.origin;
  }

  /** Verified connections that are open now. */
  get connections(): number {
    let sum = 0;
    for (const generation of this.#generations) sum += generation.live.size;
    return sum;
  }

  /**
   * Sends one request.
   * @throws PeerConnectionError, ConnectionEndedError (also from the body's stream), PoolClosedError; what the SVID
   *   source throws where there is no SVID; the signal's reason
   */
  async request(request: MtlsRequest): Promise<MtlsResponse> {
    if (this.#closed) throw new PoolClosedError();
    const exchange: Exchange = { signal: request.signal, peer: undefined };
    const { pool } = this.#generation();
    let response;
    try {
      response = await pool.request({
        method: request.method,
        path: request.path,
        headers: request.headers as Record<string, string>,
        body: request.body,
        signal: request.signal,
        opaque: exchange,
      });
    } catch (error) {
      throw requestError(error, exchange);
    }
    if (!exchange.peer) {
      response.body.destroy();
      throw new TypeError('A response came over a connection without a peer.');
    }
    return {
      status: response.statusCode,
      headers: response.headers,
      body: response.body,
      peer: exchange.peer,
    };
  }

  /** Takes no more requests and waits for those that run. May be called twice. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#stopWatching();
    this.#retire();
    await Promise.all([...this.#generations].map((generation) => generation.close()));
  }

  /** Cuts all that runs. May be called twice, and after `close()`. */
  async destroy(): Promise<void> {
    this.#closed = true;
    this.#stopWatching();
    this.#current = undefined;
    const error = new PoolClosedError();
    await Promise.all([...this.#generations].map((generation) => generation.destroy(error)));
  }

  #generation(): Generation {
    if (this.#current) return this.#current;
    const generation: Generation = new Generation(
      this.#origin,
      tlsMaterial(this.#svids, this.#bundles),
      this.#authenticator,
      this.#options,
      this.#log,
      () => {
        if (this.#current === generation) this.#retire();
      },
      () => this.#generations.delete(generation),
    );
    this.#generations.add(generation);
    this.#current = generation;
    return generation;
  }

  #retire(): void {
    const retired = this.#current;
    this.#current = undefined;
    void retired?.close();
  }

  #update(): void {
    let material;
    try {
      material = tlsMaterial(this.#svids, this.#bundles);
    } catch (error) {
      this.#current = undefined;
      for (const generation of this.#generations) void generation.destroy(withdrawn(error));
      return;
    }
    for (const generation of this.#generations) generation.live.recheck();
    if (this.#current && this.#current.version !== material.version) this.#retire();
  }
}

/**
 * A pool of mutually authenticated connections to one peer: TLS 1.3, both sides with an SVID, none resumed. It
 * connects when the first request needs it.
 *
 * @param origin `https://host:port`; the host's name is where the peer is, never who it is
 * @param authorizer who the peer must be; `authorizeId(…)` of the one that is expected
 * @throws TypeError for an origin that is not `https:`
 *
 * @example
 * const pool = createMtlsPool('https://writer:4003', source, source, authorizeId(writer));
 * const { status, body, peer } = await pool.request({ method: 'GET', path: '/v1/status', signal });
 */
export function createMtlsPool(
  origin: string,
  svids: X509SvidSource,
  bundles: X509BundleSource,
  authorizer: Authorizer,
  options: MtlsPoolOptions = {},
): MtlsPool {
  return new MtlsPool(origin, svids, bundles, authorizer, options);
}

function httpsOrigin(origin: string): URL {
  const url = new URL(origin);
  if (url.protocol !== 'https:' || url.href !== `${url.origin}/`) {
    throw new TypeError('The origin of a peer is https://host:port.');
  }
  return url;
}

/** What one request leaves behind on its way through undici. */
interface Exchange {
  readonly signal: AbortSignal | undefined;
  /** Set once the request is on a connection. */
  peer: PeerIdentity | undefined;
}

/** The connections made with the same SVID and bundles: retired together. */
class Generation {
  readonly pool: Pool;
  readonly live: LiveConnections;
  readonly version: string;
  readonly #context: SecureContext;
  readonly #retireAlarm = new Alarm();
  #retireAt = Infinity;

  constructor(
    origin: URL,
    private readonly material: TlsMaterial,
    private readonly authenticator: PeerAuthenticator,
    private readonly options: MtlsPoolOptions,
    private readonly log: HandshakeLog | undefined,
    private readonly onRetire: () => void,
    private readonly onEnd: () => void,
  ) {
    this.version = material.version;
    this.live = new LiveConnections((chain) => authenticator.verify(chain));
    this.#context = createSecureContext(material.context);
    this.pool = new Pool(origin, {
      connections: options.connections ?? 64,
      pipelining: 1,
      allowH2: false,
      keepAliveTimeout: options.keepAliveTimeoutMs ?? 60_000,
      keepAliveMaxTimeout: options.keepAliveTimeoutMs ?? 60_000,
      maxHeaderSize: options.maxHeaderBytes ?? 16_384,
      headersTimeout: options.headersTimeoutMs ?? 300_000,
      bodyTimeout: options.bodyTimeoutMs ?? 300_000,
      factory: (url, poolOptions) =>
        new PeerClient(url, poolOptions, (target, onPeer, done) =>
          this.#connect(target, onPeer, done),
        ),
    });
    this.#retireBy(connectionLifetime(material.validity, material.validity, Date.now()).retireAt);
  }

  async close(): Promise<void> {
    this.#retireAlarm.clear();
    // Undici rejects the close of what is destroyed.
    if (!this.pool.destroyed) await this.pool.close();
    this.onEnd();
  }

  async destroy(error: Error): Promise<void> {
    this.#retireAlarm.clear();
    await this.pool.destroy(error);
    this.onEnd();
  }

  #retireBy(at: number): void {
    if (at >= this.#retireAt) return;
    this.#retireAt = at;
    this.#retireAlarm.set(at, this.onRetire);
  }

  /** One connection, handed over only once both checks passed. */
  #connect(
    target: buildConnector.Options,
    onPeer: (peer: PeerIdentity) => void,
    done: buildConnector.Callback,
  ): TLSSocket {
    const timeoutMs = this.options.connectTimeoutMs ?? 5_000;
    let authenticated: Authenticated | undefined;
    let presented: ReturnType<typeof presentedChain> = [];
    const socket = connect({
      host: target.hostname,
      port: Number(target.port || 443),
      // A host's name is no identity, and the server has one certificate.
      servername: '',
      secureContext: this.#context,
      rejectUnauthorized: true,
      ALPNProtocols: ALPN_PROTOCOLS,
      checkServerIdentity: (_hostname, certificate) => {
        try {
          authenticated = this.authenticator.authenticateChain(presentedDer(certificate));
          return undefined;
        } catch (error) {
          return error as Error;
        }
      },
    });
    socket.setNoDelay(true);
    socket.setKeepAlive(true, 60_000);
    // Emitted before Node closes a server that OpenSSL refused: the last moment to see what was presented.
    socket.prependOnceListener('secure', () => (presented = presentedChain(socket)));
    const timer = setTimeout(
      () => socket.destroy(unreachable(`no connection within ${timeoutMs} ms`)),
      timeoutMs,
    );
    const settle = (error: Error | null) => {
      clearTimeout(timer);
      socket.off('error', onError);
      socket.off('close', onClose);
      if (error) done(error, null);
      else done(null, socket);
    };
    const onError = (error: NodeJS.ErrnoException) => {
      const failure = connectError(error, socket);
      if (failure.code !== 'ERR_PEER_UNREACHABLE') {
        this.log?.(refusedEvent('client', {}, presented, failure));
      }
      // Node reports a failure of the handshake once, and undici listens only to sockets that it was handed.
      socket.on('error', () => undefined);
      settle(failure);
    };
    const onClose = () => onError(unreachable('the connection was closed'));
    socket.once('error', onError);
    socket.once('close', onClose);
    socket.once('secureConnect', () => {
      // Without a verdict there was no check: Node skips it where a session is resumed.
      if (!authenticated || socket.getProtocol() !== 'TLSv1.3') {
        socket.destroy(
          new PeerConnectionError(
            'ERR_PEER_HANDSHAKE_FAILED',
            'It is not a full TLS 1.3 handshake.',
          ),
        );
        return;
      }
      const { peer, presented: chain } = authenticated;
      const lifetime = connectionLifetime(
        this.material.validity,
        { notBefore: peer.notBefore, notAfter: peer.chain.notAfter },
        Date.now(),
      );
      rememberPeer(socket, peer);
      this.live.add(socket, chain, lifetime);
      this.#retireBy(lifetime.retireAt);
      this.log?.(acceptedEvent('client', socket, peer));
      onPeer(peer);
      settle(null);
    });
    return socket;
  }
}

type PeerConnector = (
  target: buildConnector.Options,
  onPeer: (peer: PeerIdentity) => void,
  done: buildConnector.Callback,
) => TLSSocket;

/** One connection at a time; tells each request whose it is. */
class PeerClient extends Client {
  #peer: PeerIdentity | undefined;

  constructor(url: URL, options: Client.Options, connector: PeerConnector) {
    super(url, {
      ...options,
      connect: (target, done) => connector(target, (peer) => (this.#peer = peer), done),
    });
  }

  override dispatch(
    options: Dispatcher.DispatchOptions,
    handler: Dispatcher.DispatchHandler,
  ): boolean {
    const { opaque } = options as Dispatcher.RequestOptions<Exchange>;
    if (!opaque) throw new TypeError('Requests come from MtlsPool.');
    return super.dispatch(options, new ExchangeHandler(handler, opaque, () => this.#peer));
  }
}

/** Notes the peer when a request is put on its connection, and gives each failure its code. */
class ExchangeHandler implements Dispatcher.DispatchHandler {
  constructor(
    private readonly next: Dispatcher.DispatchHandler,
    private readonly exchange: Exchange,
    private readonly peer: () => PeerIdentity | undefined,
  ) {}

  onRequestStart(controller: Dispatcher.DispatchController, context: unknown): void {
    this.exchange.peer = this.peer();
    this.next.onRequestStart?.(controller, context);
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    headers: IncomingHttpHeaders,
    message?: string,
  ): void {
    this.next.onResponseStart?.(controller, status, headers, message);
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.next.onResponseData?.(controller, chunk);
  }

  onResponseEnd(controller: Dispatcher.DispatchController, trailers: IncomingHttpHeaders): void {
    this.next.onResponseEnd?.(controller, trailers);
  }

  onResponseError(controller: Dispatcher.DispatchController, error: Error): void {
    this.next.onResponseError?.(controller, requestError(error, this.exchange));
  }
}

function requestError(error: unknown, { signal, peer }: Exchange): Error {
  if (error instanceof MeshError) return error;
  if (signal?.aborted && error === signal.reason) return error as Error;
  if (error instanceof TypeError || codeOf(error) === 'UND_ERR_INVALID_ARG') return error as Error;
  if (!peer) return unreachable(codeOf(error), error);
  return new ConnectionEndedError(
    'ERR_CONNECTION_LOST',
    `The connection to the peer was lost: ${codeOf(error)}.`,
    { cause: error },
  );
}

function connectError(error: NodeJS.ErrnoException, socket: TLSSocket): PeerConnectionError {
  if (error instanceof PeerConnectionError) return error;
  // Node sets it when OpenSSL's verdict is bad, and only then.
  if (socket.authorizationError) return refusedByOpenSsl(socket.authorizationError);
  if (codeOf(error).startsWith('ERR_SSL_')) {
    return new PeerConnectionError(
      'ERR_PEER_HANDSHAKE_FAILED',
      `The TLS handshake failed: ${codeOf(error)}.`,
      { cause: error },
    );
  }
  return unreachable(codeOf(error), error);
}

function codeOf(error: unknown): string {
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  return typeof code === 'string' ? code : 'unknown';
}

function unreachable(why: string, cause?: unknown): PeerConnectionError {
  return new PeerConnectionError('ERR_PEER_UNREACHABLE', `The peer cannot be reached: ${why}.`, {
    cause,
  });
}
