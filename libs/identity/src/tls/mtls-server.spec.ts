import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { IncomingMessage, ServerResponse, type RequestListener } from 'node:http';
import type { Server } from 'node:https';
import { connect as connectTcp, Socket, type AddressInfo } from 'node:net';
import { Duplex } from 'node:stream';
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { mintCa, type MintedCa } from '@test/kit';
import { bundleOf, svidOf, TestSource } from '../../test/workload.js';
import { authorizeAny, authorizeId, type Authorizer } from '../authorizer.js';
import type { X509Svid } from '../x509-svid.js';
import type { HandshakeEvent } from './handshake-event.js';
import { createMtlsServer, type CreateMtlsServerOptions } from './mtls-server.js';
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

interface Started {
  server: Server;
  port: number;
  events: HandshakeEvent[];
  nextEvent(): Promise<HandshakeEvent>;
  served: string[];
}

async function start(
  source: TestSource,
  authorizer: Authorizer,
  options: CreateMtlsServerOptions = {},
  listener?: RequestListener,
): Promise<Started> {
  const events: HandshakeEvent[] = [];
  const waiting: ((event: HandshakeEvent) => void)[] = [];
  const served: string[] = [];
  const https = createMtlsServer(
    source,
    source,
    authorizer,
    {
      log: (event) => {
        events.push(event);
        waiting.shift()?.(event);
      },
      ...options,
    },
    (request, response) => {
      served.push(`${request.method} ${request.url}`);
      if (listener) listener(request, response);
      else response.end(peerOf(request.socket)?.id.toString());
    },
  );
  https.listen(0, '127.0.0.1');
  await once(https, 'listening');
  cleanups.push(async () => {
    https.closeAllConnections();
    await new Promise((done) => https.close(done));
  });
  return {
    server: https,
    port: (https.address() as AddressInfo).port,
    events,
    nextEvent: () => new Promise((resolve) => waiting.push(resolve)),
    served,
  };
}

const TWO_REQUESTS =
  'POST /1 HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\n\r\n{}' +
  'POST /2 HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}';

function clientOptions(port: number, svid: X509Svid | undefined): ConnectionOptions {
  return {
    host: '127.0.0.1',
    port,
    ...(svid && {
      key: svid.privateKey.export({ type: 'pkcs8', format: 'pem' }),
      cert: svid.certificatesPem,
    }),
    rejectUnauthorized: false,
    checkServerIdentity: () => undefined,
  };
}

/** Sends text once connected; what came back until the connection was closed. */
async function talk(port: number, svid: X509Svid | undefined, text: string): Promise<string> {
  const socket = connect(clientOptions(port, svid), () => socket.write(text));
  let received = '';
  socket.on('data', (data: Buffer) => (received += data.toString('latin1')));
  socket.on('error', () => undefined);
  await once(socket, 'close');
  return received;
}

/** The same with the text in one piece with the end of the handshake: the server reads both at once. */
async function talkAtOnce(port: number, svid: X509Svid, text: string): Promise<string> {
  const tcp = connectTcp(port, '127.0.0.1');
  const held: Buffer[] = [];
  let first = true;
  const transport = new Duplex({
    read: () => undefined,
    write: (chunk: Buffer, _encoding, done) => {
      if (first) tcp.write(chunk);
      else held.push(chunk);
      first = false;
      done();
    },
  });
  tcp.on('data', (data) => transport.push(data));
  tcp.on('error', () => undefined);
  const socket = connect({ ...clientOptions(port, svid), socket: transport }, () =>
    socket.write(text, () => tcp.write(Buffer.concat(held))),
  );
  let received = '';
  socket.on('data', (data: Buffer) => (received += data.toString('latin1')));
  socket.on('error', () => undefined);
  await once(tcp, 'close');
  socket.destroy();
  return received;
}

