import { afterEach, describe, expect, it } from '@jest/globals';
import { mintCa } from '@test/kit';
import { createRemoteJWKSet, decodeJwt, jwtVerify } from 'jose';
import { Browser, CALLBACK, passwords, resource, type Params } from '../test/browser.js';
import { IssuerWithGateway, SESSION_CLIENT } from '../test/gateway.js';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
});

async function start(
  options?: Parameters<typeof IssuerWithGateway.start>[1],
): Promise<IssuerWithGateway> {
  const mesh = await IssuerWithGateway.start(await mintCa({ trustDomain: 'mesh.local' }), options);
  cleanups.push(() => mesh.close());
  return mesh;
}

/** A code that the gateway could redeem. */
async function codeFor(mesh: IssuerWithGateway, changes: Params = {}): Promise<string> {
  const browser = new Browser(mesh.issuer);
  return (await browser.signIn('analyst', mesh.request(changes))).get('code')!;
}

describe('what is announced', () => {
  it('is the same on both listeners, with the endpoints for mTLS', async () => {
    const mesh = await start();
    const { url, agentsUrl } = mesh.issuer;
    const path = '/.well-known/openid-configuration';
    const forBrowsers = (await (await fetch(url + path)).json()) as object;
    expect(forBrowsers).toMatchObject({
      issuer: url,
      jwks_uri: `${url}/jwks`,
      authorization_endpoint: `${url}/auth`,
      token_endpoint: `${url}/token`,
      end_session_endpoint: `${url}/session/end`,
      token_endpoint_auth_methods_supported: ['none', 'tls_client_auth'],
      mtls_endpoint_aliases: {
        token_endpoint: `${agentsUrl}/token`,
        revocation_endpoint: `${agentsUrl}/token/revocation`,
      },
      backchannel_logout_supported: true,
      backchannel_logout_session_supported: true,
      authorization_response_iss_parameter_supported: true,
    });
    expect(forBrowsers).not.toHaveProperty('tls_client_certificate_bound_access_tokens');
    expect((await mesh.get(path, 'tts')).body).toEqual(forBrowsers);
  });
});

describe('the tokens of the session', () => {
  it('come on the listener for agents, without a page that asks, and are bound to no certificate', async () => {
    const mesh = await start();
    const browser = new Browser(mesh.issuer);
    const login = await browser.authorize(mesh.request());
    const resume = await browser.login(
      await browser.open(login),
      'analyst',
      passwords.of('analyst'),
    );
    const answer = await browser.fetch(resume.headers.get('location')!);
    const { origin, searchParams } = new URL(answer.headers.get('location')!);
    expect(origin).toBe(mesh.origin);
    expect(searchParams.get('iss')).toBe(mesh.issuer.url);
    const { status, body } = await mesh.token({ code: searchParams.get('code')! });
    expect(status).toBe(200);

    const keys = createRemoteJWKSet(new URL(mesh.issuer.jwksUri));
    const { payload: access } = await jwtVerify(body.access_token!, keys, { audience: resource });
    const { payload: id } = await jwtVerify(body.id_token!, keys, { audience: SESSION_CLIENT });
    const signIn = {
      sub: 'analyst',
      roles: ['analyst'],
      acr: 'urn:mesh:acr:password',
      amr: ['pwd'],
      auth_time: expect.any(Number),
      sid: expect.any(String),
    };
    expect(access).toMatchObject({
      ...signIn,
      client_id: SESSION_CLIENT,
      scope: 'research:fast research:deep draft:write',
    });
    expect(access).not.toHaveProperty('cnf');
    expect(id).toMatchObject({ ...signIn, nonce: 'n' });
    expect(id.sid).toBe(access.sid);
  });

  it('hold what the account may, and no more', async () => {
    const mesh = await start();
    const { access_token } = await mesh.signIn(new Browser(mesh.issuer), 'reader');
    expect(decodeJwt(access_token!).scope).toBe('research:fast draft:write');
  });

  it('come again for who is signed in, and ask again by prompt=login and max_age', async () => {
    const mesh = await start();
    const browser = new Browser(mesh.issuer);
    const first = await mesh.signIn(browser, 'analyst');
    const again = await browser.authorize(mesh.request());
    expect(again.headers.get('location')).toContain('/sign-in/callback?code=');
    for (const changes of [{ prompt: 'login' }, { max_age: '0' }]) {
      const asked = await browser.authorize(mesh.request(changes));
      const page = await browser.fetch(asked.headers.get('location')!);
      expect(page.html).toContain('name="prompt" value="login"');
      const { id_token } = await mesh.signIn(browser, 'analyst', changes);
      expect(decodeJwt(id_token!).auth_time).toBeGreaterThanOrEqual(
        decodeJwt(first.id_token!).auth_time as number,
      );
    }
    expect((await mesh.refresh(first.refresh_token!)).status).toBe(200);
  });
});

