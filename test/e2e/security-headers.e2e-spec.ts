import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect as connectTcp } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mintCa } from '../kit/index.js';
import { exchangeOver, responsesOf, type RawResponse } from '../kit/raw-http.js';
import { RunningAgents } from '../kit/running-agents.js';
import { agentsUnderTest, ScriptedModel, ScriptedSearch } from './agents-under-test.js';

const HOST = 'mesh.example.org';
const PUBLIC_URL = `https://${HOST}`;
const CLOSE = 'Connection: close\r\n';
const QUESTION = '{"question":"What is an SVID?"}';

let folder: string;
let plain: RunningAgents;
let secure: RunningAgents;
let ca: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'edge-'));
  const web = join(folder, 'web');
  mkdirSync(join(web, 'assets'), { recursive: true });
  writeFileSync(join(web, 'index.html'), '<!doctype html><style nonce="{{nonce}}"></style>');
  writeFileSync(join(web, 'assets', 'index.js'), 'void 0;');
  const authority = await mintCa({ trustDomain: 'example.org' });
  const { chainPem, keyPem } = await authority.issue({ uris: [], dnsNames: [HOST, 'localhost'] });
  ca = authority.certificatePem;
  writeFileSync(join(folder, 'cert.pem'), chainPem);
  writeFileSync(join(folder, 'key.pem'), keyPem, { mode: 0o600 });
  const start = (env: Record<string, string>) =>
    RunningAgents.start(
      agentsUnderTest({ search: new ScriptedSearch(), model: new ScriptedModel() }),
      { env: { MESH_WEB: web, ...env } },
    );
  plain = await start({});
  secure = await start({
    MESH_TLS: 'files',
    MESH_TLS_CERTIFICATE: join(folder, 'cert.pem'),
    MESH_TLS_KEY: join(folder, 'key.pem'),
    MESH_PUBLIC_URL: PUBLIC_URL,
  });
});
afterAll(async () => {
  await secure.close();
  await plain.close();
  rmSync(folder, { recursive: true });
});

/** Sends a request as it is, by HTTP or by TLS, and returns the one answer. */
async function send(request: string, over: 'http' | 'https'): Promise<RawResponse> {
  const { hostname, port } = new URL((over === 'http' ? plain : secure).agent('gateway').url);
  const at = { host: hostname, port: Number(port) };
  const socket = over === 'http' ? connectTcp(at) : connectTls({ ...at, ca, servername: HOST });
  const text = await exchangeOver(socket, request);
  return responsesOf(text.replace(/\r\ntransfer-encoding: chunked/i, ''))[0]!;
}

const get = (path: string, headers = '') =>
  `GET ${path} HTTP/1.1\r\nHost: localhost\r\n${headers}${CLOSE}\r\n`;
