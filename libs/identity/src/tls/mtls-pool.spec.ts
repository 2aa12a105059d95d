import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import type { RequestListener } from 'node:http';
import type { Server } from 'node:https';
import { createServer as createTcpServer, type AddressInfo } from 'node:net';
import { mintCa, type MintedCa } from '@test/kit';
import { bundleOf, svidOf, TestSource } from '../../test/workload.js';
import { authorizeAny, authorizeId } from '../authorizer.js';
import type { X509Svid } from '../x509-svid.js';
import type { HandshakeEvent } from './handshake-event.js';
import { createMtlsPool, type MtlsPool } from './mtls-pool.js';
import { createMtlsServer } from './mtls-server.js';
import { peerOf } from './peer-identity.js';

let ca: MintedCa;
let other: MintedCa;
let server: X509Svid;
let client: X509Svid;

beforeAll(async () => {
  ca = await mintCa({ trustDomain: 'a.test' });
  other = await mintCa({ trustDomain: 'b.test', name: 'other' });
  server = await svidOf(ca, '/server');
  client = await svidOf(ca, '/client');
});

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
});

const echo: RequestListener = (request, response) => {
  response.setHeader('x-caller', peerOf(request.socket)?.id.toString() ?? 'nobody');
  response.setHeader('x-caller-serial', peerOf(request.socket)?.serialNumber ?? '');
  request.pipe(response);
};

async function listen(
  source: TestSource,
  listener: RequestListener = echo,
): Promise<{ origin: string; https: Server }> {
  const https = createMtlsServer(source, source, authorizeAny(), {}, listener);
  https.listen(0, '127.0.0.1');
  await once(https, 'listening');
  cleanups.push(async () => {
    https.closeAllConnections();
    await new Promise((done) => https.close(done));
  });
  return { origin: `https://127.0.0.1:${(https.address() as AddressInfo).port}`, https };
}

function poolTo(
  origin: string,
  source: TestSource,
  authorizer = authorizeId(server.id),
  options = {},
): MtlsPool & { events: HandshakeEvent[] } {
  const events: HandshakeEvent[] = [];
  const pool = createMtlsPool(origin, source, source, authorizer, {
    log: (event) => events.push(event),
    ...options,
  });
  cleanups.push(() => pool.destroy());
  return Object.assign(pool, { events });
}

const get = { method: 'GET', path: '/' };

describe('MtlsPool', () => {
  it('gives status, headers, body and the peer of a request', async () => {
    const { origin } = await listen(new TestSource(server, bundleOf('a.test', ca)));
    const pool = poolTo(origin, new TestSource(client, bundleOf('a.test', ca)));
    const { status, headers, body, peer } = await pool.request({
      method: 'POST',
      path: '/x?y=1',
      headers: { 'content-type': 'text/plain' },
      body: 'hello',
    });
    expect(status).toBe(200);
    expect(headers['x-caller']).toBe('spiffe://a.test/client');
    expect(await body.text()).toBe('hello');
    expect(peer.id.toString()).toBe('spiffe://a.test/server');
    expect(peer.serialNumber).toBe(server.serialNumber);
    expect(pool.events).toEqual([
      expect.objectContaining({
        outcome: 'accepted',
        side: 'client',
        peerId: 'spiffe://a.test/server',
        tlsVersion: 'TLSv1.3',
      }),
    ]);
    expect(pool.connections).toBe(1);
    expect(pool.origin).toBe(origin);
  });

  it('keeps the connection for the next request', async () => {
    const { origin } = await listen(new TestSource(server, bundleOf('a.test', ca)));
    const source = new TestSource(client, bundleOf('a.test', ca));
    const pool = poolTo(origin, source, authorizeId(server.id), { connections: 1 });
    for (let i = 0; i < 3; i++) await (await pool.request(get)).body.dump();
    expect(pool.events).toHaveLength(1);
  });

  it('verifies a chain with an intermediate', async () => {
    const deep = await svidOf(await ca.intermediate(), '/server');
    const { origin } = await listen(new TestSource(deep, bundleOf('a.test', ca)));
    const pool = poolTo(origin, new TestSource(client, bundleOf('a.test', ca)));
    const { peer, body } = await pool.request(get);
    await body.dump();
    expect(peer.chain.chain).toHaveLength(3);
  });

  it.each(['http://a.test:1', 'https://a.test/path', 'https://u@a.test'])(
    'takes no origin like %s',
    (origin) => {
      const source = new TestSource(client, bundleOf('a.test', ca));
      expect(() => createMtlsPool(origin, source, source, authorizeAny())).toThrow(TypeError);
    },
  );
});

