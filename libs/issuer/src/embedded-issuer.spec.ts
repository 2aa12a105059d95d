import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { afterEach, describe, expect, it } from '@jest/globals';
import { FakeClock } from '@test/kit';
import { createRemoteJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify } from 'jose';
import { Browser, passwords, resource, verifier, type Params } from '../test/browser.js';
import { signInAs } from './client/sign-in-as.js';
import { EmbeddedIssuer, type EmbeddedIssuerOptions } from './embedded-issuer.js';
import type { IssuerLog } from './issuer-log.js';

const code = (expected: string) => expect.objectContaining({ code: expected });

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
});

async function start(options: Partial<EmbeddedIssuerOptions> = {}): Promise<EmbeddedIssuer> {
  const issuer = await EmbeddedIssuer.start({
    port: 0,
    resource,
    passwords,
    // Node's fetch reaches it without a resolver of its own.
    hostname: '127.0.0.1',
    ...options,
  });
  cleanups.push(() => issuer.close());
  return issuer;
}

class Lines implements IssuerLog {
  readonly lines: string[] = [];
  info = (fields: object, message: string) => void this.lines.push(line(fields, message));
  warn = (fields: object, message: string) => void this.lines.push(line(fields, message));
  error = (fields: object, message: string) => void this.lines.push(line(fields, message));
}
const line = (fields: object, message: string) => `${message} ${JSON.stringify(fields)}`;

const refusal = (response: Response) =>
  new URL(response.headers.get('location')!).searchParams.get('error');

const offline = { scope: 'openid offline_access research:fast', prompt: 'consent' };

describe('EmbeddedIssuer.start', () => {
  it('does not run in production', async () => {
    await expect(start({ environment: 'production' })).rejects.toThrow(
      code('ERR_ISSUER_PRODUCTION'),
    );
  });

  it.each(['0.0.0.0', '192.0.2.1', '::'])('does not bind %s', async (address) => {
    await expect(start({ address })).rejects.toThrow(code('ERR_ISSUER_ADDRESS'));
  });

  it('does not bear a name beyond loopback', async () => {
    await expect(start({ hostname: 'id.example.com' })).rejects.toThrow(code('ERR_ISSUER_ADDRESS'));
  });

  it.each(['', 'api', '/api', 'https://mesh.local/#a'])('takes no resource %j', async (wrong) => {
    await expect(start({ resource: wrong })).rejects.toThrow(code('ERR_ISSUER_RESOURCE'));
  });

  it.each([9, 3601, 60.5, Number.NaN])('takes no validity of %p', async (accessTokenTtlSeconds) => {
    await expect(start({ accessTokenTtlSeconds })).rejects.toThrow(code('ERR_ISSUER_TTL'));
  });

  it('says where its port is taken', async () => {
    const { port } = await start();
    await expect(start({ port })).rejects.toThrow(code('ERR_ISSUER_LISTEN'));
  });

  it('says once that it is for development', async () => {
    const log = new Lines();
    await start({ log });
    expect(log.lines.filter((text) => text.includes('for development alone'))).toHaveLength(1);
  });

  it('closes twice, and then does nothing more', async () => {
    const issuer = await start();
    await Promise.all([issuer.close(), issuer.close()]);
    await expect(fetch(issuer.jwksUri)).rejects.toThrow();
    expect(() => issuer.rotateKeys()).toThrow(code('ERR_ISSUER_CLOSED'));
    expect(() => issuer.retireKeys()).toThrow(code('ERR_ISSUER_CLOSED'));
  });
});

describe('discovery', () => {
  it('announces the code flow with PKCE, and no other', async () => {
    const issuer = await start();
    const response = await fetch(`${issuer.url}/.well-known/openid-configuration`);
    expect(await response.json()).toMatchObject({
      issuer: issuer.url,
      jwks_uri: issuer.jwksUri,
      authorization_endpoint: `${issuer.url}/auth`,
      token_endpoint: `${issuer.url}/token`,
      grant_types_supported: ['authorization_code', 'refresh_token'],
      response_types_supported: ['code'],
      code_challenge_methods_supported: ['S256'],
      token_endpoint_auth_methods_supported: ['none'],
      id_token_signing_alg_values_supported: ['ES256'],
      authorization_response_iss_parameter_supported: true,
    });
  });

  it('has no registration, userinfo, device flow or introspection', async () => {
    const issuer = await start();
    const metadata: unknown = await (
      await fetch(`${issuer.url}/.well-known/openid-configuration`)
    ).json();
    for (const endpoint of ['registration', 'userinfo', 'device_authorization', 'introspection']) {
      expect(metadata).not.toHaveProperty(`${endpoint}_endpoint`);
    }
    for (const path of ['/reg', '/me', '/device/auth', '/token/introspection', '/request']) {
      expect((await fetch(issuer.url + path, { method: 'POST' })).status).toBe(404);
    }
  });
});