describe("the client's authentication", () => {
  it.each([['the SVID of another agent', 'tts']] as const)('refuses %s', async (_, who) => {
    const mesh = await start();
    const code = await codeFor(mesh);
    const refused = await mesh.token({ code }, who);
    expect(refused).toEqual({ status: 401, body: { error: 'invalid_client' } });
    expect((await mesh.token({ code })).status).toBe(200);
  });

  it.each<[string, Record<string, string>]>([
    ['no header', {}],
    [
      'X-Forwarded-Client-Cert',
      { 'x-forwarded-client-cert': 'URI=spiffe://mesh.local/ns/agents/sa/gateway' },
    ],
    ['X-SSL-Client-Cert', { 'x-ssl-client-cert': 'x', 'x-ssl-client-verify': 'SUCCESS' }],
    ['a password', { authorization: `Basic ${btoa(`${SESSION_CLIENT}:x`)}` }],
  ])('is not to be had on the listener for browsers, with %s', async (_, headers) => {
    const mesh = await start();
    const { status, body } = await mesh.tokenWithoutSvid({ code: await codeFor(mesh) }, headers);
    expect([status, body.error]).toEqual([401, 'invalid_client']);
    expect(body).not.toHaveProperty('access_token');
  });

  it('is of the socket, whatever a header says on the listener for agents', async () => {
    const mesh = await start();
    const form = { client_id: SESSION_CLIENT, grant_type: 'refresh_token', refresh_token: 'x' };
    const headers = { 'x-forwarded-client-cert': `URI=${mesh.svids.gateway.id.toString()}` };
    const { status, body } = await mesh.post('/token', form, 'tts', headers);
    expect([status, body.error]).toEqual([401, 'invalid_client']);
  });

  it('has no public client beside it on the listener for agents', async () => {
    const mesh = await start();
    const answer = await new Browser(mesh.issuer).signIn('analyst');
    const cli = { client_id: 'mesh-cli', redirect_uri: CALLBACK, code: answer.get('code')! };
    const { status, body } = await mesh.token(cli);
    expect([status, body.error]).toEqual([401, 'invalid_client']);
  });

  it("does not redeem another client's code, nor another client the gateway's", async () => {
    const mesh = await start();
    const answer = await new Browser(mesh.issuer).signIn('analyst');
    const others = { redirect_uri: CALLBACK, code: answer.get('code')! };
    expect((await mesh.token(others)).body.error).toBe('invalid_grant');
    const own = { client_id: 'mesh-cli', code: await codeFor(mesh) };
    expect((await mesh.tokenWithoutSvid(own)).body.error).toBe('invalid_grant');
  });
});

