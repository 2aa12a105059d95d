import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { json } from 'node:stream/consumers';
import { afterEach, describe, expect, it } from '@jest/globals';
import { FakeClock, mintCa } from '@test/kit';
import { decodeJwt } from 'jose';
import { Browser } from '../test/browser.js';
import { IssuerWithGateway } from '../test/gateway.js';

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

/** What a browser says of an address that a person opened. */
const BY_A_PERSON = {
  'sec-fetch-site': 'none',
  'sec-fetch-mode': 'navigate',
  'sec-fetch-dest': 'document',
};
const open = (browser: Browser, link: string, headers: Record<string, string> = BY_A_PERSON) =>
  browser.fetch(link, undefined, headers);

/** Whether the gateway gets a code at once, without a page. */
async function isSignedIn(browser: Browser, mesh: IssuerWithGateway): Promise<boolean> {
  const { headers } = await browser.authorize(mesh.request());
  return headers.get('location')!.startsWith(`${mesh.origin}/sign-in/callback?code=`);
}

async function loginPage(browser: Browser, mesh: IssuerWithGateway): Promise<string> {
  const asked = await browser.authorize(mesh.request());
  return (await browser.fetch(asked.headers.get('location')!)).html;
}

describe('the welcome link', () => {
  it('signs in at the gateway without a page, and the tokens say how', async () => {
    const mesh = await start();
    const browser = new Browser(mesh.issuer);
    const link = mesh.issuer.welcome('analyst');
    expect(link).toMatch(new RegExp(`^${mesh.issuer.url}/welcome/[\\w-]{43}$`));
    const opened = await open(browser, link);
    expect([opened.status, opened.headers.get('location')]).toEqual([
      303,
      `${mesh.origin}/sign-in`,
    ]);
    const tokens = await mesh.signIn(browser, 'nobody types a name');
    expect(decodeJwt(tokens.access_token!)).toMatchObject({
      sub: 'analyst',
      roles: ['analyst'],
      acr: 'urn:mesh:acr:welcome',
      amr: ['otp'],
      auth_time: expect.any(Number),
    });
  });

  it('is another one each time, and its code stays in no header', async () => {
    const mesh = await start();
    const link = mesh.issuer.welcome('analyst');
    expect(mesh.issuer.welcome('analyst')).not.toBe(link);
    const { headers } = await open(new Browser(mesh.issuer), link);
    const code = link.split('/').at(-1)!;
    expect(JSON.stringify([...headers])).not.toContain(code);
    expect(headers.get('referrer-policy')).toBe('same-origin');
    expect(headers.get('cache-control')).toBe('no-store');
  });

  it('works once: another browser has the login page, with a hint', async () => {
    const mesh = await start({ passwordsFile: '/home/a/.mesh/issuer-passwords.json' });
    const link = mesh.issuer.welcome('analyst');
    await open(new Browser(mesh.issuer), link);
    const late = new Browser(mesh.issuer);
    const opened = await open(late, link);
    expect(opened.headers.get('location')).toBe(`${mesh.origin}/sign-in`);
    expect(await isSignedIn(late, mesh)).toBe(false);
    const html = await loginPage(late, mesh);
    expect(html).toMatch(/role="status">\s*That link has been used, or is too old/);
    expect(html).toContain('<code>/home/a/.mesh/issuer-passwords.json</code>');
    expect(await loginPage(late, mesh)).not.toContain('role="status"');
    expect(await loginPage(new Browser(mesh.issuer), mesh)).not.toContain('role="status"');
  });

  it('works once, also for two at a time', async () => {
    const mesh = await start();
    const link = mesh.issuer.welcome('analyst');
    const two = [new Browser(mesh.issuer), new Browser(mesh.issuer)];
    await Promise.all(two.map((browser) => open(browser, link)));
    const signedIn = await Promise.all(two.map((browser) => isSignedIn(browser, mesh)));
    expect(signedIn.filter(Boolean)).toHaveLength(1);
  });

  it('leads on who opens it again, and is signed in', async () => {
    const mesh = await start();
    const browser = new Browser(mesh.issuer);
    const link = mesh.issuer.welcome('analyst');
    await open(browser, link);
    const again = await open(browser, link);
    expect(again.headers.get('location')).toBe(`${mesh.origin}/sign-in`);
    expect(browser.cookies.has('mesh_issuer_welcome')).toBe(false);
    expect(await isSignedIn(browser, mesh)).toBe(true);
  });

  it('waits ten minutes and not longer', async () => {
    const clock = new FakeClock();
    const mesh = await start({ clock });
    const [first, second] = [mesh.issuer.welcome('analyst'), mesh.issuer.welcome('analyst')];
    const browser = new Browser(mesh.issuer);
    clock.advance(599_000);
    await open(browser, first);
    expect(await isSignedIn(browser, mesh)).toBe(true);
    clock.advance(1_000);
    const late = new Browser(mesh.issuer);
    await open(late, second);
    expect(await isSignedIn(late, mesh)).toBe(false);
  });

  it('with a code that was never given out is as one that was used', async () => {
    const mesh = await start();
    const browser = new Browser(mesh.issuer);
    await open(browser, `/welcome/${'A'.repeat(43)}`);
    expect(await loginPage(browser, mesh)).toContain('That link has been used');
    expect((await open(browser, '/welcome/short')).status).toBe(404);
  });

  it.each<[string, Record<string, string>]>([
    ["a page of somebody else's leads to it", { ...BY_A_PERSON, 'sec-fetch-site': 'cross-site' }],
    ['another port of this machine leads to it', { ...BY_A_PERSON, 'sec-fetch-site': 'same-site' }],
    [
      'a page shows it as an image',
      { ...BY_A_PERSON, 'sec-fetch-dest': 'image', 'sec-fetch-mode': 'no-cors' },
    ],
    ['it is asked for by no navigation', { ...BY_A_PERSON, 'sec-fetch-mode': 'no-cors' }],
    ['a page frames it', { ...BY_A_PERSON, 'sec-fetch-dest': 'iframe' }],
    ['it is fetched ahead', { ...BY_A_PERSON, 'sec-purpose': 'prefetch;prerender' }],
    ['it is fetched ahead, in older words', { ...BY_A_PERSON, purpose: 'prefetch' }],
    ['nothing says what asks for it', {}],
  ])('asks for a click where %s', async (_, headers) => {
    const mesh = await start();
    const browser = new Browser(mesh.issuer);
    const link = mesh.issuer.welcome('analyst');
    const asked = await open(browser, link, headers);
    expect(asked.status).toBe(200);
    expect(asked.html).toContain('Sign in as analyst</button>');
    expect(asked.headers.get('content-security-policy')).toContain(
      `form-action 'self' ${mesh.origin}; frame-ancestors 'none'`,
    );
    expect(await isSignedIn(browser, mesh)).toBe(false);
    const own = { origin: mesh.issuer.url, 'sec-fetch-site': 'same-origin' };
    expect((await browser.fetch(link, {}, own)).status).toBe(303);
    expect(await isSignedIn(browser, mesh)).toBe(true);
  });

  it.each<[string, Record<string, string>]>([
    ['another origin', { origin: 'http://127.0.0.1:1' }],
    ['an origin that is hidden', { origin: 'null' }],
    ['another port', { 'sec-fetch-site': 'same-site' }],
  ])('takes no form of %s, and is not used up by it', async (_, headers) => {
    const mesh = await start();
    const browser = new Browser(mesh.issuer);
    const link = mesh.issuer.welcome('analyst');
    const refused = await browser.fetch(link, {}, headers);
    expect(refused.status).toBe(403);
    expect(refused.html).toContain('<code>invalid_request</code>');
    expect(await isSignedIn(browser, mesh)).toBe(false);
    await open(browser, link);
    expect(await isSignedIn(browser, mesh)).toBe(true);
  });

  it('begins a session of its own: one that was planted in the browser is not signed in', async () => {
    const mesh = await start();
    const [attacker, victim] = [new Browser(mesh.issuer), new Browser(mesh.issuer)];
    await mesh.signIn(attacker, 'reader');
    for (const [name, value] of attacker.cookies) victim.cookies.set(name, value);
    await open(victim, mesh.issuer.welcome('analyst'));
    expect(decodeJwt((await mesh.signIn(victim, '')).access_token!).sub).toBe('analyst');
    expect(await isSignedIn(attacker, mesh)).toBe(false);
  });

  it('ends the session of who was signed in before, and the gateway hears of it', async () => {
    const mesh = await start();
    const browser = new Browser(mesh.issuer);
    const { id_token } = await mesh.signIn(browser, 'reader');
    await open(browser, mesh.issuer.welcome('analyst'));
    expect(mesh.logoutTokens.map((token) => decodeJwt(token).sid)).toEqual([
      decodeJwt(id_token!).sid,
    ]);
  });

  it('is not used up as long as there is no gateway to lead to', async () => {
    let origins: readonly string[] = [];
    const mesh = await start({ gatewayOrigins: () => origins });
    const browser = new Browser(mesh.issuer);
    const link = mesh.issuer.welcome('analyst');
    const early = await open(browser, link);
    expect([early.status, early.html]).toEqual([
      503,
      expect.stringContaining('<code>temporarily_unavailable</code>'),
    ]);
    origins = [mesh.origin];
    await open(browser, link);
    expect(await isSignedIn(browser, mesh)).toBe(true);
  });

  it('is served under the own host name alone, as all pages are', async () => {
    const mesh = await start();
    const link = mesh.issuer.welcome('analyst');
    const { port, pathname } = new URL(link);
    const headers = { host: `evil.example:${port}`, ...BY_A_PERSON };
    const [response] = (await once(
      request({ host: '127.0.0.1', port, path: pathname, headers }).end(),
      'response',
    )) as [IncomingMessage];
    expect(await json(response)).toMatchObject({ code: 'ERR_ISSUER_HOST' });
    const browser = new Browser(mesh.issuer);
    await open(browser, link);
    expect(await isSignedIn(browser, mesh)).toBe(true);
  });

  it('waits with fifteen others at most', async () => {
    const mesh = await start();
    const links = Array.from({ length: 17 }, () => mesh.issuer.welcome('analyst'));
    const [first, second] = [new Browser(mesh.issuer), new Browser(mesh.issuer)];
    await open(first, links[0]!);
    await open(second, links[1]!);
    expect([await isSignedIn(first, mesh), await isSignedIn(second, mesh)]).toEqual([false, true]);
  });
});
