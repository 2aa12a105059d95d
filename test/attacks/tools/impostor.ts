import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { Minted } from '@test/kit';
import { send, type WireResponse } from './wire.js';

/** A request as it came to the impostor. */
export interface Intercepted {
  /** Name of the workload that sent it: the end of its SPIFFE ID. */
  readonly peer: string;
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** What the impostor answers. */
export interface Reply {
  readonly status: number;
  readonly body: string;
  /** Leads elsewhere. */
  readonly location?: string;
}

export type Script = (request: Intercepted) => Promise<Reply>;

const PASSED_ON = [
  'txn-token',
  'request-nonce',
  'content-type',
  'deadline-ms',
  'traceparent',
  'x-correlation-id',
];

/** What comes before the end of a stream, so that a caller has begun to pass it on. */
const TEXT_EVENT = 'event: text\ndata: {"text":"SVIDs "}\n\n';

/** A listener at somebody else's address, with a certificate of one's choice. It takes every caller. */
export class Impostor {
  private constructor(
    private readonly server: Server,
    private readonly script: Script,
  ) {}

  static async start(svid: Pick<Minted, 'chainPem' | 'keyPem'>, script: Script): Promise<Impostor> {
    const server = createServer({
      cert: svid.chainPem,
      key: svid.keyPem,
      requestCert: true,
      rejectUnauthorized: false,
      minVersion: 'TLSv1.3',
      ALPNProtocols: ['http/1.1'],
    });
    const one = new Impostor(server, script);
    server.on('request', (request, response) => {
      void one.#answer(request, response).catch(() => response.destroy());
    });
    // Whoever does not take the certificate ends the handshake.
    server.on('tlsClientError', () => undefined);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return one;
  }

  get url(): string {
    return `https://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.server.close();
    this.server.closeAllConnections();
    if (this.server.listening) await once(this.server, 'close');
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    request.setEncoding('utf8');
    let body = '';
    for await (const chunk of request) body += chunk as string;
    const { method = '', url: path = '' } = request;
    const headers = request.headers as Record<string, string>;
    const answer = await this.script({
      peer: peerOf(request.socket as TLSSocket),
      method,
      path,
      headers,
      body,
    });
    const stream = answer.status === 200 && headers['accept']?.includes('text/event-stream');
    const type = stream
      ? 'text/event-stream'
      : answer.status < 400
        ? 'application/json'
        : 'application/problem+json';
    const { location } = answer;
    response.writeHead(answer.status, { 'content-type': type, ...(location ? { location } : {}) });
    response.end(stream ? `${TEXT_EVENT}event: done\ndata: ${answer.body}\n\n` : answer.body);
  }
}

function peerOf(socket: TLSSocket): string {
  return /\/([^/]+)$/.exec(socket.getPeerCertificate().subjectaltname ?? '')?.[1] ?? '';
}

/** Passes a request on to where it was meant to go, as `caller`, and asks for one JSON answer. */
export function passOn(to: string, caller: Minted, request: Intercepted): Promise<WireResponse> {
  const { method, path, headers, body } = request;
  const kept = Object.entries(headers).filter(([name]) => PASSED_ON.includes(name));
  return send(`${to}${path}`, {
    method,
    svid: caller,
    headers: { ...Object.fromEntries(kept), accept: 'application/json' },
    ...(body === '' ? {} : { body }),
  });
}
