import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import {
  connect,
  createServer,
  getCACertificates,
  setDefaultCACertificates,
  type ConnectionOptions,
  type TlsOptions,
  type TLSSocket,
} from 'node:tls';
import { mintCa, type MintedCa } from '@test/kit';
import { bundleOf, svidOf, TestSource } from '../../test/workload.js';
import { authorizeAny, authorizeId } from '../authorizer.js';
import type { X509Bundle } from '../x509-bundle.js';
import type { X509Svid } from '../x509-svid.js';
import { mtlsClientOptions, mtlsServerOptions } from './mtls-options.js';
import { peerOf } from './peer-identity.js';
import { tlsMaterial } from './tls-material.js';

let ca: MintedCa;
let other: MintedCa;
let server: X509Svid;
let client: X509Svid;
let bundle: X509Bundle;

beforeAll(async () => {
  ca = await mintCa({ trustDomain: 'a.test' });
  other = await mintCa({ trustDomain: 'b.test', name: 'other' });
  server = await svidOf(ca, '/server');
  client = await svidOf(ca, '/client');
  bundle = bundleOf('a.test', ca);
});

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
});

async function listen(options: TlsOptions, onSocket: (socket: TLSSocket) => void): Promise<number> {
  const tls = createServer(options, onSocket);
  tls.on('tlsClientError', () => undefined);
  tls.listen(0, '127.0.0.1');
  await once(tls, 'listening');
  cleanups.push(() => tls.close());
  return (tls.address() as AddressInfo).port;
}

function dial(port: number, options: ConnectionOptions): TLSSocket {
  const socket = connect({ host: '127.0.0.1', port, ...options });
  cleanups.push(() => socket.destroy());
  return socket;
}

describe('mtlsServerOptions', () => {
  it('keeps rejectUnauthorized, TLS 1.3 and no tickets', () => {
    expect(mtlsServerOptions(server, bundle, authorizeAny())).toMatchObject({
      requestCert: true,
      rejectUnauthorized: true,
      minVersion: 'TLSv1.3',
      maxVersion: 'TLSv1.3',
      secureOptions: 0x4000,
    });
  });

  it('lets OpenSSL close an untrusted peer before there is a secureConnection', async () => {
    const options = mtlsServerOptions(server, bundle, authorizeAny());
    const port = await listen(options, () => {
      throw new Error('never');
    });
    const stranger = await svidOf(await mintCa({ trustDomain: 'a.test' }), '/x');
    const socket = dial(port, mtlsClientOptions(stranger, bundle, authorizeAny()));
    socket.on('error', () => undefined);
    socket.resume();
    await once(socket, 'close');
  });

  it('gives the second check for the listener, and after it peerOf', async () => {
    const options = mtlsServerOptions(server, bundle, authorizeId(client.id));
    const port = await listen(options, (socket) => {
      options.authenticate(socket);
      socket.end(peerOf(socket)?.id.toString() ?? '');
    });
    const socket = dial(port, mtlsClientOptions(client, bundle, authorizeId(server.id)));
    const [data] = (await once(socket, 'data')) as [Buffer];
    expect(data.toString()).toBe('spiffe://a.test/client');
  });

  it('throws in the second check for a peer that is not authorized', async () => {
    const options = mtlsServerOptions(server, bundle, authorizeId(server.id));
    const refused = Promise.withResolvers<unknown>();
    const port = await listen(options, (socket) => {
      try {
        options.authenticate(socket);
      } catch (error) {
        refused.resolve({ error, peer: peerOf(socket) });
        socket.destroy();
      }
    });
    const socket = dial(port, mtlsClientOptions(client, bundle, authorizeAny()));
    socket.on('error', () => undefined);
    expect(await refused.promise).toEqual({
      error: expect.objectContaining({ code: 'ERR_PEER_NOT_AUTHORIZED' }),
      peer: undefined,
    });
  });
});

