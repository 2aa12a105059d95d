import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Browser } from '../kit/browser.js';
import { describeInBrowser } from './describe-in-browser.js';
import { Elsewhere, type Elsewheres } from './elsewhere.js';
import type { Visit } from './visit.js';

const PAGES = ['/', '/verify', '/agents', '/signed-in', '/signed-out', '/sign-in-failed', '/docs/'];

describeInBrowser('a page elsewhere', (mesh) => {
  let elsewhere: Elsewhere;
  /** Another port of the mesh's host: it is sent the same cookies. */
  let port: string;
  /** Another site. */
  let site: string;

  beforeAll(async () => {
    elsewhere = await Elsewhere.start();
    port = elsewhere.at('mesh.localhost');
    site = elsewhere.at('evil.localhost');
  });
  afterAll(() => elsewhere.close());

  /** The attacker's own browser. */
  const attacker = () => new Browser(mesh().url, (account) => mesh().passwordOf(account));
  const cookieOf = (browser: Browser, name: string) =>
    browser.cookies.get('mesh.localhost')!.get(name)!;

  /** Somebody who is led elsewhere, where browsers complain about a good deal. */
  async function victim(account?: string): Promise<Visit> {
    const visit = account ? await mesh().visitAs(account) : await mesh().visit();
    visit.tolerate(/./);
    return visit;
  }

  /** Opens what is elsewhere, and waits until nothing more happens. */
  async function lure(visit: Visit, at: string, page: Elsewheres): Promise<void> {
    elsewhere.pages.set('/lure', page);
    await visit.page.goto(`${at}/lure`);
    await visit.page.waitForLoadState('networkidle');
  }

  async function expectStillSignedIn(visit: Visit, account: string): Promise<void> {
    await visit.open('/');
    await visit.account(account).waitFor();
  }

  it.each(['site', 'port'])('frames no page of the mesh: another %s', async (where) => {
    const visit = await victim('analyst');
    const frames = PAGES.map((path) => `<iframe src="${mesh().url}${path}"></iframe>`);
    await lure(visit, where === 'site' ? site : port, { html: frames.join('') });
    const urls = visit.page.frames().map((frame) => frame.url());
    expect(urls.slice(1)).toEqual(PAGES.map(() => 'chrome-error://chromewebdata/'));
  });

  it.each(['site', 'port'])('reads nothing, and changes nothing: another %s', async (where) => {
    const visit = await victim('analyst');
    await lure(visit, where === 'site' ? site : port, {});
    mesh().proxy.passed.length = 0;
    const outcomes = await visit.page.evaluate<string[]>(`(async () => {
      const url = ${JSON.stringify(mesh().url)};
      const question = JSON.stringify({ question: 'What is an SVID?', depth: 'fast' });
      const tries = [
        ['/v1/me', {}],
        ['/v1/documents', {}],
        ['/v1/me', { mode: 'no-cors' }],
        ['/v1/me', { headers: { 'x-csrf-token': 'x' } }],
        ['/v1/research', { method: 'POST', body: question }],
        ['/v1/research', { method: 'POST', body: question, mode: 'no-cors' }],
        ['/v1/research', { method: 'POST', body: new URLSearchParams({ question }), mode: 'no-cors' }],
        ['/v1/research', { method: 'POST', body: question, headers: { 'content-type': 'application/json' } }],
        ['/sign-out', { method: 'POST', mode: 'no-cors' }],
        ['/sign-out', { method: 'POST', body: '{}', headers: { 'content-type': 'application/json' } }],
      ];
      return Promise.all(tries.map(async ([path, init]) => {
        try {
          const response = await fetch(url + path, { credentials: 'include', ...init });
          return response.type + ': ' + await response.text();
        } catch {
          return 'refused';
        }
      }));
    })()`);
    expect(new Set(outcomes)).toEqual(
      new Set(['refused', 'opaque: '].filter((one) => outcomes.includes(one))),
    );
    // From another port the cookie does come along: it is not by luck that nothing was done.
    const sent = mesh().proxy.passed.filter(({ headers }) =>
      headers.cookie?.includes('mesh-session'),
    );
    if (where === 'port') expect(sent.length).toBeGreaterThan(0);
    else expect(sent).toEqual([]);
    await expectStillSignedIn(visit, 'analyst');
  });

  it('sends no form', async () => {
    const visit = await victim('analyst');
    for (const path of ['/sign-out', '/v1/research']) {
      await lure(visit, port, {
        html: `<form method=post enctype=text/plain action="${mesh().url}${path}">
          <input name='{"question":"What is an SVID?","depth":"fast","x":"' value='"}'></form>`,
      });
      await visit.page.evaluate('document.forms[0].submit()');
      await visit.page.waitForURL(`${mesh().url}${path}`);
      expect(await visit.page.locator('body').innerText()).toMatch(/ERR_(CSRF|BODY_TYPE)/);
    }
    await expectStillSignedIn(visit, 'analyst');
  });

  it('keeps no hold of a window of the mesh that it opened', async () => {
    const visit = await victim('analyst');
    await lure(visit, site, {});
    const opened = visit.context.waitForEvent('page');
    await visit.page.evaluate(`void (window.opened = open(${JSON.stringify(mesh().url)}))`);
    const page = await opened;
    await page.getByRole('textbox', { name: 'Your question' }).waitFor();
    expect(await page.evaluate('opener === null')).toBe(true);
    expect(await visit.page.evaluate('opened.closed')).toBe(true);
  });

  it('loads none of its answers as script, style or picture', async () => {
    const visit = await victim('analyst');
    const { html } = {
      html: ['/v1/me', '/v1/documents', '/openapi.json']
        .map(
          (path) => `<script src="${mesh().url}${path}"></script><img src="${mesh().url}${path}">`,
        )
        .join(''),
    };
    await lure(visit, site, { html });
    expect(
      await visit.page.evaluate('[...document.images].every((one) => one.naturalWidth === 0)'),
    ).toBe(true);
  });

  it('has nothing of the cookies that it is sent', async () => {
    const visit = await victim('analyst');
    await lure(visit, port, {});
    const { cookie } = elsewhere.requests.at(-1)!.headers;
    expect(cookie).toContain('mesh-session=');
    for (const [method, path] of [
      ['GET', '/v1/me'],
      ['POST', '/v1/research'],
      ['POST', '/sign-out'],
    ]) {
      const response = await fetch(`${mesh().proxy.target}${path}`, {
        method: method!,
        headers: { cookie: cookie!, origin: mesh().url },
      });
      expect([response.status, await response.text()]).toEqual([
        403,
        expect.stringContaining('ERR_CSRF_TOKEN'),
      ]);
    }
  });

  describe('on another port, which sets cookies', () => {
    /** Nobody is signed in, and the page says so or leads to the issuer. */
    async function expectNotSignedIn(visit: Visit): Promise<void> {
      expect(await visit.account('reader').count()).toBe(0);
      await visit.open('/');
      await visit.page
        .getByRole('link', { name: /^Sign in/ })
        .first()
        .waitFor();
      expect(await visit.account('reader').count()).toBe(0);
    }
    const answerOfAttacker = async () => {
      const own = attacker();
      const location = await own.atCallback('reader');
      return { cookies: [`mesh-sign-in=${cookieOf(own, 'mesh-sign-in')}; Path=/`], location };
    };

    it('signs nobody in as the attacker by an answer to a sign-in of the attacker', async () => {
      const visit = await victim();
      await lure(visit, port, await answerOfAttacker());
      // It begins anew, where the person says who it is.
      await visit.page.getByLabel('Account').waitFor();
      await expectNotSignedIn(visit);
    });

    it('nor while the person is signing in', async () => {
      const visit = await victim();
      await visit.open('/');
      await visit.page
        .getByRole('link', { name: /^Sign in/ })
        .first()
        .click();
      await visit.page.getByLabel('Account').waitFor();
      await lure(visit, port, await answerOfAttacker());
      await visit.page.getByText('This sign-in was not begun here').waitFor();
      await expectNotSignedIn(visit);
    });

    it('nor while the person is signed in, who stays who it was', async () => {
      const visit = await victim('analyst');
      await lure(visit, port, await answerOfAttacker());
      await visit.account('analyst').waitFor();
    });

    it('signs nobody in as the attacker by a session of the attacker', async () => {
      const visit = await victim();
      const own = attacker();
      const { csrf } = await own.signIn('reader');
      await lure(visit, port, {
        cookies: [`mesh-session=${cookieOf(own, 'mesh-session')}; Path=/`],
        location: `${mesh().url}/signed-in#csrf=${csrf}&to=/`,
      });
      await visit.page.getByLabel('Account').waitFor();
      await expectNotSignedIn(visit);
    });

    it('leaves no one in the session of the attacker who was in their own', async () => {
      const visit = await victim('analyst');
      const own = attacker();
      await own.signIn('reader');
      await lure(visit, port, {
        cookies: [`mesh-session=${cookieOf(own, 'mesh-session')}; Path=/`],
      });
      await expectNotSignedIn(visit);
    });

    it('is told of where it plants a second session', async () => {
      const visit = await victim('analyst');
      await lure(visit, port, { cookies: [`mesh-session=${'A'.repeat(43)}; Path=/v1`] });
      await visit.open('/');
      await visit.alert.waitFor();
      expect(await visit.alert.innerText()).toMatch(/ERR_SESSION_COOKIE/);
    });
  });

  it.each([
    '//evil.localhost/',
    'javascript:window.hacked=1',
    '/\\evil.localhost',
    'data:text/html,x',
  ])('leads nobody out of the mesh by a link to its own page: %s', async (to) => {
    const visit = await victim('analyst');
    const hash = new URLSearchParams({ csrf: 'A'.repeat(43), to }).toString();
    await visit.open(`/signed-in#${hash}`);
    await visit.account('analyst').waitFor();
    expect(new URL(visit.page.url()).href).toBe(`${mesh().url}/`);
    expect(await visit.page.evaluate('window.hacked')).toBeUndefined();
  });

  it.each([
    'code=<img src=x onerror=window.hacked=1>',
    'code=ERR_INTERNAL&id=<script>window.hacked=1</script>',
    'code=__proto__&id=<b>',
  ])('has no word of its own in the page of a failed sign-in: %s', async (query) => {
    const visit = await mesh().visit();
    await visit.open(`/sign-in-failed?${query}`);
    await visit.alert.waitFor();
    const text = await visit.page.locator('main').innerText();
    expect(text).not.toMatch(/onerror|script|__proto__|<b>/);
    expect(await visit.page.evaluate('window.hacked')).toBeUndefined();
  });
});
