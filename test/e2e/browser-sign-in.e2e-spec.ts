import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Browser, Visited } from '../kit/browser.js';
import { RunningAgents } from '../kit/running-agents.js';
import { agentsUnderTest, ScriptedModel, ScriptedSearch } from './agents-under-test.js';

const model = new ScriptedModel();
const draft = model.draft;
let mesh: RunningAgents;

beforeAll(async () => {
  mesh = await RunningAgents.start(agentsUnderTest({ search: new ScriptedSearch(), model }), {
    // More sign-ins than a person has in a minute.
    env: { MESH_RATE_LIMIT_SIGN_IN: '10000' },
  });
});
afterAll(() => mesh.close());
beforeEach(() => {
  model.draft = draft;
});

const codeOf = (answer: Visited) => [answer.status, (answer.json() as { code: string }).code];
/** What a page for failed sign-ins is told. */
const failureOf = ({ status, location }: Visited) => {
  const { pathname, searchParams } = new URL(location!);
  return { status, pathname, ...Object.fromEntries(searchParams) };
};
const failed = (code: string) => ({
  status: 303,
  pathname: '/sign-in-failed',
  code,
  id: expect.any(String),
});

async function signedIn(account = 'analyst'): Promise<Browser> {
  const browser = mesh.browser();
  await browser.signIn(account);
  return browser;
}

function ask(browser: Browser, headers: Record<string, string> = {}): Promise<Visited> {
  return browser.fetch('/v1/research', {
    method: 'POST',
    body: JSON.stringify({ question: 'What is an SVID?', depth: 'fast' }),
    headers: { 'request-nonce': randomBytes(16).toString('base64url'), ...headers },
  });
}

describe('a person who signs in by a browser', () => {
  it('asks, and signs out', async () => {
    const browser = mesh.browser();
    expect(await browser.signIn('analyst', '/verify?a=1#b')).toMatchObject({ to: '/verify?a=1#b' });
    const me = await browser.fetch('/v1/me');
    expect([me.status, me.json()]).toEqual([
      200,
      expect.objectContaining({
        account: 'analyst',
        session: { endsAt: expect.any(String), idleEndsAt: expect.any(String) },
      }),
    ]);
    const answer = await ask(browser);
    expect([answer.status, answer.text]).toEqual([200, expect.stringContaining('"statements"')]);
    const out = await browser.fetch('/sign-out', { method: 'POST' });
    expect([out.status, out.json()]).toEqual([
      200,
      { location: expect.stringContaining('/session/end?') },
    ]);
    expect(out.headers['cache-control']).toBe('no-store');
    expect(codeOf(await browser.fetch('/v1/me'))).toEqual([401, 'ERR_ACCESS_TOKEN_MISSING']);
  });

  it('is named in each line of the log by the session, from its beginning to its end', async () => {
    mesh.log.length = 0;
    const browser = await signedIn();
    await ask(browser);
    await browser.fetch('/sign-out', { method: 'POST' });
    const [{ session }] = mesh.log.filter(({ event }) => event === 'session.started') as [
      { session: string },
    ];
    const asked = mesh.log.find(
      ({ event, route, agent }) =>
        event === 'request' && route === '/v1/research' && agent === 'gateway',
    );
    expect(asked).toMatchObject({ session, txn: expect.any(String) });
    expect(mesh.log).toContainEqual(
      expect.objectContaining({ event: 'session.ended', session, reason: 'signed out' }),
    );
  });

  it('may what the issuer granted, and no more', async () => {
    const reader = await signedIn('reader');
    const deep = await reader.fetch('/v1/research', {
      method: 'POST',
      body: JSON.stringify({ question: 'What is an SVID?', depth: 'deep' }),
    });
    expect(codeOf(deep)).toEqual([403, 'ERR_ACCESS_TOKEN_SCOPE']);
    expect((await ask(reader)).status).toBe(200);
  });

  it('in two tabs at once, goes on in both until the second one is signed in', async () => {
    const browser = mesh.browser();
    const [one, two] = [
      await browser.atCallback('analyst', '/one'),
      await browser.atCallback('analyst', '/two'),
    ];
    const first = await browser.send(one);
    expect(first.location).toContain('to=%2Fone');
    expect((await browser.send(two)).location).toContain('to=%2Ftwo');
    browser.csrf = new URLSearchParams(new URL(first.location!).hash.slice(1)).get('csrf')!;
    expect(codeOf(await browser.fetch('/v1/me'))).toEqual([403, 'ERR_CSRF_TOKEN']);
  });

  it('leaves no token in any answer, nor in the log', async () => {
    mesh.log.length = 0;
    const browser = mesh.browser();
    const answers: Visited[] = [];
    const send = browser.send.bind(browser);
    browser.send = async (...of) => {
      const answer = await send(...of);
      if (answer.url.startsWith(browser.origin)) answers.push(answer);
      return answer;
    };
    await browser.signIn('analyst');
    const id = browser.cookies.get('mesh.localhost')!.get('mesh-session')!;
    await browser.fetch('/v1/me');
    await browser.fetch('/sign-out', { method: 'POST' });
    expect(answers.length).toBeGreaterThanOrEqual(4);
    // An access token is a JWT.
    expect(JSON.stringify(answers)).not.toContain('eyJ');
    const log = JSON.stringify(mesh.log);
    for (const secret of ['eyJ', id, browser.csrf!]) expect(log).not.toContain(secret);
  });
});