describe('mtlsClientOptions', () => {
  const outcome = async (source: TestSource, authorizer = authorizeAny(), of = server) => {
    const options = mtlsServerOptions(of, bundle, authorizeAny());
    const port = await listen(options, (socket) => socket.end());
    const socket = dial(port, mtlsClientOptions(source, source, authorizer));
    await once(socket, 'secureConnect');
  };

  it('keeps rejectUnauthorized, TLS 1.3 and no session', () => {
    expect(mtlsClientOptions(client, bundle, authorizeAny())).toMatchObject({
      rejectUnauthorized: true,
      minVersion: 'TLSv1.3',
      maxVersion: 'TLSv1.3',
      maxCachedSessions: 0,
    });
  });

  it('accepts the server that is expected, whatever the name of its host', async () => {
    await outcome(new TestSource(client, bundle), authorizeId(server.id));
  });

  it('accepts a server with an intermediate', async () => {
    const deep = await svidOf(await ca.intermediate(), '/deep');
    await outcome(new TestSource(client, bundle), authorizeId(deep.id), deep);
  });

  it('refuses another than the one that is expected', async () => {
    await expect(
      outcome(new TestSource(client, bundle), authorizeId(client.id)),
    ).rejects.toMatchObject({ code: 'ERR_PEER_NOT_AUTHORIZED' });
  });

  it('refuses one that only the union of the bundles vouches for', async () => {
    const crossed = await svidOf(other, '', { uri: 'spiffe://a.test/server' });
    const source = new TestSource(client, bundle, bundleOf('b.test', other));
    await expect(outcome(source, authorizeAny(), crossed)).rejects.toMatchObject({
      code: 'ERR_PEER_UNTRUSTED',
      cause: { code: 'ERR_CHAIN_UNTRUSTED' },
    });
  });

  it('refuses a server whose authority only bears the name of one in the bundle', async () => {
    const twin = await mintCa({ trustDomain: 'a.test' });
    const source = new TestSource(client, bundleOf('a.test', twin));
    await expect(outcome(source)).rejects.toMatchObject({
      code: expect.stringMatching(/^[A-Z_]+$/),
    });
  });
});

describe('the authorities of the system', () => {
  it('are trusted by neither side, not even without a bundle', async () => {
    const before = getCACertificates('default');
    cleanups.push(() => setDefaultCACertificates(before));
    setDefaultCACertificates([ca.certificatePem]);
    const empty = new TestSource(client);
    const options = mtlsServerOptions(server, bundle, authorizeAny());
    const port = await listen(options, (socket) => socket.end());
    const socket = dial(port, mtlsClientOptions(empty, empty, authorizeAny()));
    await expect(once(socket, 'secureConnect')).rejects.toMatchObject({
      code: 'SELF_SIGNED_CERT_IN_CHAIN',
    });

    const strict = await listen(
      mtlsServerOptions(server, new TestSource(server), authorizeAny()),
      () => {
        throw new Error('never');
      },
    );
    const refused = dial(strict, mtlsClientOptions(client, bundle, authorizeAny()));
    refused.on('error', () => undefined);
    refused.resume();
    await once(refused, 'close');
  });
});

describe('tlsMaterial', () => {
  it('takes the authorities of all bundles, each once', () => {
    const source = new TestSource(client, bundle, bundleOf('b.test', other, ca));
    expect(tlsMaterial(source, source).context.ca).toHaveLength(2);
  });

  it('takes the bundle of its own trust domain from a source that cannot list', () => {
    const source = { getX509BundleForTrustDomain: () => bundle };
    expect(tlsMaterial(client, source).context.ca).toHaveLength(1);
  });

  it('has a version that changes with the SVID and with the bundles, and not with their order', async () => {
    const version = (svid: X509Svid, ...bundles: X509Bundle[]) =>
      tlsMaterial(svid, new TestSource(svid, ...bundles)).version;
    const [a, b] = [bundleOf('a.test', ca, other), bundleOf('b.test', other)];
    expect(version(client, a, b)).toBe(version(client, b, bundleOf('a.test', other, ca)));
    expect(version(client, a, b)).not.toBe(version(client, a));
    expect(version(client, a, b)).not.toBe(version(await svidOf(ca, '/client'), a, b));
  });

  it('ends with the first certificate of the chain', async () => {
    const soon = new Date(Math.floor(Date.now() / 1000) * 1000 + 60_000);
    const svid = await svidOf(await ca.intermediate({ notAfter: soon }), '/deep');
    expect(tlsMaterial(svid, bundle).validity.notAfter).toEqual(soon);
  });
});