describe('the Host check', () => {
  async function statusFor(issuer: EmbeddedIssuer, host: string, path = '/jwks'): Promise<number> {
    const request = httpRequest({ port: issuer.port, host: '127.0.0.1', path, headers: { host } });
    const [response] = (await once(request.end(), 'response')) as [IncomingMessage];
    response.resume();
    return response.statusCode!;
  }

  it('serves its own name', async () => {
    const issuer = await start({ hostname: 'mesh.localhost' });
    expect(await statusFor(issuer, `mesh.localhost:${issuer.port}`)).toBe(200);
    expect(await statusFor(issuer, `Mesh.Localhost:${issuer.port}`)).toBe(200);
  });

  it.each([
    'evil.example',
    'mesh.localhost',
    'mesh.localhost:1',
    'mesh.localhost.evil.example',
    '127.0.0.1',
  ])('refuses %s', async (host) => {
    const issuer = await start({ hostname: 'mesh.localhost' });
    expect(await statusFor(issuer, host)).toBe(421);
    expect(await statusFor(issuer, host, '/interaction/abc')).toBe(421);
  });

  it('refuses a target with a host of its own', async () => {
    const issuer = await start();
    const host = `127.0.0.1:${issuer.port}`;
    expect(await statusFor(issuer, host, `http://evil.example/jwks`)).toBe(421);
    expect(await statusFor(issuer, host, `//evil.example/jwks`)).toBe(421);
  });

  it('does not read X-Forwarded-Host', async () => {
    const issuer = await start();
    const browser = new Browser(issuer);
    const response = await browser.fetch('/.well-known/openid-configuration', undefined, {
      'x-forwarded-host': 'evil.example',
      'x-forwarded-proto': 'https',
    });
    expect(response.html).not.toContain('evil.example');
  });
});

