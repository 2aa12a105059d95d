import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Server } from 'node:https';
import { connect, type AddressInfo } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { mintCa, type MintedCa } from '@test/kit';
import { bundleOf, svidOf, TestSource } from '../../test/workload.js';
import { authorizeAny } from '../authorizer.js';
import type { X509Svid } from '../x509-svid.js';
import { createMtlsPool, type MtlsPool } from './mtls-pool.js';
import { createMtlsServer } from './mtls-server.js';
import { peerOf } from './peer-identity.js';

let ca: MintedCa;
let nextCa: MintedCa;
let server: X509Svid;
let client: X509Svid;

beforeAll(async () => {
  ca = await mintCa({ trustDomain: 'a.test' });
  nextCa = await mintCa({ trustDomain: 'a.test' });
  server = await svidOf(ca, '/server');
  client = await svidOf(ca, '/client');
});

interface Mesh {
  servers: TestSource;
  clients: TestSource;
  https: Server;
  pool: MtlsPool;
  /** The streams that the handler of /stream left open. */
  streams: ServerResponse[];
  requests: IncomingMessage[];
}

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
});

/** A server and a client that trust both CAs, as in the overlap of a CA's rotation. */
async function mesh(): Promise<Mesh> {
  const bundle = bundleOf('a.test', ca, nextCa);
  const servers = new TestSource(server, bundle);
  const clients = new TestSource(client, bundle);
  const streams: ServerResponse[] = [];
  const requests: IncomingMessage[] = [];
  const listener: RequestListener = (request, response) => {
    requests.push(request);
    response.setHeader('x-caller-serial', peerOf(request.socket)?.serialNumber ?? '');
    if (request.url !== '/stream') return response.end('done');
    response.write('begun ');
    streams.push(response);
  };
  const https = createMtlsServer(servers, servers, authorizeAny(), {}, listener);
  https.listen(0, '127.0.0.1');
  await once(https, 'listening');
  cleanups.push(async () => {
    https.closeAllConnections();
    await new Promise((done) => https.close(done));
  });
  const { port } = https.address() as AddressInfo;
  const pool = createMtlsPool(`https://127.0.0.1:${port}`, clients, clients, authorizeAny());
  cleanups.push(() => pool.destroy());
  return { servers, clients, https, pool, streams, requests };
}

const stream = { method: 'GET', path: '/stream' };
const get = { method: 'GET', path: '/' };

/** Serial numbers that both sides saw in a request of its own. */
async function serials(pool: MtlsPool): Promise<{ server: string; client: unknown }> {
  const { peer, headers, body } = await pool.request(get);
  await body.dump();
  return { server: peer.serialNumber, client: headers['x-caller-serial'] };
}

describe('a rotation of the server', () => {
  it('changes its certificate for new connections while the old ones live on', async () => {
    const { servers, pool, streams } = await mesh();
    const running = await pool.request(stream);
    const rotated = await svidOf(nextCa, '/server');
    servers.update(rotated, bundleOf('a.test', ca, nextCa));
    expect((await serials(pool)).server).toBe(rotated.serialNumber);
    streams[0]?.end('and finished');
    expect(await running.body.text()).toBe('begun and finished');
    expect(running.peer.serialNumber).toBe(server.serialNumber);
  });

  it('takes new authorities along', async () => {
    const third = await mintCa({ trustDomain: 'a.test' });
    const { servers, clients, pool } = await mesh();
    clients.update(await svidOf(third, '/client'));
    await expect(pool.request(get)).rejects.toMatchObject({ code: 'ERR_CONNECTION_LOST' });
    servers.update(server, bundleOf('a.test', ca, nextCa, third));
    expect((await serials(pool)).server).toBe(server.serialNumber);
  });
});

describe('a rotation of the client', () => {
  it('sends new requests over new connections and lets those that run finish', async () => {
    const { clients, pool, streams } = await mesh();
    expect((await serials(pool)).client).toBe(client.serialNumber);
    const running = await pool.request(stream);
    const rotated = await svidOf(nextCa, '/client');
    clients.update(rotated);
    expect((await serials(pool)).client).toBe(rotated.serialNumber);
    streams[0]?.end('and finished');
    expect(await running.body.text()).toBe('begun and finished');
    expect(running.headers['x-caller-serial']).toBe(client.serialNumber);
  });

  it('takes new authorities along', async () => {
    const third = await mintCa({ trustDomain: 'a.test' });
    const { servers, clients, pool } = await mesh();
    servers.update(await svidOf(third, '/server'));
    await expect(pool.request(get)).rejects.toMatchObject({ code: 'ERR_PEER_UNTRUSTED' });
    clients.update(client, bundleOf('a.test', ca, nextCa, third));
    await serials(pool);
  });

  it('changes nothing where the update brings nothing new', async () => {
    const { clients, pool, streams } = await mesh();
    const running = await pool.request(stream);
    clients.update(client, bundleOf('a.test', nextCa, ca));
    streams[0]?.end();
    await running.body.dump();
    // Undici gives the connection free in the turn after.
    await turn();
    await serials(pool);
    expect(pool.connections).toBe(1);
  });
});