const post = (path: string, body: string, headers = '') =>
  `POST ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n${headers}${CLOSE}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;

/** What a gateway answers, by what is sent; `BEARER` stands for an access token. */
const ANSWERS: readonly [what: string, request: string, status: number][] = [
  ['the API', get('/v1/trust'), 200],
  ['an answer', post('/v1/research', QUESTION, 'BEARER'), 200],
  ['a stream', post('/v1/research', QUESTION, 'BEARERAccept: text/event-stream\r\n'), 200],
  ['a page', get('/'), 200],
  ['an asset', get('/assets/index.js'), 200],
  ['an asset that there is not', get('/assets/other.js'), 404],
  ['the API page', get('/docs/'), 200],
  ['its window', get('/docs/oauth2-redirect.html'), 200],
  ['its script', get('/docs/swagger-ui-init.js'), 200],
  ['the API document', get('/openapi.json'), 200],
  ['the error codes', get('/errors'), 200],
  ['a redirection', get('/docs'), 302],
  ['the head of a page', get('/errors').replace('GET', 'HEAD'), 200],
  ['nothing', get('/nothing'), 404],
  ['another method', get('/v1/research'), 405],
  ['a preflight', get('/v1/research').replace('GET', 'OPTIONS'), 405],
  ['who is not signed in', post('/v1/research', QUESTION), 401],
  ['a question that is none', post('/v1/research', '{}', 'BEARER'), 400],
  ['a large body', post('/v1/research', 'x'.repeat(1024 * 1024), 'BEARER'), 413],
  ['another host', get('/').replace('localhost', 'evil.example'), 421],
  ['a path that cannot be decoded', get('/%zz'), 400],
  ['bytes that are no request', 'hello\r\n\r\n', 400],
  ['headers that are too large', get('/', `Cookie: ${'a'.repeat(20_000)}\r\n`), 431],
];

async function answerOf(request: string, over: 'http' | 'https'): Promise<RawResponse> {
  const mesh = over === 'http' ? plain : secure;
  const token = await mesh.signIn('analyst', 'research:fast draft:write');
  return send(request.replace('BEARER', `Authorization: Bearer ${token}\r\n`), over);
}

describe.each(['http', 'https'] as const)('over %s', (over) => {
  it.each(ANSWERS)('%s closes itself to other pages', async (_what, request, status) => {
    const { status: given, headers } = await answerOf(request, over);
    expect(given).toBe(status);
    expect(headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'referrer-policy': 'no-referrer',
      'permissions-policy': expect.stringMatching(/camera=\(\).*clipboard-write=\(self\)/),
      'cross-origin-opener-policy': expect.any(String),
      'cross-origin-resource-policy': 'same-origin',
      'cache-control': expect.any(String),
    });
    const policy = headers['content-security-policy'];
    expect(policy).toMatch(/^default-src 'none'/);
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).toContain("base-uri 'none'");
    expect(policy).not.toMatch(
      /script-src[^;]*'unsafe|unsafe-eval|\*|https?:(?!\/\/mesh\.localhost)/,
    );
    // Nothing is said to pages of other origins, and nothing of what serves it.
    expect(Object.keys(headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
    expect(headers).not.toHaveProperty('server');
    expect(headers).not.toHaveProperty('x-powered-by');
    // Never for names of this machine, which other programs serve too.
    expect(headers).not.toHaveProperty('strict-transport-security');
  });

  it.each([
    ['/v1/research', 'POST'],
    ['/v1/trust', 'GET'],
    ['/sign-out', 'POST'],
  ])(
    'a page of another origin may not read %s, and no preflight allows it',
    async (path, method) => {
      const preflight = await send(
        get(
          path,
          `Origin: https://evil.example\r\nAccess-Control-Request-Method: ${method}\r\nAccess-Control-Request-Headers: content-type,authorization\r\n`,
        ).replace('GET', 'OPTIONS'),
        over,
      );
      expect(preflight.status).toBe(405);
      expect(JSON.parse(preflight.body)).toMatchObject({ code: 'ERR_METHOD_NOT_ALLOWED' });
      const cross = await send(get(path, 'Origin: https://evil.example\r\n'), over);
      for (const { headers } of [preflight, cross]) {
        expect(Object.keys(headers).filter((name) => name.startsWith('access-control'))).toEqual(
          [],
        );
        expect(headers['cross-origin-resource-policy']).toBe('same-origin');
      }
    },
  );

  it.each([
    'evil.example',
    'evil.example:4000',
    'localhost.evil.example',
    '127.0.0.1.nip.io',
    '169.254.169.254',
    '[::1]',
    '0.0.0.0',
    '127.1',
    '2130706433',
    'mesh.example.org.evil.example',
    'evil.example@localhost',
  ])('a page that rebinds %s to this address gets nothing', async (host) => {
    for (const path of ['/', '/v1/trust', '/assets/index.js', '/sign-in', '/docs/', '/%zz']) {
      const response = await send(get(path).replace('localhost', host), over);
      expect(response.status).toBe(421);
      expect(JSON.parse(response.body)).toMatchObject({ code: 'ERR_HOST_UNKNOWN' });
      expect(response.headers).not.toHaveProperty('set-cookie');
      expect(response.headers).not.toHaveProperty('strict-transport-security');
    }
  });
});

