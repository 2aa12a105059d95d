import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { once } from 'node:events';
import type { RequestListener, ServerResponse } from 'node:http';
import { Agent, request as httpsRequest, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import { setImmediate as turn } from 'node:timers/promises';
import { mintCa } from '@test/kit';
import { bundleOf, lasting, svidOf, TestSource } from '../../test/workload.js';
import { authorizeAny } from '../authorizer.js';
import type { HandshakeEvent } from './handshake-event.js';
import { mtlsClientOptions } from './mtls-options.js';
import { createMtlsPool, type MtlsPool } from './mtls-pool.js';
import { createMtlsServer } from './mtls-server.js';

const TTL_SECONDS = 40;
const HALF = TTL_SECONDS * 500;

interface Mesh {
  https: Server;
  port: number;
  client: TestSource;
  streams: ServerResponse[];
  pool: MtlsPool;
  handshakes: HandshakeEvent[];
}

const cleanups: (() => unknown)[] = [];
beforeEach(() => {
  // The clock stands at the real time, which OpenSSL goes by, until a test moves it. Undici's timers follow it too.
  jest.useFakeTimers({
    doNotFake: ['nextTick', 'setImmediate', 'clearImmediate', 'queueMicrotask', 'performance'],
  });
});
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
  jest.useRealTimers();
});

/** A server and a client whose SVIDs were issued now, for so many seconds. */
async function mesh({
  server: serverTtl = TTL_SECONDS,
  client: clientTtl = TTL_SECONDS,
} = {}): Promise<Mesh> {
  const ca = await mintCa({ trustDomain: 'a.test' });
  const bundle = bundleOf('a.test', ca);
  const server = new TestSource(await svidOf(ca, '/server', lasting(serverTtl)), bundle);
  const client = new TestSource(await svidOf(ca, '/client', lasting(clientTtl)), bundle);
  const streams: ServerResponse[] = [];
  const handshakes: HandshakeEvent[] = [];
  const listener: RequestListener = (request, response) => {
    if (request.url !== '/stream') return response.end('done');
    response.write('begun ');
    streams.push(response);
  };
  const https = createMtlsServer(server, server, authorizeAny(), {}, listener);
  https.listen(0, '127.0.0.1');
  await once(https, 'listening');
  cleanups.push(async () => {
    https.closeAllConnections();
    await new Promise((done) => https.close(done));
  });
  const { port } = https.address() as AddressInfo;
  const pool = createMtlsPool(`https://127.0.0.1:${port}`, client, client, authorizeAny(), {
    log: (event) => handshakes.push(event),
  });
  cleanups.push(() => pool.destroy());
  return { https, port, client, streams, pool, handshakes };
}

const get = { method: 'GET', path: '/' };
const stream = { method: 'GET', path: '/stream' };

describe('a client, from half of the lifetime on', () => {
  it.each([
    ['both', {}],
    ['its own', { server: 10 * TTL_SECONDS }],
    ["the server's", { client: 10 * TTL_SECONDS }],
  ])('of %s, sends new requests over new connections and lets others finish', async (_, ttls) => {
    const { pool, streams, handshakes } = await mesh(ttls);
    const running = await pool.request(stream);
    await (await pool.request(get)).body.text();
    await turn();
    jest.advanceTimersByTime(HALF - 2000);
    await (await pool.request(get)).body.text();
    expect(handshakes).toHaveLength(2);
    // Before it, the connection would still be busy.
    await turn();
    jest.advanceTimersByTime(2000);
    await (await pool.request(get)).body.text();
    expect(handshakes).toHaveLength(3);
    streams[0]?.end('and finished');
    expect(await running.body.text()).toBe('begun and finished');
  });

  it('cuts what still runs when the first certificate ends', async () => {
    const { pool, streams } = await mesh();
    const { body } = await pool.request(stream);
    const closed = once(streams[0] as ServerResponse, 'close');
    jest.advanceTimersByTime(2 * HALF);
    await expect(body.text()).rejects.toMatchObject({
      code: 'ERR_CONNECTION_EXPIRED',
      retry: 'if-idempotent',
    });
    await closed;
    expect(pool.connections).toBe(0);
  });
});