describe('the authorization request of the session', () => {
  it.each<[string, (origin: string) => string]>([
    ['another path', (origin) => `${origin}/callback`],
    ['a path below', (origin) => `${origin}/sign-in/callback/x`],
    ['a query', (origin) => `${origin}/sign-in/callback?to=/`],
    ['a fragment', (origin) => `${origin}/sign-in/callback#x`],
    ['dots', (origin) => `${origin}/sign-in/./callback`],
    ['another case', (origin) => `${origin}/sign-in/Callback`],
    ['another port', () => 'http://127.0.0.1:1/sign-in/callback'],
    [
      'another name of this machine',
      (origin) => `${origin.replace('127.0.0.1', 'localhost')}/sign-in/callback`,
    ],
    ['another scheme', (origin) => `${origin.replace('http:', 'https:')}/sign-in/callback`],
    ['a user', (origin) => `${origin.replace('//', '//a@')}/sign-in/callback`],
    ['another host', (origin) => `${origin}@evil.example/sign-in/callback`],
    ['the page after signing out', (origin) => `${origin}/signed-out`],
    ["the command line's", () => CALLBACK],
  ])('never leads to %s', async (_, to) => {
    const mesh = await start();
    const refused = await new Browser(mesh.issuer).authorize(
      mesh.request({ redirect_uri: to(mesh.origin) }),
    );
    expect(refused.status).toBe(400);
    expect(refused.headers.get('location')).toBeNull();
    expect(refused.html).toContain('<code>invalid_redirect_uri</code>');
  });

  it('leads to each of the origins that the gateway has now', async () => {
    let origins: readonly string[] = [];
    const mesh = await start({ gatewayOrigins: () => origins });
    const browser = new Browser(mesh.issuer);
    const early = await browser.authorize(mesh.request());
    expect(early.html).toContain('<code>invalid_client</code>');
    origins = [mesh.origin, 'http://mesh.localhost:4000'];
    for (const origin of origins) {
      const redirect_uri = `${origin}/sign-in/callback`;
      const answer = await browser.signIn('analyst', mesh.request({ redirect_uri }));
      expect(answer.get('code')).toBeTruthy();
    }
    origins = ['http://mesh.localhost:4000'];
    const gone = await browser.authorize(mesh.request());
    expect(gone.html).toContain('<code>invalid_redirect_uri</code>');
  });

  it.each<[string, Params, string]>([
    ['no PKCE', { code_challenge: undefined, code_challenge_method: undefined }, 'invalid_request'],
    ['PKCE without a hash', { code_challenge_method: 'plain' }, 'invalid_request'],
    ['an unknown scope', { scope: 'openid research:all' }, 'invalid_scope'],
    ['another resource', { resource: 'https://other.example/' }, 'invalid_target'],
    ['no page where one is needed', { prompt: 'none' }, 'login_required'],
  ])('is refused with %s', async (_, changes, error) => {
    const mesh = await start();
    const { headers } = await new Browser(mesh.issuer).authorize(mesh.request(changes));
    const { searchParams } = new URL(headers.get('location')!);
    expect(searchParams.get('error')).toBe(error);
    expect(searchParams.get('iss')).toBe(mesh.issuer.url);
  });

  it('is answered without a page by prompt=none for who is signed in', async () => {
    const mesh = await start();
    const browser = new Browser(mesh.issuer);
    await mesh.signIn(browser, 'analyst');
    const { headers } = await browser.authorize(mesh.request({ prompt: 'none' }));
    expect(headers.get('location')).toContain('/sign-in/callback?code=');
  });

  it.each([
    ['mesh-cli', CALLBACK],
    ['mesh-swagger', 'http://127.0.0.1:4000/docs/oauth2-redirect.html'],
  ])(
    'is the only one that nobody is asked about: %s still asks',
    async (client_id, redirect_uri) => {
      const mesh = await start();
      const browser = new Browser(mesh.issuer);
      await mesh.signIn(browser, 'analyst');
      const asked = await browser.authorize({ client_id, redirect_uri });
      const page = await browser.fetch(asked.headers.get('location')!);
      expect(page.html).toContain('name="prompt" value="consent"');
    },
  );
});

describe('the code', () => {
  it('is redeemed once, and a second time ends what came of it', async () => {
    const mesh = await start();
    const code = await codeFor(mesh);
    const { body } = await mesh.token({ code });
    expect((await mesh.token({ code })).body.error).toBe('invalid_grant');
    expect((await mesh.refresh(body.refresh_token!)).body.error).toBe('invalid_grant');
  });

  it.each<[string, Params]>([
    ['a wrong verifier', { code_verifier: 'x'.repeat(43) }],
    ['no verifier', { code_verifier: undefined }],
    ['another redirect', { redirect_uri: 'http://127.0.0.1:1/sign-in/callback' }],
  ])('is not redeemed with %s', async (_, changes) => {
    const mesh = await start();
    const { status, body } = await mesh.token({ code: await codeFor(mesh), ...changes });
    expect([status, body.error]).toEqual([400, 'invalid_grant']);
  });
});

