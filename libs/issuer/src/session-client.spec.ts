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
