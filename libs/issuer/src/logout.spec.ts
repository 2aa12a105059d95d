import { afterEach, describe, expect, it } from '@jest/globals';
import { mintCa } from '@test/kit';
import { createRemoteJWKSet, decodeJwt, jwtVerify } from 'jose';
import { Browser, type Params } from '../test/browser.js';
import { IssuerWithGateway, SESSION_CLIENT } from '../test/gateway.js';
import type { IssuerLog } from './issuer-log.js';

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

/** An error is a page for a browser alone. */
const PAGE = { accept: 'text/html' };

/** As the gateway leads a browser to it: without a token of the person. */
function endSession(browser: Browser, mesh: IssuerWithGateway, changes: Params = {}) {
  const params: Params = {
    client_id: SESSION_CLIENT,
    post_logout_redirect_uri: `${mesh.origin}/signed-out`,
    state: 'left',
    ...changes,
  };
  const query = Object.entries(params).filter((entry): entry is [string, string] => !!entry[1]);
  return browser.fetch(`/session/end?${new URLSearchParams(query).toString()}`, undefined, PAGE);
}

const secretOf = (html: string) => /name="xsrf" value="(\w+)"/.exec(html)![1]!;

/** What the page offers: the whole session, or this client alone. */
async function answer(browser: Browser, mesh: IssuerWithGateway, form: Record<string, string>) {
  const page = await endSession(browser, mesh);
  return browser.fetch('/session/end/confirm', { xsrf: secretOf(page.html), ...form });
}

async function isSignedIn(browser: Browser, mesh: IssuerWithGateway): Promise<boolean> {
  const { headers } = await browser.authorize(mesh.request());
  return headers.get('location')!.startsWith(`${mesh.origin}/sign-in/callback?code=`);
}

describe('signing out by the gateway', () => {
  it('asks first: a link of anybody ends nothing', async () => {
    const mesh = await start();
    const browser = new Browser(mesh.issuer);
    await mesh.signIn(browser, 'analyst');
    const page = await endSession(browser, mesh);
    expect(page.status).toBe(200);
    expect(page.html).toContain('<strong>analyst</strong>');
    expect(page.headers.get('content-security-policy')).toBe(
      `default-src 'none'; style-src 'self'; form-action 'self' ${mesh.origin}; frame-ancestors 'none'; base-uri 'none'`,
    );
    expect(mesh.logoutTokens).toEqual([]);
    expect(await isSignedIn(browser, mesh)).toBe(true);
  });

  it('ends the session, its refresh tokens, and leads back with the state', async () => {
    const mesh = await start();
    const browser = new Browser(mesh.issuer);
    const { refresh_token } = await mesh.signIn(browser, 'analyst');
    const left = await answer(browser, mesh, { logout: 'yes' });
    expect([left.status, left.headers.get('location')]).toEqual([
      303,
      `${mesh.origin}/signed-out?state=left`,
    ]);
    expect((await mesh.refresh(refresh_token!)).body.error).toBe('invalid_grant');
    expect(await isSignedIn(browser, mesh)).toBe(false);
  });

  it('can leave the session of the issuer alone, and still ends what the gateway has', async () => {
    const mesh = await start();
    const browser = new Browser(mesh.issuer);
    const { refresh_token, id_token } = await mesh.signIn(browser, 'analyst');
    const left = await answer(browser, mesh, {});
    expect(left.headers.get('location')).toBe(`${mesh.origin}/signed-out?state=left`);
    expect((await mesh.refresh(refresh_token!)).body.error).toBe('invalid_grant');
    expect(mesh.logoutTokens).toHaveLength(1);
    const again = await mesh.signIn(browser, 'nobody types a name');
    expect(decodeJwt(again.id_token!).sid).not.toBe(decodeJwt(id_token!).sid);
  });

  it('is taken of its own page alone', async () => {
    const mesh = await start();
    const browser = new Browser(mesh.issuer);
    await mesh.signIn(browser, 'analyst');
    await endSession(browser, mesh);
    const form = { xsrf: 'x', logout: 'yes' };
    const forged = await browser.fetch('/session/end/confirm', form, PAGE);
    expect(forged.status).toBe(400);
    expect(forged.html).toContain('<code>invalid_request</code>');
    expect(await isSignedIn(browser, mesh)).toBe(true);
  });

  it('leads on at once who is signed out already', async () => {
    const mesh = await start();
    const left = await endSession(new Browser(mesh.issuer), mesh);
    expect([left.status, left.headers.get('location')]).toEqual([
      303,
      `${mesh.origin}/signed-out?state=left`,
    ]);
    const nowhere = await endSession(new Browser(mesh.issuer), mesh, {
      client_id: undefined,
      post_logout_redirect_uri: undefined,
    });
    expect([nowhere.status, nowhere.html]).toEqual([200, expect.stringContaining('Signed out')]);
    expect(nowhere.html).not.toContain('<script');
  });

  it('ends on a page of its own where the request names no place to go to', async () => {
    const mesh = await start();
    const browser = new Browser(mesh.issuer);
    await mesh.signIn(browser, 'analyst');
    const page = await endSession(browser, mesh, { post_logout_redirect_uri: undefined });
    const form = { xsrf: secretOf(page.html), logout: 'yes' };
    const left = await browser.fetch('/session/end/confirm', form);
    expect((await browser.fetch(left.headers.get('location')!)).html).toContain('Signed out');
  });

  it.each([
    (origin: string) => `${origin}/signed-out/`,
    (origin: string) => `${origin}/signed-out?next=1`,
    (origin: string) => `${origin}/`,
    (origin: string) => `${origin.replace('127.0.0.1', 'localhost')}/signed-out`,
    (origin: string) => `${origin}@evil.example/signed-out`,
    () => 'http://evil.example/signed-out',
  ])('never leads elsewhere (%#)', async (to) => {
    const mesh = await start();
    for (const account of ['analyst', undefined]) {
      const browser = new Browser(mesh.issuer);
      if (account !== undefined) await mesh.signIn(browser, account);
      const refused = await endSession(browser, mesh, {
        post_logout_redirect_uri: to(mesh.origin),
      });
      expect(refused.status).toBe(400);
      expect(refused.headers.get('location')).toBeNull();
      expect(refused.html).toContain('<code>invalid_request</code>');
    }
  });
});