describe('an authority that leaves the bundle', () => {
  it("takes down the client's connections that it vouched for, within 2 s", async () => {
    const { clients, pool } = await mesh();
    const { body } = await pool.request(stream);
    const before = performance.now();
    clients.update(client, bundleOf('a.test', nextCa));
    await expect(body.text()).rejects.toMatchObject({
      code: 'ERR_CONNECTION_DISTRUSTED',
      retry: 'if-idempotent',
    });
    expect(performance.now() - before).toBeLessThan(2000);
    await expect(pool.request(get)).rejects.toMatchObject({ code: 'ERR_PEER_UNTRUSTED' });
  });

  it("takes down the server's connections that it vouched for, within 2 s", async () => {
    const { servers, pool, streams } = await mesh();
    const { body } = await pool.request(stream);
    const closed = once(streams[0] as ServerResponse, 'close');
    const before = performance.now();
    servers.update(server, bundleOf('a.test', nextCa));
    await expect(body.text()).rejects.toMatchObject({ code: 'ERR_CONNECTION_LOST' });
    await closed;
    expect(performance.now() - before).toBeLessThan(2000);
    await expect(pool.request(get)).rejects.toMatchObject({ code: 'ERR_CONNECTION_LOST' });
  });

  it('leaves those alone that another one vouches for', async () => {
    const { servers, clients, pool, streams } = await mesh();
    const rotated = await svidOf(nextCa, '/client');
    clients.update(rotated);
    servers.update(await svidOf(nextCa, '/server'));
    const running = await pool.request(stream);
    servers.update(servers.getX509Svid(), bundleOf('a.test', nextCa));
    clients.update(rotated, bundleOf('a.test', nextCa));
    streams[0]?.end('and finished');
    expect(await running.body.text()).toBe('begun and finished');
  });
});

describe('an SVID that is withdrawn', () => {
  it('drops the connections of a client at once, and it sends nothing more', async () => {
    const { clients, pool, requests } = await mesh();
    const { body } = await pool.request(stream);
    clients.withdraw();
    await expect(body.text()).rejects.toMatchObject({ code: 'ERR_CONNECTION_WITHDRAWN' });
    await expect(pool.request(get)).rejects.toThrow('The test withdrew the SVID.');
    expect(requests).toHaveLength(1);
    const again = await svidOf(ca, '/client');
    clients.update(again);
    expect((await serials(pool)).client).toBe(again.serialNumber);
  });

  it('drops the connections of a server at once, and it accepts none', async () => {
    const { servers, pool, requests } = await mesh();
    const { body } = await pool.request(stream);
    servers.withdraw();
    await expect(body.text()).rejects.toMatchObject({ code: 'ERR_CONNECTION_LOST' });
    await expect(pool.request(get)).rejects.toMatchObject({
      code: 'ERR_PEER_HANDSHAKE_FAILED',
      retry: 'safe',
    });
    expect(requests).toHaveLength(1);
    servers.update(server);
    expect((await serials(pool)).server).toBe(server.serialNumber);
  });

  it('may just be expired: the server serves nobody', async () => {
    const { servers, pool, requests } = await mesh();
    servers.expire();
    await expect(pool.request(get)).rejects.toMatchObject({ code: 'ERR_CONNECTION_LOST' });
    expect(requests).toEqual([]);
  });
});

describe('what is closed', () => {
  it('listens to its sources no more', async () => {
    const { servers, clients, https, pool } = await mesh();
    await serials(pool);
    expect([servers.listeners, clients.listeners]).toEqual([1, 1]);
    await pool.close();
    await new Promise((done) => https.close(done));
    expect([servers.listeners, clients.listeners]).toEqual([0, 0]);
    https.listen(0, '127.0.0.1');
    await once(https, 'listening');
  });

  it('does not wait for a peer that never begins its handshake', async () => {
    const { https } = await mesh();
    const socket = connect((https.address() as AddressInfo).port, '127.0.0.1');
    socket.on('error', () => undefined);
    await once(https, 'connection');
    const closed = once(https, 'close');
    https.close();
    https.closeAllConnections();
    await closed;
  });

  it('lets the requests of a pool finish that run, if it is closed', async () => {
    const { pool, streams } = await mesh();
    const { body } = await pool.request(stream);
    const closed = pool.close();
    streams[0]?.end('and finished');
    expect(await body.text()).toBe('begun and finished');
    await closed;
    expect(pool.connections).toBe(0);
  });

  it('cuts the requests of a pool that run, if it is destroyed', async () => {
    const { pool } = await mesh();
    const { body } = await pool.request(stream);
    const destroyed = pool.destroy();
    await Promise.all([pool.close(), pool.destroy(), destroyed]);
    await expect(body.text()).rejects.toMatchObject({ code: 'ERR_POOL_CLOSED' });
  });
});