describe('createMtlsServer', () => {
  it('serves a peer that both checks accept, and logs who it is', async () => {
    const source = new TestSource(server, bundleOf('a.test', ca));
    const { port, nextEvent, served } = await start(source, authorizeId(client.id));
    const event = nextEvent();
    expect(await talk(port, client, TWO_REQUESTS)).toContain('spiffe://a.test/client');
    expect(served).toEqual(['POST /1', 'POST /2']);
    expect(await event).toEqual({
      outcome: 'accepted',
      side: 'server',
      peerId: 'spiffe://a.test/client',
      serialNumber: client.serialNumber,
      notBefore: client.notBefore.toISOString(),
      notAfter: client.notAfter.toISOString(),
      chainSubjects: [expect.any(String), expect.stringContaining('CN=mint')],
      tlsVersion: 'TLSv1.3',
      cipher: 'TLS_AES_256_GCM_SHA384',
      remoteAddress: '127.0.0.1',
    });
  });

  it('verifies a chain with an intermediate', async () => {
    const deep = await svidOf(await ca.intermediate(), '/deep');
    const source = new TestSource(server, bundleOf('a.test', ca));
    const { port, nextEvent } = await start(source, authorizeAny());
    const event = nextEvent();
    expect(await talk(port, deep, TWO_REQUESTS)).toContain('spiffe://a.test/deep');
    expect((await event).chainSubjects).toHaveLength(3);
  });

  it('takes each trust domain by its own bundle', async () => {
    const source = new TestSource(server, bundleOf('a.test', ca), bundleOf('b.test', other));
    const { port } = await start(source, authorizeAny());
    expect(await talk(port, await svidOf(other, '/x'), TWO_REQUESTS)).toContain(
      'spiffe://b.test/x',
    );
  });

  it('serves nothing over a connection that it did not verify, however it came', async () => {
    const source = new TestSource(server, bundleOf('a.test', ca));
    const started = await start(source, authorizeAny());
    const request = new IncomingMessage(new Socket());
    started.server.emit('request', request, new ServerResponse(request));
    expect(started.served).toEqual([]);
    expect(request.socket.destroyed).toBe(true);
  });

  it('limits the rate at which it reports refusals', async () => {
    const source = new TestSource(server, bundleOf('a.test', ca));
    const { port, events } = await start(source, authorizeAny());
    for (let i = 0; i < 60; i++) await talk(port, undefined, '');
    expect(events.length).toBeGreaterThanOrEqual(20);
    expect(events.length).toBeLessThan(60);
  });
});

describe('the limits of a server', () => {
  const limited = (options: CreateMtlsServerOptions) =>
    start(new TestSource(server, bundleOf('a.test', ca)), authorizeAny(), options);

  it('close more connections than it takes at a time, unanswered', async () => {
    const { port, events, nextEvent } = await limited({ maxConnections: 1 });
    const accepted = nextEvent();
    const first = connect(clientOptions(port, client));
    await accepted;
    await once(connectTcp(port, '127.0.0.1').resume(), 'close');
    expect(events).toHaveLength(1);
    first.destroy();
    await once(first, 'close');
  });

  it('end the wait for headers, with a peer that says nothing and with one that drips', async () => {
    const { port, served } = await limited({ headersTimeoutMs: 50, requestTimeoutMs: 60 });
    for (const text of ['', 'GET / HTTP/1.1\r\nHost:']) {
      expect(await talk(port, client, text)).toContain('408 Request Timeout');
    }
    expect(served).toEqual([]);
  });

  it('end the wait for a body', async () => {
    const { port } = await limited({ headersTimeoutMs: 50, requestTimeoutMs: 60 });
    const text = 'POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\n{}';
    const socket = connect(clientOptions(port, client), () => socket.write(text));
    socket.resume().on('error', () => undefined);
    await once(socket, 'close');
  });

  it('refuse long headers', async () => {
    const { port, served } = await limited({ maxHeaderBytes: 1024 });
    const header = `a: ${'b'.repeat(1024)}`;
    expect(await talk(port, client, `GET / HTTP/1.1\r\n${header}\r\n\r\n`)).toContain('431');
    expect(served).toEqual([]);
  });
});