describe('the way to a session', () => {
  it('is never kept by anybody, nor told to others', async () => {
    const browser = mesh.browser();
    const begun = await browser.send('/sign-in');
    const back = await browser.send(await browser.throughIssuer(begun.location!, 'analyst'));
    for (const { status, headers } of [begun, back]) {
      expect([status, headers['cache-control'], headers['referrer-policy']]).toEqual([
        303,
        'no-store',
        'no-referrer',
      ]);
    }
    expect(back.headers['set-cookie']).toMatch(
      /^mesh-session=[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax; Max-Age=28800$/,
    );
  });

  it('is gone once: back button and replay end on a page that says so', async () => {
    const browser = mesh.browser();
    const callback = await browser.atCallback('analyst');
    await browser.send(callback);
    const again = await browser.send(callback, { headers: { 'x-correlation-id': 'replay-0001' } });
    expect(failureOf(again)).toEqual({ ...failed('ERR_SIGN_IN_STATE'), id: 'replay-0001' });
    expect(mesh.log).toContainEqual(
      expect.objectContaining({
        event: 'sign-in.refused',
        code: 'ERR_SIGN_IN_STATE',
        correlation_id: 'replay-0001',
      }),
    );
  });

  it('is of the browser that began it: an answer for another signs nobody in', async () => {
    const attackers = await mesh.browser().atCallback('reader');
    const victim = mesh.browser();
    expect(failureOf(await victim.send(attackers))).toEqual(failed('ERR_SIGN_IN_STATE'));
    await victim.send('/sign-in');
    expect(failureOf(await victim.send(attackers))).toEqual(failed('ERR_SIGN_IN_STATE'));
    expect(victim.cookies.get('mesh.localhost')!.has('mesh-session')).toBe(false);
  });

  it('is not there without cookies', async () => {
    const browser = mesh.browser();
    const callback = await browser.atCallback('analyst');
    browser.cookies.clear();
    expect(failureOf(await browser.send(callback))).toEqual(failed('ERR_SIGN_IN_STATE'));
  });

  it.each<[string, (query: URLSearchParams) => void, string]>([
    ['state', (query) => query.set('state', 'x'.repeat(43)), 'ERR_SIGN_IN_STATE'],
    ['iss', (query) => query.set('iss', 'https://evil.test'), 'ERR_SIGN_IN_ISSUER'],
    ['iss, which is missing', (query) => query.delete('iss'), 'ERR_SIGN_IN_ISSUER'],
    ['code', (query) => query.set('code', 'x'.repeat(43)), 'ERR_SIGN_IN_FAILED'],
    ['error', (query) => query.set('error', 'access_denied'), 'ERR_SIGN_IN_REFUSED'],
  ])('is closed to an answer with another %s', async (_, change, code) => {
    const browser = mesh.browser();
    const callback = new URL(await browser.atCallback('analyst'));
    change(callback.searchParams);
    expect(failureOf(await browser.send(callback.href))).toEqual(failed(code));
  });

  it('takes a code for the request that it was given for alone', async () => {
    const browser = mesh.browser();
    const [one, two] = [
      new URL(await browser.atCallback('analyst')),
      new URL(await browser.atCallback('analyst')),
    ];
    one.searchParams.set('code', two.searchParams.get('code')!);
    expect(failureOf(await browser.send(one.href))).toEqual(failed('ERR_SIGN_IN_FAILED'));
  });

  it.each([
    '//evil.test',
    '/\\evil.test',
    'https://evil.test',
    'javascript:alert(1)',
    '/.//evil.test',
    '/\tevil',
  ])('leads nowhere else afterwards: %j', async (to) => {
    const answer = await mesh.browser().send(`/sign-in?${new URLSearchParams({ to }).toString()}`);
    expect(failureOf(answer)).toEqual(failed('ERR_SIGN_IN_TARGET'));
  });

  it('leads to one page, not to two', async () => {
    const answer = await mesh.browser().send('/sign-in?to=/a&to=/b');
    expect(failureOf(answer)).toEqual(failed('ERR_SIGN_IN_TARGET'));
  });
});

describe('a request with the cookie', () => {
  it('opens nothing by that alone: a cookie goes to every port of its host', async () => {
    const browser = await signedIn();
    browser.csrf = undefined;
    expect(codeOf(await browser.fetch('/v1/me'))).toEqual([403, 'ERR_CSRF_TOKEN']);
    expect(codeOf(await ask(browser))).toEqual([403, 'ERR_CSRF_TOKEN']);
    expect(codeOf(await browser.fetch('/sign-out', { method: 'POST' }))).toEqual([
      403,
      'ERR_CSRF_TOKEN',
    ]);
  });

  it.each(['/v1/research', '/sign-out'])('changes nothing for another origin: %s', async (path) => {
    const browser = await signedIn();
    for (const origin of ['https://evil.test', 'null', mesh.issuer!.url]) {
      const answer = await browser.fetch(path, { method: 'POST', headers: { origin }, body: '{}' });
      expect(codeOf(answer)).toEqual([403, 'ERR_CSRF_ORIGIN']);
    }
    expect((await browser.fetch('/v1/me')).status).toBe(200);
  });

  it('is refused with a second one', async () => {
    const browser = await signedIn();
    const jar = browser.cookies.get('mesh.localhost')!;
    const cookie = `mesh-session=${jar.get('mesh-session')!}; mesh-session=${'A'.repeat(43)}`;
    const answer = await browser.fetch('/v1/me', { headers: { cookie } });
    expect(codeOf(answer)).toEqual([400, 'ERR_SESSION_COOKIE']);
  });

  it('is for nobody after sign-out, also with the secret of the page', async () => {
    const browser = await signedIn();
    const stolen = browser.cookies.get('mesh.localhost')!.get('mesh-session')!;
    await browser.fetch('/sign-out', { method: 'POST' });
    const headers = { cookie: `mesh-session=${stolen}` };
    expect(codeOf(await browser.fetch('/v1/me', { headers }))).toEqual([401, 'ERR_SESSION_ENDED']);
    const twice = await browser.fetch('/sign-out', { method: 'POST', headers });
    expect(codeOf(twice)).toEqual([401, 'ERR_SESSION_ENDED']);
  });

  it('is judged by its bearer token, where it has one', async () => {
    const browser = await signedIn();
    const authorization = `Bearer ${await mesh.signIn('reader', 'research:fast')}`;
    const me = await browser.fetch('/v1/me', { headers: { authorization } });
    expect(me.json()).toMatchObject({ account: 'reader' });
    expect(me.json()).not.toHaveProperty('session');
    const basic = await browser.fetch('/v1/me', { headers: { authorization: 'Basic eDp5' } });
    expect(codeOf(basic)).toEqual([401, 'ERR_ACCESS_TOKEN_MISSING']);
  });

  it('has an ID that was never seen before', async () => {
    const browser = mesh.browser();
    browser.cookies.set('mesh.localhost', new Map([['mesh-session', 'A'.repeat(43)]]));
    await browser.signIn('analyst');
    const id = browser.cookies.get('mesh.localhost')!.get('mesh-session');
    expect(id).not.toBe('A'.repeat(43));
    const old = await signedIn();
    const before = old.cookies.get('mesh.localhost')!.get('mesh-session')!;
    const { csrf } = old;
    await old.signIn('analyst');
    const headers = { cookie: `mesh-session=${before}`, 'x-csrf-token': csrf! };
    expect(codeOf(await old.fetch('/v1/me', { headers }))).toEqual([401, 'ERR_SESSION_ENDED']);
  });
});

describe('sign-out', () => {
  it('ends what the session has under way', async () => {
    const browser = await signedIn();
    const { promise: drafting, resolve } = Promise.withResolvers<AbortSignal>();
    // eslint-disable-next-line require-yield -- it never gets that far
    model.draft = async function* (_request, { signal }) {
      resolve(signal);
      await new Promise((_, reject) =>
        signal.addEventListener('abort', () => reject(signal.reason as Error)),
      );
    };
    const answer = ask(browser);
    const signal = await drafting;
    const other = mesh.browser();
    other.csrf = browser.csrf;
    for (const [host, jar] of browser.cookies) other.cookies.set(host, new Map(jar));
    expect((await other.fetch('/sign-out', { method: 'POST' })).status).toBe(200);
    expect(codeOf(await answer)).toEqual([401, 'ERR_SESSION_ENDED']);
    if (!signal.aborted) await new Promise((done) => signal.addEventListener('abort', done));
  });

  it('ends an answer in mid-stream, which says why', async () => {
    const browser = await signedIn();
    const drafted = Promise.withResolvers<void>();
    model.draft = async function* (_request, { signal }) {
      yield { type: 'text', text: 'A document. ' };
      drafted.resolve();
      await new Promise((_, reject) =>
        signal.addEventListener('abort', () => reject(signal.reason as Error)),
      );
    };
    const stream = ask(browser, { accept: 'text/event-stream' });
    await drafted.promise;
    const other = mesh.browser();
    other.csrf = browser.csrf;
    for (const [host, jar] of browser.cookies) other.cookies.set(host, new Map(jar));
    await other.fetch('/sign-out', { method: 'POST' });
    const { status, text } = await stream;
    expect(status).toBe(200);
    expect(text).not.toContain('event: done');
    expect(text.trimEnd().split('\n\n').at(-1)).toMatch(
      /^event: error\ndata: .*"code":"ERR_SESSION_ENDED"/,
    );
  });

  it('is nothing without a session', async () => {
    const browser = mesh.browser();
    expect(codeOf(await browser.fetch('/sign-out', { method: 'POST' }))).toEqual([
      401,
      'ERR_ACCESS_TOKEN_MISSING',
    ]);
  });

  it('at the issuer ends the session here, by the back channel', async () => {
    const browser = await signedIn();
    const stays = await signedIn();
    const page = await browser.send(`${mesh.issuer!.url}/session/end`);
    const form = new URLSearchParams(
      [...page.text.matchAll(/name="(\w+)" value="([^"]*)"/g)].map(
        ([, name, value]): [string, string] => [name!, value!],
      ),
    );
    const action = /action="([^"]+)"/.exec(page.text)![1]!;
    const done = await browser.send(new URL(action, page.url).href, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: form.toString(),
    });
    expect(done.status).toBeLessThan(400);
    expect(codeOf(await browser.fetch('/v1/me'))).toEqual([401, 'ERR_SESSION_ENDED']);
    expect((await stays.fetch('/v1/me')).status).toBe(200);
    expect(mesh.log).toContainEqual(
      expect.objectContaining({ event: 'session.ended', reason: 'signed out at the issuer' }),
    );
  });

  it.each([
    ['no token', ''],
    ['another field', 'token=x'],
    ['no JWT', 'logout_token=x'],
    ['two', 'logout_token=x&logout_token=y'],
  ])('by the back channel takes %s for nothing', async (_, body) => {
    const answer = await mesh.browser().send('/sign-in/back-channel', {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body,
    });
    expect(codeOf(answer)).toEqual([400, 'ERR_LOGOUT_TOKEN']);
    expect(answer.headers['cache-control']).toBe('no-store');
  });

  it('by the back channel comes as a form, and no other route takes one', async () => {
    const browser = await signedIn();
    const form = { 'content-type': 'application/x-www-form-urlencoded' };
    const json = { 'content-type': 'application/json' };
    const send = (path: string, headers: Record<string, string>, body: string) =>
      browser.fetch(path, { method: 'POST', headers, body });
    expect(codeOf(await send('/sign-in/back-channel', json, '{"logout_token":"x"}'))).toEqual([
      400,
      'ERR_LOGOUT_TOKEN',
    ]);
    for (const path of ['/v1/research', '/sign-out']) {
      expect(codeOf(await send(path, form, 'question=x'))).toEqual([415, 'ERR_BODY_TYPE']);
    }
  });

  it("leaves the gateway's own key to issuers that need one", async () => {
    const keys = await mesh.browser().send('/sign-in/keys');
    expect([keys.status, keys.json()]).toEqual([200, { keys: [] }]);
  });
});

