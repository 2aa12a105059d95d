import { createServer as createHttpServer, type RequestListener, type Server } from 'node:http';
import { createServer as createHttpsServer, type Server as HttpsServer } from 'node:https';
import type { Socket } from 'node:net';
import type { SecureContextOptions } from 'node:tls';
import type { Logger } from '@mesh/observability';
import { HealthIndicatorService, type HealthIndicatorFunction } from '@nestjs/terminus';
import { FollowedTls } from '../tls/followed-tls.js';
import type { TlsFiles, TlsMaterial } from '../tls/tls-files.js';
import { addressKey } from './rate-limits.js';
import { httpOptions } from './listener-options.js';

/** Connections at a time, in all. */
const CONNECTIONS = 4_096;
/** Of one address: an office behind one, whose browsers keep six each. */
const CONNECTIONS_OF_ADDRESS = 512;
/** A browser has this long for its handshake, in milliseconds. */
const HANDSHAKE_MS = 10_000;

/** Forward secrecy and authenticated encryption alone; those of TLS 1.3 first. */
const CIPHERS = [
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'TLS_AES_128_GCM_SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
].join(':');

/** What the server for people is made of. */
export interface PeopleServerOptions {
  /** Undefined: plain HTTP. */
  readonly files: TlsFiles | undefined;
  /** Name that people open, which the certificate must be for; undefined where it was not said. */
  readonly host: string | undefined;
  readonly logger: Logger;
}

/** The HTTP server for people: nobody is asked for a certificate, and no address has all of its connections. */
export class PeopleServer {
  readonly #tls: FollowedTls | undefined;
  #server: Server | HttpsServer | undefined;

  /** @throws TlsFileError */
  constructor(private readonly options: PeopleServerOptions) {
    const { files, host, logger } = options;
    if (!files) return;
    this.#tls = new FollowedTls(files, {
      host,
      onChange: (material) => {
        (this.#server as HttpsServer).setSecureContext(contextOf(material));
        this.#tell(material, 'the certificate was replaced');
      },
      onRefused: (error) =>
        logger.warn(
          { event: 'tls.refused', code: (error as { code?: string }).code, err: error },
          'the new certificate is refused, the last one serves on',
        ),
    });
    this.#tell(this.#tls.current, 'the certificate was read');
  }

  /** What Fastify wants as its `serverFactory`. */
  readonly create = (handler: RequestListener): Server => {
    const server = this.#tls
      ? this.#secure(this.#tls, handler)
      : createHttpServer(httpOptions, handler);
    boundConnections(server);
    this.#server = server;
    return server;
  };

  /** Tells in `/health` until when the certificate is good. */
  health(indicators: HealthIndicatorService): HealthIndicatorFunction[] {
    const tls = this.#tls;
    if (!tls) return [];
    return [
      () => {
        const { notAfter } = tls.current;
        const secondsToExpiry = Math.round((notAfter.getTime() - Date.now()) / 1000);
        const indicator = indicators.check('certificate');
        const detail = { notAfter: notAfter.toISOString(), secondsToExpiry };
        return secondsToExpiry > 0 ? indicator.up(detail) : indicator.down(detail);
      },
    ];
  }

  /** Follows the files no more; the server itself is closed by who has it. */
  close(): void {
    this.#tls?.close();
  }

  #secure(tls: FollowedTls, handler: RequestListener): HttpsServer {
    const server = createHttpsServer(
      {
        ...httpOptions,
        ...contextOf(tls.current),
        handshakeTimeout: HANDSHAKE_MS,
        requestCert: false,
        ALPNProtocols: ['http/1.1'],
      },
      handler,
    );
    // Node's own listener hands it on as `clientError`: each would be answered, in plain text, like a bad request.
    server.removeAllListeners('tlsClientError');
    server.on('tlsClientError', (error: NodeJS.ErrnoException, socket) => {
      const { remoteAddress } = socket;
      socket.destroy();
      this.options.logger.debug(
        {
          event: 'handshake',
          side: 'server',
          outcome: 'refused',
          code: error.code,
          remote_address: remoteAddress,
        },
        'a TLS handshake for people failed',
      );
    });
    return server;
  }

  #tell({ notAfter, warning }: TlsMaterial, what: string): void {
    const line = { event: 'tls.certificate', not_after: notAfter.toISOString() } as const;
    const { logger } = this.options;
    if (warning === undefined) logger.info(line, what);
    else logger.warn({ ...line, reason: warning }, what);
  }
}

/** All of it each time: what Node is not given again in a change, it resets to its defaults. */
function contextOf({ certificate, key }: TlsMaterial): SecureContextOptions {
  return {
    cert: certificate,
    key,
    minVersion: 'TLSv1.2',
    maxVersion: 'TLSv1.3',
    ciphers: CIPHERS,
    honorCipherOrder: true,
  };
}

/** Closes what is too much unanswered, and with the listener also what is still at its handshake. */
function boundConnections(server: Server | HttpsServer): void {
  server.maxConnections = CONNECTIONS;
  const open = new Map<string, Set<Socket>>();
  server.on('connection', (socket: Socket) => {
    const address = addressKey(socket.remoteAddress);
    const sockets = open.get(address) ?? new Set();
    if (sockets.size >= CONNECTIONS_OF_ADDRESS) return void socket.destroy();
    open.set(address, sockets.add(socket));
    socket.once('close', () => {
      sockets.delete(socket);
      if (sockets.size === 0) open.delete(address);
    });
  });
  const closeAllConnections = server.closeAllConnections.bind(server);
  server.closeAllConnections = () => {
    closeAllConnections();
    for (const socket of [...open.values()].flatMap((sockets) => [...sockets])) socket.destroy();
  };
}