describe('the back channel', () => {
  it('brings the gateway a signed logout token of that session', async () => {
    const mesh = await start();
    const browser = new Browser(mesh.issuer);
    const { id_token } = await mesh.signIn(browser, 'analyst');
    await answer(browser, mesh, { logout: 'yes' });
    const keys = createRemoteJWKSet(new URL(mesh.issuer.jwksUri));
    const { payload } = await jwtVerify(mesh.logoutTokens[0]!, keys, {
      issuer: mesh.issuer.url,
      audience: SESSION_CLIENT,
      typ: 'logout+jwt',
      algorithms: ['ES256'],
    });
    expect(payload).toEqual({
      iss: mesh.issuer.url,
      aud: SESSION_CLIENT,
      sub: 'analyst',
      sid: decodeJwt(id_token!).sid,
      jti: expect.any(String),
      iat: expect.any(Number),
      exp: expect.any(Number),
      events: { 'http://schemas.openid.net/event/backchannel-logout': {} },
    });
  });

  it('tells of a session that a welcome link began', async () => {
    const mesh = await start();
    const browser = new Browser(mesh.issuer);
    await browser.fetch(mesh.issuer.welcome('analyst'), {}, { origin: mesh.issuer.url });
    const { id_token } = await mesh.signIn(browser, '');
    await answer(browser, mesh, { logout: 'yes' });
    expect(decodeJwt(mesh.logoutTokens[0]!).sid).toBe(decodeJwt(id_token!).sid);
  });

  it('tells of a session that ends as somebody else signs in', async () => {
    const mesh = await start();
    const browser = new Browser(mesh.issuer);
    const { id_token, refresh_token } = await mesh.signIn(browser, 'analyst');
    const other = await mesh.signIn(browser, 'reader', { prompt: 'login' });
    expect(decodeJwt(other.id_token!).sub).toBe('reader');
    expect(mesh.logoutTokens.map((token) => decodeJwt(token).sid)).toEqual([
      decodeJwt(id_token!).sid,
    ]);
    expect((await mesh.refresh(refresh_token!)).body.error).toBe('invalid_grant');
  });

  it('says nothing to a gateway that has no part in the session', async () => {
    const mesh = await start();
    const browser = new Browser(mesh.issuer);
    await browser.signIn('analyst');
    await answer(browser, mesh, { logout: 'yes' });
    expect(mesh.logoutTokens).toEqual([]);
  });

  it.each([500, 302, undefined])(
    'does not keep a person signed in where the gateway answers with %p',
    async (status) => {
      const warnings: string[] = [];
      const log: IssuerLog = {
        info: () => undefined,
        warn: (_fields, message) => void warnings.push(message),
        error: () => undefined,
      };
      const mesh = await start({ log });
      const browser = new Browser(mesh.issuer);
      await mesh.signIn(browser, 'analyst');
      mesh.backChannelStatus = status;
      const left = await answer(browser, mesh, { logout: 'yes' });
      expect(left.headers.get('location')).toBe(`${mesh.origin}/signed-out?state=left`);
      expect(await isSignedIn(browser, mesh)).toBe(false);
      expect(warnings).toContain('Embedded issuer: the gateway did not take a logout token');
    },
  );

  it('goes over TLS to a certificate that it was given, by a name that no resolver knows, and to no other', async () => {
    const authority = await mintCa({ trustDomain: 'mesh.local' });
    const own = await authority.issue({ dnsNames: ['mesh.localhost'] });
    const tls = { key: own.keyPem, cert: own.chainPem };
    const trusting = await start({ tls, ca: () => own.chainPem });
    const wary = await start({ tls });
    for (const mesh of [trusting, wary]) {
      expect(mesh.origin).toMatch(/^https:\/\/mesh\.localhost:/);
      const browser = new Browser(mesh.issuer);
      await mesh.signIn(browser, 'analyst');
      await answer(browser, mesh, { logout: 'yes' });
    }
    expect([trusting.logoutTokens.length, wary.logoutTokens.length]).toEqual([1, 0]);
  });
});