describe('a server that is refused', () => {
  it('may be vouched for by no authority', async () => {
    const stranger = await svidOf(await mintCa({ trustDomain: 'c.test' }), '/server');
    const { origin } = await listen(new TestSource(stranger, bundleOf('a.test', ca)));
    const pool = poolTo(origin, new TestSource(client, bundleOf('a.test', ca)));
    await expect(pool.request(get)).rejects.toMatchObject({
      code: 'ERR_PEER_UNTRUSTED',
      retry: 'safe',
    });
    expect(pool.events).toEqual([
      expect.objectContaining({
        outcome: 'refused',
        side: 'client',
        code: 'ERR_PEER_UNTRUSTED',
        peerId: 'URI:spiffe://c.test/server',
        serialNumber: stranger.serialNumber,
      }),
    ]);
  });

  it('may be in the union of the bundles, and not in that of its own trust domain', async () => {
    const crossed = await svidOf(other, '', { uri: 'spiffe://a.test/server' });
    const { origin } = await listen(new TestSource(crossed, bundleOf('a.test', ca)));
    const source = new TestSource(client, bundleOf('a.test', ca), bundleOf('b.test', other));
    const pool = poolTo(origin, source);
    await expect(pool.request(get)).rejects.toMatchObject({
      code: 'ERR_PEER_UNTRUSTED',
      retry: 'safe',
      cause: { code: 'ERR_CHAIN_UNTRUSTED' },
    });
    expect(pool.events[0]).toMatchObject({ outcome: 'refused', code: 'ERR_CHAIN_UNTRUSTED' });
  });

  it('may be another than the one expected', async () => {
    const { origin } = await listen(new TestSource(client, bundleOf('a.test', ca)));
    const pool = poolTo(origin, new TestSource(client, bundleOf('a.test', ca)));
    await expect(pool.request(get)).rejects.toMatchObject({
      code: 'ERR_PEER_NOT_AUTHORIZED',
      retry: 'safe',
    });
    expect(pool.connections).toBe(0);
  });
});

describe('a request that fails', () => {
  it('is safe to repeat where nobody listens', async () => {
    const tcp = createTcpServer().listen(0, '127.0.0.1');
    await once(tcp, 'listening');
    const { port } = tcp.address() as AddressInfo;
    await new Promise((done) => tcp.close(done));
    const pool = poolTo(
      `https://127.0.0.1:${port}`,
      new TestSource(client, bundleOf('a.test', ca)),
    );
    await expect(pool.request(get)).rejects.toMatchObject({
      code: 'ERR_PEER_UNREACHABLE',
      retry: 'safe',
    });
    expect(pool.events).toEqual([]);
  });

  it('is safe to repeat where the connection takes too long', async () => {
    const tcp = createTcpServer(() => undefined).listen(0, '127.0.0.1');
    await once(tcp, 'listening');
    cleanups.push(() => tcp.close());
    const { port } = tcp.address() as AddressInfo;
    const pool = poolTo(
      `https://127.0.0.1:${port}`,
      new TestSource(client, bundleOf('a.test', ca)),
      authorizeAny(),
      { connectTimeoutMs: 50 },
    );
    await expect(pool.request(get)).rejects.toMatchObject({
      code: 'ERR_PEER_UNREACHABLE',
      retry: 'safe',
      message: expect.stringContaining('50 ms'),
    });
  });

  it('is safe to repeat where the other side speaks no TLS', async () => {
    const tcp = createTcpServer((socket) => socket.end('HTTP/1.1 400 no\r\n\r\n'));
    tcp.listen(0, '127.0.0.1');
    await once(tcp, 'listening');
    cleanups.push(() => tcp.close());
    const { port } = tcp.address() as AddressInfo;
    const pool = poolTo(
      `https://127.0.0.1:${port}`,
      new TestSource(client, bundleOf('a.test', ca)),
    );
    await expect(pool.request(get)).rejects.toMatchObject({
      code: 'ERR_PEER_HANDSHAKE_FAILED',
      retry: 'safe',
    });
  });

  it('may have been processed if the connection is lost: as a refused client sees it', async () => {
    const { origin } = await listen(new TestSource(server, bundleOf('a.test', ca)));
    const stranger = await svidOf(await mintCa({ trustDomain: 'c.test' }), '/stranger');
    const pool = poolTo(origin, new TestSource(stranger, bundleOf('a.test', ca)));
    await expect(pool.request(get)).rejects.toMatchObject({
      code: 'ERR_CONNECTION_LOST',
      retry: 'if-idempotent',
    });
  });

  it('fails the stream of a response that is cut off', async () => {
    const { origin } = await listen(
      new TestSource(server, bundleOf('a.test', ca)),
      (request, response) => {
        response.write('begun');
        response.once('close', () => undefined);
        setImmediate(() => request.socket.destroy());
      },
    );
    const pool = poolTo(origin, new TestSource(client, bundleOf('a.test', ca)));
    const { body } = await pool.request(get);
    await expect(body.text()).rejects.toMatchObject({ code: 'ERR_CONNECTION_LOST' });
  });

  it("fails with the signal's reason: while connecting, waiting and reading", async () => {
    const { origin } = await listen(
      new TestSource(server, bundleOf('a.test', ca)),
      (request, response) => {
        if (request.url === '/stream') response.write('begun');
        arrived.dispatchEvent(new Event('request'));
      },
    );
    const arrived = new EventTarget();
    const next = () =>
      new Promise((done) => arrived.addEventListener('request', done, { once: true }));
    const pool = poolTo(origin, new TestSource(client, bundleOf('a.test', ca)));
    const reason = new Error('enough');

    const connecting = new AbortController();
    const first = pool.request({ ...get, signal: connecting.signal });
    connecting.abort(reason);
    await expect(first).rejects.toBe(reason);

    const waiting = new AbortController();
    const second = pool.request({ ...get, signal: waiting.signal });
    await next();
    waiting.abort(reason);
    await expect(second).rejects.toBe(reason);

    const reading = new AbortController();
    const { body } = await pool.request({ ...get, path: '/stream', signal: reading.signal });
    reading.abort(reason);
    await expect(body.text()).rejects.toBe(reason);

    await expect(pool.request({ ...get, signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });

  it('fails on a closed pool', async () => {
    const pool = poolTo('https://127.0.0.1:1', new TestSource(client, bundleOf('a.test', ca)));
    await pool.close();
    await pool.close();
    await expect(pool.request(get)).rejects.toMatchObject({ code: 'ERR_POOL_CLOSED' });
  });
});
