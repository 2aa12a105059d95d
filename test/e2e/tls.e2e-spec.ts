import { once } from 'node:events';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { connect as connectTcp, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { X509Certificate } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { mintCa, type IssueOptions, type Minted, type MintedCa } from '../kit/index.js';
import { exchange, exchangeOver, responsesOf } from '../kit/raw-http.js';
import { RunningAgents } from '../kit/running-agents.js';
import { agentsUnderTest, ScriptedModel, ScriptedSearch } from './agents-under-test.js';

const HOST = 'mesh.example.org';
const CLOSE = 'Connection: close\r\n';

let folder: string;
let ca: MintedCa;
let mesh: RunningAgents;
let first: Minted;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tls-'));
  ca = await mintCa({ trustDomain: 'example.org' });
  first = await issue();
  write(first);
  mesh = await start({});
});
afterAll(async () => {
  await mesh.close();
  rmSync(folder, { recursive: true });
});

const sockets: Socket[] = [];
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
});

function start(env: Record<string, string>): Promise<RunningAgents> {
  return RunningAgents.start(
    agentsUnderTest({ search: new ScriptedSearch(), model: new ScriptedModel() }),
    {
      env: {
        MESH_TLS: 'files',
        MESH_TLS_CERTIFICATE: join(folder, 'cert.pem'),
        MESH_TLS_KEY: join(folder, 'key.pem'),
        MESH_PUBLIC_URL: `https://${HOST}`,
        ...env,
      },
    },
  );
}

function issue(options: IssueOptions = {}): Promise<Minted> {
  return ca.issue({ uris: [], dnsNames: [HOST], ...options });
}

/** As a renewal does it. */
function write({ chainPem, keyPem }: Minted, mode = 0o600): void {
  for (const [name, text] of Object.entries({ 'key.pem': keyPem, 'cert.pem': chainPem })) {
    writeFileSync(join(folder, `${name}.new`), text, { mode });
    renameSync(join(folder, `${name}.new`), join(folder, name));
  }
}

function address(): { host: string; port: number } {
  const { hostname, port, protocol } = new URL(mesh.agent('gateway').url);
  expect(protocol).toBe('https:');
  return { host: hostname, port: Number(port) };
}

function open(options: ConnectionOptions = {}): TLSSocket {
  const socket = connect({ ...address(), ca: ca.certificatePem, servername: HOST, ...options });
  sockets.push(socket);
  return socket;
}

async function handshake(options: ConnectionOptions = {}): Promise<TLSSocket> {
  const socket = open(options);
  await once(socket, 'secureConnect');
  return socket;
}

async function failedHandshake(options: ConnectionOptions): Promise<string> {
  try {
    await handshake(options);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code!;
  }
  throw new Error('There was a handshake.');
}

const get = (path: string, headers = '') =>
  `GET ${path} HTTP/1.1\r\nHost: ${HOST}\r\n${headers}${CLOSE}\r\n`;

function lines(event: string): Record<string, unknown>[] {
  return mesh.log.filter((line) => line['event'] === event);
}

async function untilLines(event: string, count: number): Promise<Record<string, unknown>[]> {
  while (lines(event).length < count) await new Promise((resolve) => setImmediate(resolve));
  return lines(event);
}