describe("the session's refresh tokens", () => {
  it('rotate, and the tokens go on saying how and when the person signed in', async () => {
    const mesh = await start();
    const first = await mesh.signIn(new Browser(mesh.issuer), 'analyst');
    const { status, body } = await mesh.refresh(first.refresh_token!);
    expect(status).toBe(200);
    expect(body.refresh_token).not.toBe(first.refresh_token);
    for (const token of ['access_token', 'id_token'] as const) {
      const { sub, roles, acr, amr, auth_time, sid } = decodeJwt(first[token]!);
      expect(auth_time).toEqual(expect.any(Number));
      expect(sid).toEqual(expect.any(String));
      expect(decodeJwt(body[token]!)).toMatchObject({ sub, roles, acr, amr, auth_time, sid });
    }
    expect(decodeJwt(body.access_token!).scope).toBe(decodeJwt(first.access_token!).scope);
  });

  it('end with all of their family when one is used twice', async () => {
    const mesh = await start();
    const first = await mesh.signIn(new Browser(mesh.issuer), 'analyst');
    const { body } = await mesh.refresh(first.refresh_token!);
    expect((await mesh.refresh(first.refresh_token!)).body.error).toBe('invalid_grant');
    expect((await mesh.refresh(body.refresh_token!)).body.error).toBe('invalid_grant');
  });

  it('end with the session at the issuer, also where they were asked for to outlive it', async () => {
    const mesh = await start();
    const browser = new Browser(mesh.issuer);
    const { refresh_token } = await mesh.signIn(browser, 'analyst', {
      scope: 'openid offline_access research:fast',
      prompt: 'consent',
    });
    await browser.fetch(mesh.issuer.welcome('analyst'), {}, { origin: mesh.issuer.url });
    expect((await mesh.refresh(refresh_token!)).body.error).toBe('invalid_grant');
  });

  it('are of use to nobody but the gateway', async () => {
    const mesh = await start();
    const { refresh_token } = await mesh.signIn(new Browser(mesh.issuer), 'analyst');
    const form = { grant_type: 'refresh_token', refresh_token };
    expect((await mesh.refresh(refresh_token!, 'tts')).body.error).toBe('invalid_client');
    expect((await mesh.tokenWithoutSvid(form)).body.error).toBe('invalid_client');
    expect((await mesh.tokenWithoutSvid({ ...form, client_id: 'mesh-cli' })).body.error).toBe(
      'invalid_grant',
    );
    expect((await mesh.refresh(refresh_token!)).status).toBe(200);
  });

  it('live on through a rotation of the SVID and of the keys', async () => {
    const mesh = await start();
    const { refresh_token } = await mesh.signIn(new Browser(mesh.issuer), 'analyst');
    await mesh.rotateSvid();
    mesh.issuer.rotateKeys();
    expect((await mesh.refresh(refresh_token!)).status).toBe(200);
  });

  it('are revoked by the gateway, and by no other agent', async () => {
    const mesh = await start();
    const { refresh_token } = await mesh.signIn(new Browser(mesh.issuer), 'analyst');
    const form = { client_id: SESSION_CLIENT, token: refresh_token };
    const path = '/token/revocation';
    expect((await mesh.post(path, form, 'tts')).body.error).toBe('invalid_client');
    const browser = new Browser(mesh.issuer);
    const refused = await browser.fetch(path, { client_id: SESSION_CLIENT, token: refresh_token! });
    expect(JSON.parse(refused.html)).toMatchObject({ error: 'invalid_client' });
    await browser.fetch(path, { client_id: 'mesh-cli', token: refresh_token! });
    expect((await mesh.refresh(refresh_token!)).status).toBe(200);
    const { refresh_token: last } = await mesh.signIn(browser, 'analyst');
    expect((await mesh.post(path, { ...form, token: last }, 'gateway')).status).toBe(200);
    expect((await mesh.refresh(last!)).body.error).toBe('invalid_grant');
  });
});