describe('the authorization request', () => {
  it('leads to the login page', async () => {
    const response = await new Browser(await start()).authorize();
    expect(response.headers.get('location')).toMatch(/^\/interaction\/[\w-]+$/);
  });

  it.each<[string, Params, string]>([
    ['no PKCE', { code_challenge: undefined, code_challenge_method: undefined }, 'invalid_request'],
    [
      'PKCE without a hash',
      { code_challenge: verifier, code_challenge_method: 'plain' },
      'invalid_request',
    ],
    ['another resource', { resource: 'https://other.example/' }, 'invalid_target'],
    ['an unknown scope', { scope: 'research:fast research:all' }, 'invalid_scope'],
    ['a scope of the prototype', { scope: 'constructor' }, 'invalid_scope'],
    [
      'no page where one is needed',
      { prompt: 'none', scope: 'openid research:fast' },
      'login_required',
    ],
  ])('is refused with %s', async (_, changes, error) => {
    const response = await new Browser(await start()).authorize(changes);
    expect(refusal(response)).toBe(error);
  });

  it.each(['id_token', 'token', 'code id_token', 'none'])(
    'is refused with the response type %s, whatever the mode',
    async (type) => {
      const changes = { response_type: type, scope: 'openid', nonce: 'n' };
      const browser = new Browser(await start());
      for (const mode of [undefined, 'query', 'fragment']) {
        const response = await browser.authorize({ ...changes, response_mode: mode });
        const location = response.headers.get('location')!;
        expect(location).toMatch(/[?#&]error=(invalid_request|unsupported_response_type)&/);
        expect(location).not.toMatch(/[?#&](code|token|id_token|access_token)=/);
      }
    },
  );

  it('is refused with the response mode form_post, on a page whose script does not run', async () => {
    const response = await new Browser(await start()).authorize({ response_mode: 'form_post' });
    expect(response.html).toContain('name="error" value="invalid_request"');
    const policy = response.headers.get('content-security-policy');
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toContain('script-src');
  });

  it.each([
    'http://127.0.0.1:5555/other',
    'http://127.0.0.1.evil.example/callback',
    'http://127.0.0.1:5555@evil.example/callback',
    'http://evil.example/callback',
    'https://127.0.0.1/callback',
    'http://127.0.0.1:5555/callback?next=1',
    'http://mesh.localhost:5555/callback',
    'http://127.0.0.1:5555/docs/oauth2-redirect.html',
  ])('never leads to %s', async (redirectUri) => {
    const response = await new Browser(await start()).authorize({ redirect_uri: redirectUri });
    expect(response.status).toBe(400);
    expect(response.headers.get('location')).toBeNull();
    expect(response.html).toContain('<code>invalid_redirect_uri</code>');
  });

  it.each([
    'http://127.0.0.1:4000',
    'http://localhost:1',
    'http://mesh.localhost:4000',
    'http://mesh.localhost',
    'https://127.0.0.1:4000',
    'https://localhost:1',
    'https://mesh.localhost:4000',
  ])('leads Swagger UI back to %s', async (origin) => {
    const browser = new Browser(await start());
    const redirect = `${origin}/docs/oauth2-redirect.html`;
    const changes = { client_id: 'mesh-swagger', redirect_uri: redirect };
    const answer = await browser.signIn('analyst', changes);
    const { status } = await browser.token({ ...changes, code: answer.get('code')! });
    expect(status).toBe(200);
  });

  it.each([
    'http://mesh.localhost.evil.example/docs/oauth2-redirect.html',
    'http://mesh.localhost:4000/x',
    'https://mesh.localhost.evil.example/docs/oauth2-redirect.html',
    'https://localhost@evil.example/docs/oauth2-redirect.html',
    'https://evil.example/docs/oauth2-redirect.html',
  ])('does not lead Swagger UI to %s', async (redirectUri) => {
    const response = await new Browser(await start()).authorize({
      client_id: 'mesh-swagger',
      redirect_uri: redirectUri,
    });
    expect(response.html).toContain('<code>invalid_redirect_uri</code>');
  });

  it('is refused for an unknown client', async () => {
    const response = await new Browser(await start()).authorize({ client_id: 'other' });
    expect(response.html).toContain('<code>invalid_client</code>');
  });
});

describe('the login page', () => {
  it('takes the right password, and answers with state and issuer', async () => {
    const issuer = await start();
    const answer = await new Browser(issuer).signIn('reader');
    expect(answer.get('state')).toBe('s');
    expect(answer.get('iss')).toBe(issuer.url);
    expect(answer.get('code')).toBeTruthy();
  });

  it('refuses a wrong password and an unknown account alike, and logs neither', async () => {
    const log = new Lines();
    const browser = new Browser(await start({ log }));
    const page = await browser.open(await browser.authorize());
    const wrong = await browser.login(page, 'reader', 'wrong-password');
    const unknown = await browser.login(page, 'typed-secret', passwords.of('reader'));
    for (const response of [wrong, unknown]) expect(response.status).toBe(403);
    expect(wrong.html).toBe(unknown.html);
    expect((await browser.login(page, 'reader', passwords.of('reader'))).status).toBe(303);
    const lines = log.lines.join('\n');
    expect(lines).toContain('wrong password {"name":"reader"}');
    for (const secret of ['wrong-password', 'typed-secret', passwords.of('reader')]) {
      expect(lines).not.toContain(secret);
    }
  });

  it('makes who guesses wait, also with the right password, and not others', async () => {
    const clock = new FakeClock();
    const browser = new Browser(await start({ clock }));
    const page = await browser.open(await browser.authorize());
    for (let i = 0; i < 5; i++) await browser.login(page, 'reader', `guess-${i}`);
    const stopped = await browser.login(page, 'reader', passwords.of('reader'));
    expect(stopped.status).toBe(429);
    expect(stopped.headers.get('retry-after')).toBe('60');
    clock.advance(60_000);
    expect((await browser.login(page, 'reader', passwords.of('reader'))).status).toBe(303);
  });

  it('is cancelled with access_denied', async () => {
    const browser = new Browser(await start());
    const page = await browser.open(await browser.authorize());
    const resume = await browser.fetch(page, { prompt: 'login', answer: 'no' });
    expect(refusal(await browser.fetch(resume.headers.get('location')!))).toBe('access_denied');
  });

  it('runs no script, is framed by nobody, and sends its form to issuer and client alone', async () => {
    const browser = new Browser(await start());
    const { headers } = await browser.fetch((await browser.authorize()).headers.get('location')!);
    expect(headers.get('content-security-policy')).toBe(
      "default-src 'none'; style-src 'self'; form-action 'self' http://127.0.0.1:5555; frame-ancestors 'none'; base-uri 'none'",
    );
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('cache-control')).toBe('no-store');
    const style = await browser.fetch('/style.css');
    expect(style.headers.get('content-type')).toContain('text/css');
  });

  it('sets cookies that scripts cannot read and other sites do not send', async () => {
    const response = await new Browser(await start()).authorize();
    const cookies = response.headers.getSetCookie();
    expect(cookies.length).toBeGreaterThan(0);
    for (const cookie of cookies) expect(cookie).toMatch(/samesite=lax.*httponly/i);
  });

  it.each([
    ['without its cookie', {}, true],
    ['from another origin', { origin: 'http://127.0.0.1:1' }, false],
    ['from an origin that is hidden', { origin: 'null' }, false],
    ['from another port by Fetch Metadata', { 'sec-fetch-site': 'same-site' }, false],
  ] as [string, Record<string, string>, boolean][])(
    'refuses a form %s',
    async (_, headers, withoutCookies) => {
      const browser = new Browser(await start());
      const page = await browser.open(await browser.authorize());
      if (withoutCookies) browser.cookies.clear();
      const password = passwords.of('reader');
      const form = { prompt: 'login', answer: 'yes', account: 'reader', password };
      const response = await browser.fetch(page, form, headers);
      expect(response.status).toBe(withoutCookies ? 400 : 403);
      expect(response.html).toContain('<code>invalid_request</code>');
    },
  );

  it('takes a form of its own origin', async () => {
    const issuer = await start();
    const browser = new Browser(issuer);
    const page = await browser.open(await browser.authorize());
    const password = passwords.of('reader');
    const form = { prompt: 'login', answer: 'yes', account: 'reader', password };
    const headers = { origin: issuer.url, 'sec-fetch-site': 'same-origin' };
    expect((await browser.fetch(page, form, headers)).status).toBe(303);
  });

  it("refuses a cookie of one sign-in on another's page", async () => {
    const issuer = await start();
    const [attacker, victim] = [new Browser(issuer), new Browser(issuer)];
    const page = await attacker.open(await attacker.authorize());
    await victim.open(await victim.authorize());
    expect((await victim.login(page, 'reader', passwords.of('reader'))).status).toBe(400);
  });

  it('refuses a form that is too large, or none', async () => {
    const browser = new Browser(await start());
    const page = await browser.open(await browser.authorize());
    expect((await browser.login(page, 'reader', 'x'.repeat(5000))).status).toBe(400);
    const again = await browser.open(await browser.authorize());
    const cookie = [...browser.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const response = await fetch(new URL(again, browser.issuer.url), {
      method: 'POST',
      headers: { cookie, 'content-type': 'application/json' },
      body: '{}',
    });
    expect(response.status).toBe(400);
  });

  it('knows GET and POST alone', async () => {
    const browser = new Browser(await start());
    const page = await browser.open(await browser.authorize());
    const cookie = [...browser.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const url = new URL(page, browser.issuer.url);
    expect((await fetch(url, { method: 'PUT', headers: { cookie } })).status).toBe(405);
  });
});

describe('the page that asks', () => {
  it('is never skipped for a public client, also where the person is signed in and has said yes', async () => {
    const browser = new Browser(await start());
    await browser.signIn('analyst');
    const again = await browser.authorize();
    const page = await browser.fetch(again.headers.get('location')!);
    expect(page.html).toContain('name="prompt" value="consent"');
    const silent = await browser.authorize({ prompt: 'none' });
    expect(refusal(silent)).toBe('interaction_required');
  });

  it('is not passed by answering the page before it', async () => {
    const browser = new Browser(await start());
    const page = await browser.open(await browser.authorize());
    const response = await browser.fetch(page, { prompt: 'consent', answer: 'yes' });
    expect(response.html).toContain('name="prompt" value="login"');
  });

  it('is cancelled with access_denied', async () => {
    const browser = new Browser(await start());
    await browser.signIn('analyst');
    const page = await browser.open(await browser.authorize());
    const resume = await browser.fetch(page, { prompt: 'consent', answer: 'no' });
    expect(refusal(await browser.fetch(resume.headers.get('location')!))).toBe('access_denied');
  });

  it('names what is withheld, and leads to another account', async () => {
    const browser = new Browser(await start());
    await browser.signIn('reader');
    const asked = await browser.authorize({ scope: 'research:fast research:deep' });
    const { html } = await browser.fetch(asked.headers.get('location')!);
    expect(html).toMatch(/not granted:<\/p>\s*<ul>\s*<li>Deep research/);
    const link = /href="(\/auth[^"]+)"/.exec(html)![1]!;
    const other = await browser.fetch(
      link.replace(/&#(\d+);/g, (_, point: string) => String.fromCharCode(Number(point))),
    );
    const page = await browser.fetch(other.headers.get('location')!);
    expect(page.html).toContain('name="prompt" value="login"');
    const resume = await browser.login(
      other.headers.get('location')!,
      'admin',
      passwords.of('admin'),
    );
    const next = await browser.fetch(resume.headers.get('location')!);
    const consent = await browser.fetch(next.headers.get('location')!);
    expect(consent.html).toContain('<strong>admin</strong>');
    expect((await browser.signIn('admin')).get('code')).toBeTruthy();
  });
});

describe('the tokens', () => {
  it('are JWTs by RFC 9068 for the one API', async () => {
    const issuer = await start();
    const browser = new Browser(issuer);
    const before = Math.floor(Date.now() / 1000);
    const answer = await browser.signIn('analyst', {
      scope: 'research:deep draft:write',
      resource: undefined,
    });
    const { body } = await browser.token({ code: answer.get('code')! });
    const { payload, protectedHeader } = await jwtVerify(
      body.access_token!,
      createRemoteJWKSet(new URL(issuer.jwksUri)),
      { issuer: issuer.url, audience: resource, typ: 'at+jwt', algorithms: ['ES256'] },
    );
    expect(payload).toEqual({
      iss: issuer.url,
      aud: resource,
      sub: 'analyst',
      client_id: 'mesh-cli',
      scope: 'research:deep draft:write',
      roles: ['analyst'],
      acr: 'urn:mesh:acr:password',
      amr: ['pwd'],
      auth_time: expect.any(Number),
      iat: expect.any(Number),
      exp: payload.iat! + 600,
      jti: expect.any(String),
    });
    expect(payload.auth_time).toBeGreaterThanOrEqual(before);
    expect(protectedHeader).toEqual({ alg: 'ES256', typ: 'at+jwt', kid: expect.any(String) });
    expect(body.refresh_token).toBeUndefined();
  });

  it.each([
    ['analyst', 'research:fast research:deep draft:write'],
    ['reader', 'research:fast draft:write'],
    ['admin', 'research:fast research:deep draft:write audit:read'],
  ])('hold for %s at most %s', async (account, scope) => {
    const browser = new Browser(await start());
    const all = 'research:fast research:deep draft:write audit:read';
    const answer = await browser.signIn(account, { scope: all });
    const { body } = await browser.token({ code: answer.get('code')! });
    expect(body.scope).toBe(scope);
    expect(decodeJwt(body.access_token!)).toMatchObject({ scope, roles: [account] });
  });

  it.each([
    ['analyst', 'research:fast translator:run'],
    ['reader', 'research:fast'],
    ['admin', 'research:fast audit:read'],
  ])(
    'hold for %s what an agent of the mesh adds for that role, and it alone',
    async (account, scope) => {
      // The samples' own scopes are nobody's to give away.
      const scopes = { 'translator:run': ['analyst'], 'audit:read': ['analyst', 'reader'] };
      const browser = new Browser(await start({ scopes }));
      const all = 'research:fast translator:run audit:read';
      const answer = await browser.signIn(account, { scope: all });
      const { body } = await browser.token({ code: answer.get('code')! });
      expect(decodeJwt(body.access_token!)).toMatchObject({ scope, roles: [account] });
    },
  );

  it('hold no more than was asked for', async () => {
    const browser = new Browser(await start());
    const answer = await browser.signIn('admin', { scope: 'research:fast' });
    const { body } = await browser.token({ code: answer.get('code')! });
    expect(decodeJwt(body.access_token!).scope).toBe('research:fast');
  });

  it('are refused to a reader who asks for deep research alone', async () => {
    const answer = await new Browser(await start()).signIn('reader', { scope: 'research:deep' });
    expect(answer.get('error')).toBe('access_denied');
    expect(answer.get('code')).toBeNull();
  });

  it('come with an ID token for the client where openid was asked for', async () => {
    const issuer = await start();
    const browser = new Browser(issuer);
    const answer = await browser.signIn('admin', { scope: 'openid audit:read', nonce: 'n' });
    const { body } = await browser.token({ code: answer.get('code')! });
    const { payload } = await jwtVerify(
      body.id_token!,
      createRemoteJWKSet(new URL(issuer.jwksUri)),
      { issuer: issuer.url, audience: 'mesh-cli' },
    );
    expect(payload).toMatchObject({ sub: 'admin', roles: ['admin'], nonce: 'n' });
    expect(decodeProtectedHeader(body.id_token!).typ).not.toBe('at+jwt');
    expect(decodeJwt(body.access_token!).aud).toBe(resource);
  });

  it('live as long as is configured', async () => {
    const browser = new Browser(await start({ accessTokenTtlSeconds: 60 }));
    const answer = await browser.signIn('reader');
    const { body } = await browser.token({ code: answer.get('code')! });
    const { iat, exp } = decodeJwt(body.access_token!);
    expect(exp! - iat!).toBe(60);
  });
});

describe('the token endpoint', () => {
  it.each<[string, Params, string]>([
    ['a wrong verifier', { code_verifier: randomBytes(32).toString('base64url') }, 'invalid_grant'],
    ['no verifier', { code_verifier: undefined }, 'invalid_grant'],
    ['another redirect', { redirect_uri: 'http://127.0.0.1:6666/callback' }, 'invalid_grant'],
    ['another client', { client_id: 'mesh-swagger' }, 'invalid_grant'],
    ['an unknown client', { client_id: 'other' }, 'invalid_client'],
    ['a wrong code', { code: 'x' }, 'invalid_grant'],
    ['another resource', { resource: 'https://other.example/' }, 'invalid_target'],
  ])('refuses %s', async (_, changes, error) => {
    const browser = new Browser(await start());
    const answer = await browser.signIn('reader');
    const { status, body } = await browser.token({ code: answer.get('code')!, ...changes });
    expect(status).toBeGreaterThanOrEqual(400);
    expect(body.error).toBe(error);
    expect(body.access_token).toBeUndefined();
  });

  it.each([
    'password',
    'client_credentials',
    'implicit',
    'urn:ietf:params:oauth:grant-type:device_code',
  ])('knows no grant %s', async (grant) => {
    const browser = new Browser(await start());
    const { body } = await browser.token({
      grant_type: grant,
      username: 'reader',
      password: passwords.of('reader'),
    });
    expect(body.error).toBe('unsupported_grant_type');
  });

  it('takes a code once, and revokes what came of it at the second time', async () => {
    const browser = new Browser(await start());
    const answer = await browser.signIn('reader', offline);
    const redeem = () => browser.token({ code: answer.get('code')! });
    const { body } = await redeem();
    expect((await redeem()).body.error).toBe('invalid_grant');
    const refreshed = await browser.token({
      grant_type: 'refresh_token',
      refresh_token: body.refresh_token!,
    });
    expect(refreshed.body.error).toBe('invalid_grant');
  });

  it('lets Swagger UI redeem its code from its own origin, and no page else', async () => {
    const redirect = 'http://mesh.localhost:4000/docs/oauth2-redirect.html';
    const swagger = { client_id: 'mesh-swagger', redirect_uri: redirect };
    const browser = new Browser(await start());
    const redeem = async (origin: string) => {
      const answer = await browser.signIn('reader', swagger);
      const code = answer.get('code')!;
      const form = { ...swagger, grant_type: 'authorization_code', code, code_verifier: verifier };
      return browser.fetch('/token', form, { origin });
    };
    const own = await redeem('http://mesh.localhost:4000');
    expect([own.status, own.headers.get('access-control-allow-origin')]).toEqual([
      200,
      'http://mesh.localhost:4000',
    ]);
    expect((await redeem('https://mesh.localhost:4000')).status).toBe(200);
    for (const origin of [
      'http://evil.example',
      'https://evil.example',
      'null',
      'http://mesh.localhost.evil.example',
    ]) {
      const other = await redeem(origin);
      expect(other.status).toBe(400);
      expect(JSON.parse(other.html)).toMatchObject({ error: 'invalid_request' });
    }
  });
});

describe('refresh tokens', () => {
  async function signedIn(): Promise<{ browser: Browser; token: string }> {
    const browser = new Browser(await start());
    const answer = await browser.signIn('reader', offline);
    const { body } = await browser.token({ code: answer.get('code')! });
    return { browser, token: body.refresh_token! };
  }
  const refresh = (browser: Browser, token: string, changes: Params = {}) =>
    browser.token({ grant_type: 'refresh_token', refresh_token: token, ...changes });

  it('are exchanged for another and a token of the same person', async () => {
    const { browser, token } = await signedIn();
    const { body } = await refresh(browser, token);
    expect(body.refresh_token).not.toBe(token);
    expect(decodeJwt(body.access_token!)).toMatchObject({
      sub: 'reader',
      aud: resource,
      scope: 'research:fast',
      acr: 'urn:mesh:acr:password',
      amr: ['pwd'],
      auth_time: expect.any(Number),
    });
  });

  it('end with all of their family when one is used twice', async () => {
    const { browser, token } = await signedIn();
    const { body } = await refresh(browser, token);
    expect((await refresh(browser, token)).body.error).toBe('invalid_grant');
    expect((await refresh(browser, body.refresh_token!)).body.error).toBe('invalid_grant');
  });

  it('are exchanged once, also by two at a time', async () => {
    const { browser, token } = await signedIn();
    const both = await Promise.all([refresh(browser, token), refresh(browser, token)]);
    expect(both.filter(({ status }) => status === 200).length).toBeLessThanOrEqual(1);
  });

  it.each<[string, Params, string]>([
    ['more scope', { scope: 'openid research:fast draft:write' }, 'invalid_scope'],
    ['what the account may not', { scope: 'research:deep' }, 'invalid_scope'],
    ['another client', { client_id: 'mesh-swagger' }, 'invalid_request'],
  ])('do not give %s', async (_, changes, error) => {
    const { browser, token } = await signedIn();
    expect((await refresh(browser, token, changes)).body.error).toBe(error);
  });
});

describe('key rotation', () => {
  const verify = async (issuer: EmbeddedIssuer, token: string) =>
    // A new set each time: what was read before does not count.
    jwtVerify(token, createRemoteJWKSet(new URL(issuer.jwksUri)), { issuer: issuer.url });
  const accessToken = async (issuer: EmbeddedIssuer) =>
    (
      await signInAs(issuer.url, 'reader', passwords.of('reader'), {
        scope: 'research:fast',
        resource,
      })
    ).accessToken;

  it('goes on: tokens of the old key stay good, new ones are of the new key', async () => {
    const issuer = await start();
    const old = await accessToken(issuer);
    const kid = issuer.rotateKeys();
    const fresh = await accessToken(issuer);
    expect(decodeProtectedHeader(fresh).kid).toBe(kid);
    expect(decodeProtectedHeader(old).kid).not.toBe(kid);
    await verify(issuer, old);
    await verify(issuer, fresh);
  });

  it('refuses tokens of a retired key, and takes those of the new one', async () => {
    const issuer = await start();
    const old = await accessToken(issuer);
    issuer.rotateKeys();
    const fresh = await accessToken(issuer);
    issuer.retireKeys();
    await expect(verify(issuer, old)).rejects.toThrow(code('ERR_JWKS_NO_MATCHING_KEY'));
    await verify(issuer, fresh);
  });

  it('refuses to retire the only key', async () => {
    const issuer = await start();
    expect(() => issuer.retireKeys()).toThrow(code('ERR_ISSUER_KEY_STATE'));
  });

  it('keeps sessions, sign-ins under way, and refresh tokens', async () => {
    const issuer = await start();
    const browser = new Browser(issuer);
    const page = await browser.open(await browser.authorize());
    issuer.rotateKeys();
    expect((await browser.login(page, 'reader', passwords.of('reader'))).status).toBe(303);
    const answer = await browser.signIn('reader', offline);
    const { body } = await browser.token({ code: answer.get('code')! });
    issuer.rotateKeys();
    const refreshed = await browser.token({
      grant_type: 'refresh_token',
      refresh_token: body.refresh_token!,
    });
    expect(refreshed.status).toBe(200);
  });
});