describe('the listener for people', () => {
  it('serves TLS, by the certificate of its files and without asking for one', async () => {
    const socket = await handshake();
    expect(socket.getPeerX509Certificate()!.raw).toEqual(new X509Certificate(first.chainPem).raw);
    expect(socket.getProtocol()).toBe('TLSv1.3');
    const [response] = responsesOf(await exchangeOver(socket, get('/v1/trust')));
    expect(response!.status).toBe(200);
    const [line] = lines('tls.certificate');
    expect(line).toMatchObject({ level: 'info', agent: 'gateway', not_after: expect.any(String) });
  });

  it('is at the address that people open', () => {
    expect(mesh.agent('gateway').url).toMatch(/^https:/);
  });

  it.each([
    ['TLSv1.3', undefined],
    ['TLSv1.2', 'ECDHE-ECDSA-AES256-GCM-SHA384'],
    ['TLSv1.2', 'ECDHE-ECDSA-CHACHA20-POLY1305'],
    ['TLSv1.2', 'ECDHE-ECDSA-AES128-GCM-SHA256'],
  ] as const)('speaks %s (%s)', async (version, ciphers) => {
    const socket = await handshake({
      minVersion: version,
      maxVersion: version,
      ...(ciphers ? { ciphers } : {}),
    });
    expect(socket.getProtocol()).toBe(version);
  });

  it.each([
    ['TLS 1.1', { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' }],
    ['a cipher without authentication', { ciphers: 'ECDHE-ECDSA-AES256-SHA' }],
    ['a cipher without forward secrecy', { ciphers: 'AES256-GCM-SHA384' }],
  ] as const)('refuses %s', async (_what, options) => {
    expect(await failedHandshake({ maxVersion: 'TLSv1.2', ...options })).toMatch(
      /^ERR_SSL_(TLSV1_ALERT_PROTOCOL_VERSION|SSL\/TLS_ALERT_HANDSHAKE_FAILURE)$/,
    );
  });

  it('does not answer plain HTTP, and goes on', async () => {
    const { host, port } = address();
    expect(await exchange(`http://${host}:${port}`, get('/'))).toBe('');
    expect((await handshake()).authorized).toBe(true);
  });

  it('is not trusted by who does not know its CA', async () => {
    const other = await mintCa({ trustDomain: 'example.org' });
    expect(await failedHandshake({ ca: other.certificatePem })).toMatch(/UNABLE_TO|SELF_SIGNED/);
  });

  it('refuses a body of 1 MB before it has read it', async () => {
    const body = 'x'.repeat(1024 * 1024);
    const token = await mesh.signIn('analyst', 'research:fast draft:write');
    const socket = await handshake();
    const text = await exchangeOver(
      socket,
      `POST /v1/research HTTP/1.1\r\nHost: ${HOST}\r\nAuthorization: Bearer ${token}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`,
      body,
    );
    const [response] = responsesOf(text);
    expect(response!.headers['content-type']).toBe('application/problem+json');
    expect(JSON.parse(response!.body)).toMatchObject({ status: 413, code: 'ERR_BODY_TOO_LARGE' });
    expect(response!.headers['connection']).toBe('close');
  });

  it('refuses it of who is not signed in unread as well', async () => {
    const socket = await handshake();
    const request = `POST /v1/research HTTP/1.1\r\nHost: ${HOST}\r\nContent-Type: application/json\r\nContent-Length: 1048576\r\n\r\n`;
    // The body never comes.
    const [response] = responsesOf(await exchangeOver(socket, request));
    expect(JSON.parse(response!.body)).toMatchObject({ code: 'ERR_ACCESS_TOKEN_MISSING' });
  });

  it('answers a question', async () => {
    const token = await mesh.signIn('analyst', 'research:fast draft:write');
    const body = '{"question":"What is an SVID?"}';
    const socket = await handshake();
    const text = await exchangeOver(
      socket,
      `POST /v1/research HTTP/1.1\r\nHost: ${HOST}\r\nAuthorization: Bearer ${token}\r\nContent-Type: application/json\r\n${CLOSE}Content-Length: ${body.length}\r\n\r\n${body}`,
    );
    expect(text).toMatch(/^HTTP\/1\.1 200 OK/);
  });

  it('says in /health until when its certificate is good', async () => {
    const response = await fetch(`${mesh.agent('gateway').managementUrl}/health`);
    const { details } = (await response.json()) as { details: Record<string, unknown> };
    expect(details['certificate']).toMatchObject({
      status: 'up',
      notAfter: new X509Certificate(first.chainPem).validToDate.toISOString(),
      secondsToExpiry: expect.any(Number),
    });
  });
});

describe('a certificate that is renewed', () => {
  it('serves new connections, with all the rest as before, while open ones go on', async () => {
    const before = await handshake();
    const renewed = await issue();
    mesh.log.length = 0;
    write(renewed);
    expect(await untilLines('tls.certificate', 1)).toEqual([
      expect.objectContaining({ level: 'info', agent: 'gateway' }),
    ]);
    const after = await handshake();
    expect(after.getPeerX509Certificate()!.raw).toEqual(new X509Certificate(renewed.chainPem).raw);
    expect(after.getProtocol()).toBe('TLSv1.3');
    for (const socket of [before, after]) {
      const [response] = responsesOf(await exchangeOver(socket, get('/v1/trust')));
      expect(response).toMatchObject({
        status: 200,
        headers: { 'strict-transport-security': 'max-age=31536000' },
      });
    }
    // What Node is not given again it resets.
    expect(
      await failedHandshake({
        minVersion: 'TLSv1',
        maxVersion: 'TLSv1.1',
        ciphers: 'DEFAULT@SECLEVEL=0',
      }),
    ).toBe('ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION');
    expect(
      await failedHandshake({ maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES256-SHA' }),
    ).toBe('ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE');
  });

  it.each([
    [
      'of another key',
      'ERR_TLS_KEY_MISMATCH',
      async () => ({ ...(await issue()), keyPem: first.keyPem }),
    ],
    ['for another name', 'ERR_TLS_CERTIFICATE_HOST', () => issue({ dnsNames: ['other.example'] })],
    [
      'that has expired',
      'ERR_TLS_CERTIFICATE_EXPIRED',
      () => issue({ notBefore: new Date(0), notAfter: new Date(1000) }),
    ],
    ['that is none', 'ERR_TLS_FILE_INVALID', async () => ({ ...(await issue()), chainPem: 'x' })],
  ])('is refused where it is one %s: the last good one serves on', async (_what, code, make) => {
    const good = await issue();
    write(good);
    await untilLines('tls.certificate', lines('tls.certificate').length + 1);
    mesh.log.length = 0;
    write(await make());
    const [line] = await untilLines('tls.refused', 1);
    expect(line).toMatchObject({ level: 'warn', agent: 'gateway', code });
    expect(JSON.stringify(mesh.log)).not.toContain('PRIVATE KEY');
    const socket = await handshake();
    expect(socket.getPeerX509Certificate()!.raw).toEqual(new X509Certificate(good.chainPem).raw);
  });

  it('is warned of where others may read its key', async () => {
    const renewed = await issue();
    mesh.log.length = 0;
    write(renewed, 0o640);
    const [line] = await untilLines('tls.certificate', 1);
    expect(line).toMatchObject({
      level: 'warn',
      reason: expect.stringMatching(/^others may read the private key \(mode 640\)/),
    });
  });
});

describe('a gateway', () => {
  it.each([
    ['ERR_TLS_KEY_MISMATCH', async () => ({ ...(await issue()), keyPem: first.keyPem })],
    ['ERR_TLS_CERTIFICATE_EXPIRED', () => issue({ notBefore: new Date(0), notAfter: new Date(1) })],
    ['ERR_TLS_CERTIFICATE_HOST', () => issue({ dnsNames: ['other.example'] })],
    ['ERR_TLS_FILE_INVALID', async () => ({ ...(await issue()), keyPem: 'x' })],
  ])('does not start where it would be %s', async (code, make) => {
    const sideways = mkdtempSync(join(tmpdir(), 'tls-'));
    const { chainPem, keyPem } = await make();
    writeFileSync(join(sideways, 'cert.pem'), chainPem);
    writeFileSync(join(sideways, 'key.pem'), keyPem, { mode: 0o600 });
    const env = {
      MESH_TLS_CERTIFICATE: join(sideways, 'cert.pem'),
      MESH_TLS_KEY: join(sideways, 'key.pem'),
    };
    await expect(start(env)).rejects.toMatchObject({ code });
    rmSync(sideways, { recursive: true });
  });

  it('does not start without its files', async () => {
    await expect(start({ MESH_TLS_KEY: join(folder, 'none.pem') })).rejects.toMatchObject({
      code: 'ERR_TLS_FILE_UNREADABLE',
      message: `${join(folder, 'none.pem')} does not exist.`,
    });
  });

  it('does not serve plain HTTP beyond loopback', async () => {
    const off = { MESH_TLS: 'off', MESH_TLS_CERTIFICATE: '', MESH_TLS_KEY: '' };
    await expect(start({ ...off, MESH_BIND: '0.0.0.0' })).rejects.toMatchObject({
      code: 'ERR_CONFIG_INVALID',
      setting: 'bind',
    });
    await expect(
      start({ ...off, MESH_PUBLIC_URL: 'http://mesh.example.org' }),
    ).rejects.toMatchObject({ code: 'ERR_CONFIG_INVALID', setting: 'MESH_PUBLIC_URL' });
  });

  it('serves other machines by TLS', async () => {
    write(first);
    const beyond = await start({ MESH_BIND: '0.0.0.0' });
    try {
      const { port } = new URL(beyond.agent('gateway').url);
      const socket = connect({
        host: '127.0.0.1',
        port: Number(port),
        ca: ca.certificatePem,
        servername: HOST,
      });
      expect(await exchangeOver(socket, get('/v1/trust'))).toMatch(/^HTTP\/1\.1 200 OK/);
    } finally {
      await beyond.close();
    }
  });
});

describe('connections', () => {
  it('of one address are bounded, and those that are too many get no byte', async () => {
    const opened: Socket[] = [];
    const { host, port } = address();
    for (let i = 0; i < 600; i++) {
      const socket = connectTcp({ host, port });
      socket.on('error', () => undefined);
      opened.push(socket);
    }
    sockets.push(...opened);
    const closed = opened.map((socket) => once(socket, 'close'));
    await Promise.race(closed);
    // Every one that is too many is closed at once; the others wait for their handshake.
    while (opened.filter((socket) => socket.closed).length < 600 - 512) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(opened.filter((socket) => !socket.closed).length).toBeLessThanOrEqual(512);
    for (const socket of opened) socket.destroy();
    await Promise.all(closed);
    // The server hears of their ends one by one.
    for (;;) {
      const socket = await handshake().catch(() => undefined);
      if (socket?.authorized) return;
    }
  });
});