describe('the management listener', () => {
  it.each(['/health/live', '/metrics', '/nothing', '/%zz'])(
    'closes %s to pages as well',
    async (path) => {
      const { headers } = await fetch(`${plain.agent('gateway').managementUrl}${path}`);
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('content-security-policy')).toMatch(/^default-src 'none'/);
      expect(headers.get('cross-origin-resource-policy')).toBe('same-origin');
      expect([...headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([]);
    },
  );
});

describe('what a page may do', () => {
  const policyOf = async (path: string) =>
    (await send(get(path), 'http')).headers['content-security-policy']!;

  it('of the web interface: its own scripts, and styles with the nonce of this answer', async () => {
    const one = await send(get('/'), 'http');
    const policy = one.headers['content-security-policy']!;
    expect(policy).toContain("script-src 'self';");
    const [, nonce] = /'nonce-([^']+)'/.exec(policy)!;
    expect(one.body).toContain(`nonce="${nonce}"`);
    expect(await policyOf('/')).not.toContain(nonce);
  });

  it('of the API page: its own scripts, the issuer, and the window it signs in by', async () => {
    const { headers, body } = await send(get('/docs/'), 'http');
    const policy = headers['content-security-policy'];
    expect(policy).toContain(`connect-src 'self' ${new URL(plain.issuer!.url).origin};`);
    expect(policy).toContain("script-src 'self';");
    expect(body).not.toMatch(/<script(?![^>]*\ssrc=)|\son[a-z]+=|javascript:/i);
    expect(headers['cross-origin-opener-policy']).toBe('same-origin-allow-popups');
    const window = await send(get('/docs/oauth2-redirect.html'), 'http');
    expect(window.headers['cross-origin-opener-policy']).toBe('unsafe-none');
    expect(window.body).not.toMatch(/<script(?![^>]*\ssrc=)/i);
  });

  it('of the error codes: the one style it has', async () => {
    const { headers, body } = await send(get('/errors'), 'http');
    const [, style] = /<style>([^<]+)<\/style>/.exec(body)!;
    const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(style));
    expect(headers['content-security-policy']).toContain(
      `style-src 'sha256-${Buffer.from(digest).toString('base64')}';`,
    );
    expect(headers['content-security-policy']).not.toMatch(/unsafe|script-src/);
  });

  it('of anything else: nothing', async () => {
    for (const path of ['/v1/trust', '/openapi.json', '/nothing']) {
      expect(await policyOf(path)).toBe(
        "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
      );
    }
  });

  it('keeps scripts for a year, and no answer at all', async () => {
    const cacheOf = async (path: string) =>
      (await send(get(path), 'http')).headers['cache-control'];
    expect(await cacheOf('/assets/index.js')).toBe('public, max-age=31536000, immutable');
    for (const path of ['/', '/nothing', '/v1/me', '/sign-in-failed', '/openapi.json']) {
      expect(await cacheOf(path)).toBe('no-store');
    }
  });
});

describe('Strict-Transport-Security', () => {
  const strictAt = async (host: string, over: 'http' | 'https', path = '/v1/trust') =>
    (await send(get(path).replace('localhost', host), over)).headers['strict-transport-security'];

  it.each(['/v1/trust', '/', '/nothing', '/v1/research', '/assets/index.js'])(
    'is said by TLS for the public name, of %s as well',
    async (path) => {
      expect(await strictAt(HOST, 'https', path)).toBe('max-age=31536000');
      expect(await strictAt(`${HOST}:4000`, 'https', path)).toBe('max-age=31536000');
    },
  );

  it.each(['localhost', 'mesh.localhost', '127.0.0.1'])('is never said for %s', async (host) => {
    expect(await strictAt(host, 'https')).toBeUndefined();
    expect(await strictAt(host, 'http')).toBeUndefined();
  });
});