describe('behind TLS', () => {
  it('cookies are for the very host, and never go without TLS', async () => {
    const origin = 'https://mesh.localhost:8443';
    const secured = await RunningAgents.start(agentsUnderTest(), {
      env: { MESH_PUBLIC_URL: origin },
    });
    try {
      // What stands in front of it ends TLS.
      const behind = `http://mesh.localhost:${new URL(secured.agent('gateway').url).port}`;
      const browser = secured.browser('gateway', origin);
      const begun = await browser.send(`${behind}/sign-in`);
      expect(begun.headers['set-cookie']).toMatch(
        /^__Host-mesh-sign-in=[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax; Secure; Max-Age=600$/,
      );
      const { pathname, search } = new URL(await browser.throughIssuer(begun.location!, 'analyst'));
      const back = await browser.send(behind + pathname + search);
      expect(back.headers['set-cookie']).toMatch(
        /^__Host-mesh-session=[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax; Secure; Max-Age=28800$/,
      );
      // One that a page without TLS could have set is none.
      const jar = browser.cookies.get('mesh.localhost')!;
      const cookie = `mesh-session=${jar.get('__Host-mesh-session')!}`;
      const me = await browser.send(`${behind}/v1/me`, { headers: { cookie } });
      expect(codeOf(me)).toEqual([401, 'ERR_ACCESS_TOKEN_MISSING']);
    } finally {
      await secured.close();
    }
  });
});

describe('an issuer that is down', () => {
  it('signs nobody in, and who is signed in goes on', async () => {
    const browser = await signedIn();
    const callback = await mesh.browser().atCallback('analyst');
    expect(callback).toContain('code=');
    const health = async () => {
      const response = await fetch(`${mesh.agent('gateway').managementUrl}/health`);
      const body = (await response.json()) as { details?: Record<string, object> };
      return [response.status, body.details?.['sign-in']];
    };
    expect(await health()).toEqual([200, { status: 'up', url: mesh.issuer!.url }]);
    const other = mesh.browser();
    const pending = await other.atCallback('analyst');
    await mesh.issuer!.close();
    expect(failureOf(await other.send(pending))).toEqual(failed('ERR_SIGN_IN_UNAVAILABLE'));
    expect((await ask(browser)).status).toBe(200);
    expect((await browser.fetch('/sign-out', { method: 'POST' })).status).toBe(200);
  });
});
