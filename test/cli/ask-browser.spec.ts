import { once } from 'node:events';
import {
  createServer,
  request as send,
  type IncomingMessage,
  type RequestListener,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { decodeJwt } from 'jose';
import { EmbeddedIssuer, SamplePasswords } from '@mesh/issuer';
import {
  browserSignIn,
  type BrowserSignInOptions,
} from '../../apps/mesh/src/commands/sign-in/browser-sign-in.js';
import { Browser } from './browser.js';

const RESOURCE = 'https://mesh.local/api';
const SCOPE = 'research:fast draft:write';
const passwords = SamplePasswords.random();
const code = (expected: string) => expect.objectContaining({ code: expected });
const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
});

/** The sign-in, and the address that it prints. */
function begin(issuerUrl: string, changes: Partial<BrowserSignInOptions> = {}) {
  const { promise, resolve } = Promise.withResolvers<URL>();
  const signedIn = browserSignIn(issuerUrl, {
    clientId: 'mesh-cli',
    scope: SCOPE,
    resource: RESOURCE,
    signal: new AbortController().signal,
    limitMs: 20_000,
    say: (line) => resolve(new URL(/http\S+/.exec(line)![0])),
    ...changes,
  });
  signedIn.catch(() => undefined);
  return { signedIn, address: promise };
}

describe('a sign-in by the browser', () => {
  let issuer: EmbeddedIssuer;
  beforeEach(async () => {
    issuer = await EmbeddedIssuer.start({
      port: 0,
      hostname: '127.0.0.1',
      resource: RESOURCE,
      passwords,
    });
    cleanups.push(() => issuer.close());
  });

  it('is the code flow with PKCE to a loopback address, and gives the token', async () => {
    const { signedIn, address } = begin(issuer.url);
    const { searchParams } = await address;
    expect(Object.fromEntries(searchParams)).toEqual({
      response_type: 'code',
      client_id: 'mesh-cli',
      redirect_uri: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/callback$/),
      scope: SCOPE,
      resource: RESOURCE,
      state: expect.stringMatching(/^[\w-]{43}$/),
      code_challenge: expect.stringMatching(/^[\w-]{43}$/),
      code_challenge_method: 'S256',
    });
    const { status, page } = await new Browser(passwords).open((await address).href);
    expect({ status, page }).toEqual({ status: 200, page: expect.stringContaining('Signed in') });
    expect(decodeJwt(await signedIn)).toMatchObject({
      iss: issuer.url,
      sub: 'analyst',
      client_id: 'mesh-cli',
      aud: RESOURCE,
      scope: SCOPE,
    });
    await expect(fetch(searchParams.get('redirect_uri')!)).rejects.toThrow();
  });

  it('that the person declines is refused, and says so', async () => {
    const { signedIn, address } = begin(issuer.url);
    const { page } = await new Browser(passwords, 'no').open((await address).href);
    expect(page).toContain('Not signed in');
    await expect(signedIn).rejects.toMatchObject({
      code: 'ERR_SIGN_IN_REFUSED',
      message: expect.stringContaining('access_denied'),
    });
  });

  it('ends with its limit, and with its signal', async () => {
    await expect(begin(issuer.url, { limitMs: 1 }).signedIn).rejects.toThrow(
      code('ERR_SIGN_IN_TIMEOUT'),
    );
    const controller = new AbortController();
    const { signedIn, address } = begin(issuer.url, { signal: controller.signal });
    await address;
    const reason = new Error('enough');
    const early = begin(issuer.url, { signal: AbortSignal.abort(reason) });
    await expect(early.signedIn).rejects.toBe(reason);
    controller.abort(reason);
    await expect(signedIn).rejects.toBe(reason);
  });

  it.each<[string, number, (state: string) => { path: string; method?: string; host?: string }]>([
    ['another path', 404, (state) => ({ path: `/?code=c&state=${state}` })],
    [
      'a name of another host',
      404,
      (state) => ({ path: `/callback?code=c&state=${state}`, host: 'evil.example' }),
    ],
    [
      'another method',
      404,
      (state) => ({ path: `/callback?code=c&state=${state}`, method: 'POST' }),
    ],
    ['another state', 400, () => ({ path: '/callback?code=c&state=other' })],
    ['no state', 400, () => ({ path: '/callback?error=access_denied' })],
  ])('is neither ended nor completed by %s', async (_, status, requestOf) => {
    const { signedIn, address } = begin(issuer.url);
    const { searchParams } = await address;
    const { port } = new URL(searchParams.get('redirect_uri')!);
    const {
      path,
      method = 'GET',
      host = `127.0.0.1:${port}`,
    } = requestOf(searchParams.get('state')!);
    const request = send({ host: '127.0.0.1', port, path, method, headers: { host } }).end();
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    expect(response.statusCode).toBe(status);
    expect(await text(response)).not.toContain('other');
    await new Browser(passwords).open((await address).href);
    expect(await signedIn).toMatch(/^ey/);
  });
});

