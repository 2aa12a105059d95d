import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { EmbeddedAuthority } from '@mesh/authority';
import {
  authorizeAny,
  authorizeId,
  createMtlsPool,
  createMtlsServer,
  SpiffeId,
  TrustDomain,
  X509Source,
  type MtlsPool,
} from '@mesh/identity';
import { issuerDocuments } from '../../libs/agent/src/pipeline/issuer-documents.js';
import { issuerFetch } from '../../libs/agent/src/pipeline/issuer-fetch.js';

const ISSUER = SpiffeId.parse('spiffe://mesh.test/issuer');
const { signal } = new AbortController();

let answer: RequestListener;
/** Paths that were asked for. */
let asked: string[];

async function listening(server: Server, scheme: string): Promise<string> {
  server.on('request', (request, response) => {
    asked.push(request.url!);
    answer(request, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

beforeEach(() => {
  asked = [];
  answer = (_request, response) => response.end('{"keys":[]}');
});

describe('the documents of an issuer at its URL', () => {
  let server: Server;
  let url: string;
  beforeEach(async () => {
    server = createServer();
    url = await listening(server, 'http');
  });
  afterEach(() => void server.close().closeAllConnections());

  const fetch = (at = `${url}/jwks`) =>
    issuerDocuments(issuerFetch({ url }, undefined))(at, { signal });

  it('are read as they are, with their status', async () => {
    expect(await fetch()).toEqual({ status: 200, body: '{"keys":[]}' });
    answer = (_request, response) => response.writeHead(404).end('none');
    expect(await fetch()).toEqual({ status: 404, body: 'none' });
  });

  it('are not looked for elsewhere: a redirect is not followed', async () => {
    answer = (_request, response) => response.writeHead(302, { location: '/other' }).end();
    expect(await fetch()).toMatchObject({ status: 302 });
    expect(asked).toEqual(['/jwks']);
  });

  it('are not asked for without TLS but on loopback', async () => {
    await expect(fetch('http://login.test/jwks')).rejects.toThrow('without TLS');
  });

  it('may have no body', async () => {
    answer = (_request, response) => response.writeHead(204).end();
    expect(await fetch()).toEqual({ status: 204, body: '' });
  });

  it('are not read beyond 256 KiB', async () => {
    answer = (_request, response) => response.end('x'.repeat(256 * 1024));
    expect((await fetch()).body).toHaveLength(256 * 1024);
    answer = (_request, response) => response.end('x'.repeat(256 * 1024 + 1));
    await expect(fetch()).rejects.toThrow('too large');
  });
});

describe('the documents of an issuer over mTLS', () => {
  let folder: string;
  let authority: EmbeddedAuthority;
  let own: X509Source;
  let theirs: X509Source;
  let server: Server;
  let at: string;
  let pool: MtlsPool;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'issuer-'));
    authority = await EmbeddedAuthority.start({
      trustDomain: TrustDomain.parse('mesh.test'),
      directory: join(folder, 'run'),
      workloads: [
        { name: 'issuer', id: ISSUER },
        { name: 'gateway', id: SpiffeId.parse('spiffe://mesh.test/gateway') },
      ],
    });
    own = await X509Source.create({ address: authority.socketOf('gateway') });
    theirs = await X509Source.create({ address: authority.socketOf('issuer') });
  });
  afterAll(() => {
    own.close();
    theirs.close();
    authority.close();
    rmSync(folder, { recursive: true });
  });
  beforeEach(async () => {
    server = createMtlsServer(theirs, theirs, authorizeAny());
    at = await listening(server, 'https');
  });
  afterEach(async () => {
    await pool.destroy();
    server.close().closeAllConnections();
  });

  const way = (id = ISSUER) => {
    pool = createMtlsPool(at, own, own, authorizeId(id));
    const agents = { url: at, spiffeId: id };
    return issuerFetch({ url: 'https://login.test/realm', agents }, pool);
  };
  const fetch = (url: string, id = ISSUER) => issuerDocuments(way(id))(url, { signal });

  it('are read there by their path, whatever the address is that people have', async () => {
    expect(await fetch('https://login.test/realm/jwks')).toEqual({
      status: 200,
      body: '{"keys":[]}',
    });
    expect(asked).toEqual(['/realm/jwks']);
  });

  it.each([
    'https://login.test.evil/jwks',
    'http://login.test/jwks',
    'https://login.test:444/jwks',
  ])('are none of %s, which is not asked', async (url) => {
    await expect(fetch(url)).rejects.toThrow('not at the issuer');
    expect(asked).toEqual([]);
  });

  it('are read at the address for agents as well, and forms are sent there', async () => {
    const got: string[] = [];
    answer = (request, response) =>
      void text(request).then((body) => {
        got.push(`${request.method} ${request.headers['content-type']} ${body}`);
        response.writeHead(201, { 'x-seen': 'yes' }).end('made');
      });
    const response = await way()(`${at}/token?a=1`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: 'grant_type=none',
      signal,
    });
    expect([response.status, response.headers.get('x-seen')]).toEqual([201, 'yes']);
    expect(await response.text()).toBe('made');
    expect(asked).toEqual(['/token?a=1']);
    expect(got).toEqual(['POST application/x-www-form-urlencoded grant_type=none']);
  });

  it('are read of nobody but the workload that is named', async () => {
    const other = SpiffeId.parse('spiffe://mesh.test/gateway');
    await expect(fetch('https://login.test/realm/jwks', other)).rejects.toMatchObject({
      cause: { code: 'ERR_PEER_NOT_AUTHORIZED' },
    });
    expect(asked).toEqual([]);
  });
});
