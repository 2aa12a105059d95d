import { request as requestHttp, type IncomingHttpHeaders } from 'node:http';
import { request as requestHttps } from 'node:https';
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls';
import type { Minted } from '@test/kit';

/** An answer as it came. */
export interface WireResponse {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface WireRequest {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: string;
  /** Shown in the handshake. Absent: none is shown. */
  readonly svid?: Minted;
  /** Address that the connection comes from; all of 127.0.0.0/8 is this machine's. */
  readonly from?: string;
}

/** The other side closed the connection before it answered. */
export class ConnectionClosed extends Error {
  override readonly name = 'ConnectionClosed';
}

/** All answers of the run, to be searched for what they must not hold. */
export const received: { readonly from: string; readonly status: number; readonly text: string }[] =
  [];

/**
 * One request over a connection of its own, by no rule but those of HTTP: whose certificate the other side has is not
 * looked at, an attacker does not care.
 * @throws ConnectionClosed
 */
export function send(url: string, options: WireRequest = {}): Promise<WireResponse> {
  const {
    method = options.body === undefined ? 'GET' : 'POST',
    headers = {},
    body,
    svid,
    from,
  } = options;
  const { promise, resolve, reject } = Promise.withResolvers<WireResponse>();
  const request = (url.startsWith('https:') ? requestHttps : requestHttp)(url, {
    method,
    agent: false,
    headers: { connection: 'close', ...headers },
    setDefaultHeaders: headers['host'] === undefined,
    ...(from === undefined ? {} : { localAddress: from }),
    ...(svid ? shown(svid) : { rejectUnauthorized: false }),
  });
  request.on('response', (response) => {
    let text = '';
    response.setEncoding('utf8');
    response.on('data', (chunk: string) => (text += chunk));
    response.on('end', () => {
      received.push({
        from: url,
        status: response.statusCode ?? 0,
        text: `${JSON.stringify(response.headers)}\n${text}`,
      });
      resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text });
    });
    response.on('error', () => reject(new ConnectionClosed('closed within its answer')));
  });
  request.on('error', (error: NodeJS.ErrnoException) =>
    reject(new ConnectionClosed(error.code ?? error.message)),
  );
  request.end(body);
  return promise;
}

/**
 * A TLS connection with a certificate of one's choice.
 * @param onSession Told of each session that could be resumed.
 * @throws ConnectionClosed
 */
export async function open(
  url: string,
  svid: Minted | undefined,
  options: ConnectionOptions = {},
  onSession: (session: Buffer) => void = () => undefined,
): Promise<TLSSocket> {
  const { hostname, port } = new URL(url);
  const socket = connect({
    host: hostname,
    port: Number(port),
    servername: '',
    ALPNProtocols: ['http/1.1'],
    ...(svid ? shown(svid) : { rejectUnauthorized: false }),
    ...options,
  });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  // Before the handshake: tickets may come with its last message.
  socket.on('session', onSession);
  socket.once('secureConnect', resolve);
  socket.once('error', (error: NodeJS.ErrnoException) =>
    reject(new ConnectionClosed(error.code ?? error.message)),
  );
  socket.once('close', () => reject(new ConnectionClosed('closed in the handshake')));
  await promise;
  socket.on('error', () => undefined);
  return socket;
}

/** Sends bytes over a connection as they are, and returns what comes until it is closed. */
export async function talk(socket: TLSSocket, ...parts: readonly string[]): Promise<string> {
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  for (const part of parts) socket.write(part);
  await closed;
  const text = Buffer.concat(chunks).toString();
  keep('a TLS socket', text);
  return text;
}

/** Keeps an answer that came as bytes. */
export function keep(from: string, text: string): void {
  received.push({ from, status: Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1] ?? 0), text });
}

function shown({ chainPem, keyPem }: Minted): ConnectionOptions {
  return { cert: chainPem, key: keyPem, rejectUnauthorized: false };
}