describe('a sign-in at an issuer that does not play by the rules', () => {
  /** An issuer on loopback; `metadata` and `redirect` say what it does otherwise. */
  async function fake(options: {
    readonly metadata?: object;
    readonly redirect?: Record<string, string>;
    readonly tokens?: RequestListener;
  }): Promise<string> {
    const server = createServer((request, response) => {
      const issuer = `http://${request.headers.host}`;
      const url = new URL(request.url!, issuer);
      switch (url.pathname) {
        case '/.well-known/openid-configuration':
          response.setHeader('content-type', 'application/json');
          return response.end(
            JSON.stringify({
              issuer,
              authorization_endpoint: `${issuer}/auth`,
              token_endpoint: `${issuer}/token`,
              authorization_response_iss_parameter_supported: true,
              ...options.metadata,
            }),
          );
        case '/auth': {
          const target = new URL(url.searchParams.get('redirect_uri')!);
          const state = url.searchParams.get('state')!;
          target.search = new URLSearchParams({
            code: 'c',
            state,
            iss: issuer,
            ...options.redirect,
          }).toString();
          return response.writeHead(303, { location: target.href }).end();
        }
        default:
          return options.tokens?.(request, response);
      }
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    cleanups.push(() => server.close());
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  const tokens =
    (body: object, status = 200): RequestListener =>
    (_, response) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  const right = tokens({ access_token: 'planted-token', token_type: 'Bearer', expires_in: 60 });

  async function attempt(options: Parameters<typeof fake>[0]): Promise<string> {
    const { signedIn, address } = begin(await fake(options));
    const opened = await Promise.race([address, signedIn.catch(() => undefined)]);
    if (opened instanceof URL) await new Browser(passwords).open(opened.href);
    return signedIn;
  }

  it('works at one that does', async () => {
    expect(await attempt({ tokens: right })).toBe('planted-token');
  });

  it.each<[string, Parameters<typeof fake>[0]]>([
    ['names itself otherwise', { metadata: { issuer: 'http://127.0.0.1:1' } }],
    ['has no place to sign in', { metadata: { authorization_endpoint: undefined } }],
    ['announces iss and is another', { redirect: { iss: 'http://other.example' }, tokens: right }],
    ['announces iss and sends none', { redirect: { iss: '' }, tokens: right }],
    ['gives no code', { redirect: { code: '' }, tokens: right }],
    ['gives no token', { tokens: tokens({ token_type: 'Bearer' }) }],
    [
      'gives a token of another type',
      { tokens: tokens({ access_token: 'planted-token', token_type: 'mac' }) },
    ],
    ['breaks off', { tokens: (request) => request.socket.destroy() }],
  ])('fails where it %s', async (_, options) => {
    const error: unknown = await attempt(options).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'ERR_SIGN_IN_FAILED' });
    // As deep as a log would look.
    expect(inspect(error, { depth: null })).not.toContain('planted');
  });

  it('quotes why the token endpoint refuses, without what steers a terminal', async () => {
    const refused = tokens(
      { error: 'invalid_grant', error_description: 'used\u001b[2J twice' },
      400,
    );
    await expect(attempt({ tokens: refused })).rejects.toMatchObject({
      code: 'ERR_SIGN_IN_REFUSED',
      message: 'The issuer refused the sign-in: invalid_grant (used[2J twice).',
    });
  });

  it('says where nobody listens', async () => {
    await expect(begin('http://127.0.0.1:1').signedIn).rejects.toMatchObject({
      code: 'ERR_SIGN_IN_FAILED',
      message: expect.stringContaining('http://127.0.0.1:1'),
    });
  });
});