describe('a refused peer', () => {
  const refused = async (
    svid: X509Svid | undefined,
    code: string,
    authorizer: Authorizer = authorizeAny(),
    source = new TestSource(server, bundleOf('a.test', ca), bundleOf('b.test', other)),
  ) => {
    const { port, nextEvent, served } = await start(source, authorizer);
    const event = nextEvent();
    expect(await talk(port, svid, TWO_REQUESTS)).toBe('');
    const seen = await event;
    expect(seen).toMatchObject({ outcome: 'refused', side: 'server', code });
    expect(served).toEqual([]);
    return seen;
  };

  it('has no byte of its pipelined requests handled, and stands in the log with what it presented', async () => {
    const stranger = await svidOf(await mintCa({ trustDomain: 'c.test' }), '/stranger');
    const event = await refused(stranger, 'ERR_PEER_UNTRUSTED');
    expect(event).toMatchObject({
      peerId: 'URI:spiffe://c.test/stranger',
      serialNumber: stranger.serialNumber,
      notBefore: stranger.notBefore.toISOString(),
      notAfter: stranger.notAfter.toISOString(),
      chainSubjects: ['C=US, O=SPIRE'],
      tlsVersion: 'TLSv1.3',
      reason: expect.stringContaining('UNABLE_TO_VERIFY_LEAF_SIGNATURE'),
    });
  });

  it('has none handled that comes with the end of its handshake, by no listener', async () => {
    const source = new TestSource(server, bundleOf('a.test', ca));
    const stranger = await svidOf(await mintCa({ trustDomain: 'c.test' }), '/stranger');
    const started = await start(source, authorizeAny());
    const heard: string[] = [];
    started.server.on('request', ({ url }) => heard.push(String(url)));
    expect(await talkAtOnce(started.port, stranger, TWO_REQUESTS)).toBe('');
    expect([started.served, heard]).toEqual([[], []]);
    expect(await talkAtOnce(started.port, client, TWO_REQUESTS)).toContain('200 OK');
    expect(heard).toEqual(['/1', '/2']);
  });

  it('may present nothing', async () => {
    const event = await refused(undefined, 'ERR_PEER_CERTIFICATE_MISSING');
    expect(event).not.toHaveProperty('serialNumber');
  });

  it('may be in the union of the bundles, and not in that of its own trust domain', async () => {
    const crossed = await other.issue({ uri: 'spiffe://a.test/client' });
    const { X509Svid: Svid } = await import('../x509-svid.js');
    await refused(Svid.parse(crossed.chainDer, crossed.keyDer), 'ERR_CHAIN_UNTRUSTED');
  });

  it('may be another than the authorizer expects', async () => {
    await refused(client, 'ERR_PEER_NOT_AUTHORIZED', authorizeId(server.id));
  });

  it('may be expired', async () => {
    const past = { notBefore: new Date(Date.now() - 9e6), notAfter: new Date(Date.now() - 5e6) };
    const event = await refused(await svidOf(ca, '/client', past), 'ERR_PEER_UNTRUSTED');
    expect(event.reason).toContain('CERT_HAS_EXPIRED');
  });

  it('may never begin its handshake: it is closed, and HTTP hears nothing of it', async () => {
    const source = new TestSource(server, bundleOf('a.test', ca));
    const started = await start(source, authorizeAny(), { handshakeTimeoutMs: 50 });
    const clientErrors: Error[] = [];
    started.server.on('clientError', (error) => clientErrors.push(error));
    const event = started.nextEvent();
    const socket = connectTcp(started.port, '127.0.0.1').resume();
    await once(socket, 'close');
    expect(await event).toMatchObject({
      outcome: 'refused',
      code: 'ERR_PEER_HANDSHAKE_FAILED',
      reason: expect.stringContaining('ERR_TLS_HANDSHAKE_TIMEOUT'),
      remoteAddress: '127.0.0.1',
    });
    expect(clientErrors).toEqual([]);
  });

  it('may speak an older TLS', async () => {
    const source = new TestSource(server, bundleOf('a.test', ca));
    const { port, nextEvent } = await start(source, authorizeAny());
    const event = nextEvent();
    const socket: TLSSocket = connect({ ...clientOptions(port, client), maxVersion: 'TLSv1.2' });
    await expect(once(socket, 'secureConnect')).rejects.toThrow();
    expect(await event).toMatchObject({
      outcome: 'refused',
      code: 'ERR_PEER_HANDSHAKE_FAILED',
      reason: expect.stringContaining('ERR_SSL_UNSUPPORTED_PROTOCOL'),
    });
  });
});