/** A client that knows nothing of certificates that end. */
class Heedless {
  readonly agent: Agent;

  constructor(
    private readonly port: number,
    source: TestSource,
  ) {
    const options = mtlsClientOptions(source, source, authorizeAny());
    this.agent = new Agent({ ...options, keepAlive: true, maxSockets: 1 });
    cleanups.push(() => this.agent.destroy());
  }

  async get(): Promise<{ connection: string | undefined; socket: TLSSocket }> {
    const outgoing = httpsRequest({ host: '127.0.0.1', port: this.port, agent: this.agent });
    outgoing.end();
    const [response] = (await once(outgoing, 'response')) as [
      { headers: { connection?: string }; socket: TLSSocket; resume(): void },
    ];
    const { socket } = response;
    response.resume();
    await once(response as never, 'end');
    return { connection: response.headers.connection, socket };
  }
}

describe('a server, to a client that does not retire its connections', () => {
  it('answers with Connection: close in the last quarter of the lifetime', async () => {
    const { port, client } = await mesh();
    const heedless = new Heedless(port, client);
    const first = await heedless.get();
    expect(first.connection).toBe('keep-alive');
    jest.advanceTimersByTime(1.4 * HALF);
    const second = await heedless.get();
    expect(second.connection).toBe('keep-alive');
    expect(second.socket).toBe(first.socket);
    jest.advanceTimersByTime(0.15 * HALF);
    const third = await heedless.get();
    expect(third.connection).toBe('close');
    expect(third.socket).toBe(first.socket);
    if (!third.socket.destroyed) await once(third.socket, 'close');
  });

  it('closes an idle connection in the last eighth', async () => {
    const { port, client } = await mesh();
    const { socket } = await new Heedless(port, client).get();
    jest.advanceTimersByTime(1.7 * HALF);
    expect(socket.destroyed).toBe(false);
    jest.advanceTimersByTime(0.1 * HALF);
    await once(socket, 'close');
  });

  const streaming = async (port: number, client: TestSource) => {
    const socket = connect({
      host: '127.0.0.1',
      port,
      ...mtlsClientOptions(client, client, authorizeAny()),
    });
    socket.write('GET /stream HTTP/1.1\r\nhost: a\r\n\r\n');
    await once(socket, 'data');
    return socket;
  };

  it('lets a request finish that runs then, and closes after it', async () => {
    const { port, client, streams } = await mesh();
    const socket = await streaming(port, client);
    jest.advanceTimersByTime(1.9 * HALF);
    let received = '';
    socket.on('data', (data: Buffer) => (received += data.toString()));
    streams[0]?.end('and finished');
    await once(socket, 'close');
    expect(received).toContain('and finished');
  });

  it('cuts what still runs when the first certificate ends', async () => {
    const { port, client, streams } = await mesh();
    const socket = await streaming(port, client);
    socket.on('error', () => undefined);
    jest.advanceTimersByTime(2 * HALF);
    await Promise.all([once(socket, 'close'), once(streams[0] as ServerResponse, 'close')]);
  });

  it('says close in an answer that had not begun when the last quarter began', async () => {
    const ca = await mintCa({ trustDomain: 'a.test' });
    const bundle = bundleOf('a.test', ca);
    const source = new TestSource(await svidOf(ca, '/server', lasting(TTL_SECONDS)), bundle);
    const https = createMtlsServer(source, source, authorizeAny(), {}, (_request, response) => {
      jest.advanceTimersByTime(1.6 * HALF);
      response.end('late');
    });
    https.listen(0, '127.0.0.1');
    await once(https, 'listening');
    cleanups.push(() => new Promise((done) => https.close(done)));
    const { port } = https.address() as AddressInfo;
    expect((await new Heedless(port, source).get()).connection).toBe('close');
  });
});
