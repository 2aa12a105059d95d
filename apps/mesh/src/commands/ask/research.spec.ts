import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mintCa, type Minted, type MintedCa } from '@test/kit';
import { research } from './research.js';

let folder: string;
let ca: MintedCa;
let leaf: Minted;
let server: Server;
let gatewayUrl: string;
const tokens: (string | undefined)[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ask-'));
  ca = await (await mintCa({ trustDomain: 'example.org' })).intermediate();
  // For a name that is not the address it is asked at.
  leaf = await issue();
  server = createServer({ cert: leaf.chainPem, key: leaf.keyPem }, (request, response) => {
    tokens.push(request.headers.authorization);
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.end('event: done\ndata: {"answer":"An SVID."}\n\n');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  gatewayUrl = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.close();
  rmSync(folder, { recursive: true });
});

function issue(): Promise<Minted> {
  return ca.issue({ uris: [], dnsNames: ['mesh.example.org'] });
}

function ask({ chainPem }: { readonly chainPem: string }) {
  const gatewayCertificate = join(folder, 'cert.pem');
  writeFileSync(gatewayCertificate, chainPem);
  return research(
    { gatewayUrl, gatewayCertificate },
    { question: 'What is an SVID?', depth: 'fast' },
    {
      accessToken: 'planted',
      signal: new AbortController().signal,
      deadlineMs: 5_000,
      say: () => undefined,
    },
  );
}

describe('a gateway that serves TLS', () => {
  it('gets no token where its certificate cannot be read', async () => {
    tokens.length = 0;
    await expect(ask({ chainPem: 'none' })).rejects.toMatchObject({
      code: 'ERR_PEER_UNREACHABLE',
      message: expect.stringContaining('cannot be read from'),
    });
    expect(tokens).toEqual([]);
  });

  it('is known by its very certificate, whatever its name', async () => {
    expect((await ask(leaf)).document).toBe('{"answer":"An SVID."}');
    expect(tokens).toEqual(['Bearer planted']);
  });

  it.each([
    ['another of the same CA', async () => issue()],
    [
      'one of another CA',
      async () =>
        (await mintCa({ trustDomain: 'example.org' })).issue({ dnsNames: ['mesh.example.org'] }),
    ],
    ['that of its CA', () => Promise.resolve({ chainPem: ca.certificatePem })],
  ])('gets no token where its certificate is to be %s', async (_what, make) => {
    tokens.length = 0;
    await expect(ask(await make())).rejects.toMatchObject({ code: 'ERR_PEER_UNREACHABLE' });
    expect(tokens).toEqual([]);
  });
});
