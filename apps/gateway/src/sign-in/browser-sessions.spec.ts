import { createHash } from 'node:crypto';
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { FakeClock } from '@test/kit';
import { MESH, ScriptedIssuer } from '../../test/scripted-issuer.js';
import { IDLE_MS, MAX_MS, SignInUnderTest } from '../../test/sign-in-under-test.js';

const refused = (code: string) => expect.objectContaining({ code });
const ENDED = refused('ERR_SESSION_ENDED');
/** Access tokens of the scripted issuer live ten minutes. */
const TOKEN_MS = 600_000;

let at: ScriptedIssuer;
let mesh: SignInUnderTest<FakeClock>;
beforeEach(async () => {
  at = await ScriptedIssuer.start();
  mesh = SignInUnderTest.at(at, new FakeClock());
});
afterEach(async () => {
  mesh.close();
  await at.close();
});

type Signed = Awaited<ReturnType<typeof mesh.signedIn>>;
const find = (...of: Parameters<typeof mesh.request>) => mesh.sessions.find(mesh.request(...of));
const reasonOf = ({ hash }: Signed) =>
  mesh.lines.find((line) => line['event'] === 'session.ended' && line['session'] === hash)?.[
    'reason'
  ];

describe('a request with a session', () => {
  it('is for the person who signed in', async () => {
    const signed = await mesh.signedIn();
    const { session, accessToken } = (await find(signed))!;
    expect(await mesh.accessTokens.verify(accessToken)).toMatchObject({ subject: 'ann' });
    expect(session).toEqual({
      hash: signed.hash,
      ended: expect.any(AbortSignal),
      account: 'Ann',
      endsAt: new Date(mesh.clock.now() + MAX_MS),
      idleEndsAt: new Date(mesh.clock.now() + IDLE_MS),
    });
    expect(session.ended.aborted).toBe(false);
  });

  it('calls the person by no more than fits on a page', async () => {
    at.idToken = (claims) => ({ ...claims, preferred_username: 'a'.repeat(256) });
    expect((await find(await mesh.signedIn()))!.session.account).toBe('a'.repeat(255));
  });

  it('is none without the cookie, whatever else it carries', async () => {
    const { csrf } = await mesh.signedIn();
    expect(await find({ csrf })).toBeUndefined();
    expect(await find({ id: 'other=1', csrf })).toBeUndefined();
  });

  it.each([
    ['of nobody', `mesh-session=${'A'.repeat(43)}`],
    ['that is empty', 'mesh-session='],
    ['that is no ID', 'mesh-session=../../etc'],
  ])('is refused with a cookie %s', async (_, id) => {
    const { csrf } = await mesh.signedIn();
    await expect(find({ id, csrf })).rejects.toThrow(ENDED);
  });

  it('is refused with two cookies, whichever is the right one', async () => {
    const { id, csrf } = await mesh.signedIn();
    const planted = `mesh-session=${'A'.repeat(43)}`;
    for (const cookie of [`${id}; ${planted}`, `${planted}; ${id}`, `${id}; ${id}`]) {
      await expect(find({ id: cookie, csrf })).rejects.toThrow(refused('ERR_SESSION_COOKIE'));
    }
  });

  it.each<[string, (csrf: string) => string | undefined]>([
    ['without it', () => undefined],
    ['with an empty one', () => ''],
    ['with one letter changed', (csrf) => (csrf.startsWith('A') ? 'B' : 'A') + csrf.slice(1)],
    ['with two of them', (csrf) => `${csrf}, ${csrf}`],
    ['with a longer one', (csrf) => `${csrf}A`],
  ])("is refused %s: the page's secret (a cookie that was stolen)", async (_, change) => {
    const { id, csrf } = await mesh.signedIn();
    const changed = change(csrf);
    const stolen = { id, ...(changed === undefined ? {} : { csrf: changed }) };
    for (const method of ['GET', 'POST']) {
      await expect(find(stolen, { method })).rejects.toThrow(refused('ERR_CSRF_TOKEN'));
    }
  });

  describe('of a sign-in that a page began', () => {
    const kept = 'k'.repeat(43);
    const page = createHash('sha256').update(kept).digest('base64url');

    it('is served with what the page kept behind what it was handed over', async () => {
      const { id, csrf } = await mesh.signedIn({ page });
      expect(await find({ id, csrf: `${csrf}.${kept}` })).toBeDefined();
    });

    it.each<[string, (csrf: string) => string]>([
      ['what was handed over alone', (csrf) => csrf],
      ['what another page kept', (csrf) => `${csrf}.${'o'.repeat(43)}`],
      ['the digest of what it kept', (csrf) => `${csrf}.${page}`],
      ['nothing behind the dot', (csrf) => `${csrf}.`],
      ['something more', (csrf) => `${csrf}.${kept}.${kept}`],
      ['what it kept alone', () => kept],
      ['the two in the other order', (csrf) => `${kept}.${csrf}`],
    ])('is refused with %s (a session that somebody else has planted)', async (_, change) => {
      const { id, csrf } = await mesh.signedIn({ page });
      const proof = { id, csrf: change(csrf) };
      await expect(find(proof)).rejects.toThrow(refused('ERR_CSRF_TOKEN'));
    });

    it('is no other: what a page keeps is nothing to a session that a link began', async () => {
      const { id, csrf } = await mesh.signedIn();
      const proof = { id, csrf: `${csrf}.${kept}` };
      await expect(find(proof)).rejects.toThrow(refused('ERR_CSRF_TOKEN'));
    });
  });

  it("is refused with another session's secret", async () => {
    const [one, two] = [await mesh.signedIn(), await mesh.signedIn()];
    await expect(find({ id: one.id, csrf: two.csrf })).rejects.toThrow(refused('ERR_CSRF_TOKEN'));
  });

  it.each(['GET', 'HEAD'])(
    'that reads by %s may come from anywhere the secret is',
    async (method) => {
      const signed = await mesh.signedIn();
      expect(await find(signed, { method, origin: null })).toBeDefined();
    },
  );

  it.each(['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'get'])(
    'that may change something (%s) comes from a page of the mesh',
    async (method) => {
      const signed = await mesh.signedIn();
      expect(await find(signed, { method })).toBeDefined();
      for (const origin of [
        null,
        'null',
        'https://evil.test',
        'http://mesh.localhost:4001',
        'https://mesh.localhost:4000',
        'http://localhost:4000',
        `${MESH}/`,
        `${MESH}.evil.test`,
      ]) {
        await expect(find(signed, { method, origin })).rejects.toThrow(refused('ERR_CSRF_ORIGIN'));
      }
    },
  );
});

describe('a session', () => {
  it('lasts while it is used, and half an hour longer', async () => {
    const signed = await mesh.signedIn();
    for (let count = 0; count < 3; count++) {
      mesh.clock.jump(IDLE_MS - 1);
      await mesh.sessions.open(mesh.request(signed));
    }
    mesh.clock.jump(IDLE_MS);
    await expect(find(signed)).rejects.toThrow(ENDED);
    expect(reasonOf(signed)).toBe('idle');
  });

  it('is not kept alive by a page that asks by itself', async () => {
    const signed = await mesh.signedIn();
    mesh.clock.jump(IDLE_MS - 1);
    const headers = { 'x-unattended': '1' };
    expect(await mesh.sessions.open(mesh.request(signed, { headers }))).toBeDefined();
    mesh.clock.jump(1);
    await expect(find(signed)).rejects.toThrow(ENDED);
    expect(reasonOf(signed)).toBe('idle');
  });

  it('is not kept alive by a cookie alone', async () => {
    const signed = await mesh.signedIn();
    mesh.clock.jump(IDLE_MS - 1);
    await expect(find({ id: signed.id })).rejects.toThrow(refused('ERR_CSRF_TOKEN'));
    mesh.clock.jump(1);
    await expect(find(signed)).rejects.toThrow(ENDED);
  });

  it('lasts eight hours at most, however it is used', async () => {
    const signed = await mesh.signedIn();
    const step = MAX_MS / 32;
    for (let count = 1; count < 32; count++) {
      mesh.clock.jump(step);
      await mesh.sessions.open(mesh.request(signed));
    }
    mesh.clock.jump(step);
    await expect(find(signed)).rejects.toThrow(ENDED);
    expect(reasonOf(signed)).toBe('over');
  });

  it('tells its page the nearer of its ends', async () => {
    const signed = await mesh.signedIn();
    const end = mesh.clock.now() + MAX_MS;
    mesh.sessions.close();
    for (let passed = 0; passed < MAX_MS - IDLE_MS; passed += IDLE_MS / 2) {
      mesh.clock.jump(IDLE_MS / 2);
      await mesh.sessions.open(mesh.request(signed));
    }
    at.accessToken = (claims) => ({
      ...claims,
      iat: Math.floor(mesh.clock.now() / 1000),
      exp: Math.floor(mesh.clock.now() / 1000) + 600,
    });
    mesh.clock.jump(1000);
    const { session } = (await find(signed))!;
    expect([session.endsAt, session.idleEndsAt]).toEqual([new Date(end), new Date(end)]);
  });

  it('that is over is looked for twice a minute, and its requests hear of it', async () => {
    const [idle, used] = [await mesh.signedIn(), await mesh.signedIn()];
    const { session } = (await find(idle))!;
    mesh.clock.jump(IDLE_MS - 1);
    await mesh.sessions.open(mesh.request(used));
    const ended = new Promise((done) => session.ended.addEventListener('abort', done));
    mesh.clock.advance(30_000);
    await ended;
    expect(session.ended.reason).toEqual(ENDED);
    expect([await mesh.store.get(idle.hash), await mesh.store.get(used.hash)]).toEqual([
      undefined,
      expect.anything(),
    ]);
    mesh.close();
    mesh.close();
    expect(mesh.clock.waits).toEqual([]);
  });

  it('that ends takes what runs with it, and its refresh token', async () => {
    const signed = await mesh.signedIn();
    const { session } = (await find(signed))!;
    await mesh.sessions.end(signed.hash, 'signed out');
    expect(session.ended.reason).toEqual(ENDED);
    await expect(find(signed)).rejects.toThrow(ENDED);
    await at.until('/revoke');
    const { form } = at.asked.find(({ path }) => path === '/revoke')!;
    expect([form.get('token'), form.get('token_type_hint')]).toEqual([
      'refresh-1',
      'refresh_token',
    ]);
    expect(reasonOf(signed)).toBe('signed out');
  });

  it('that ends while a request comes in is over for that one too', async () => {
    const signed = await mesh.signedIn();
    mesh.store.touch = (hash) => mesh.sessions.end(hash, 'signed out');
    await expect(find(signed)).rejects.toThrow(ENDED);
  });

  it('ends twice without a word', async () => {
    const signed = await mesh.signedIn();
    await mesh.sessions.end(signed.hash, 'signed out');
    const lines = mesh.lines.length;
    await mesh.sessions.end(signed.hash, 'signed out');
    expect(mesh.lines).toHaveLength(lines);
  });

  it('is one of thirty-two of a person: the oldest gives way', async () => {
    const first = await mesh.signedIn();
    const second = await mesh.signedIn();
    for (let count = 2; count < 32; count++) await mesh.signedIn();
    expect(await find(first)).toBeDefined();
    await mesh.signedIn();
    await expect(find(first)).rejects.toThrow(ENDED);
    expect(await find(second)).toBeDefined();
    expect(reasonOf(first)).toBe('too many of this person');
  });

  it('begins where there is room', async () => {
    Object.defineProperty(mesh.store, 'add', { value: async () => false });
    await expect(mesh.signedIn()).rejects.toThrow(refused('ERR_SIGN_IN_BUSY'));
    await at.until('/revoke');
  });

  it('shows nothing of its tokens in the log', async () => {
    const signed = await mesh.signedIn();
    at.fails = 500;
    mesh.clock.jump(TOKEN_MS);
    await expect(find(signed)).rejects.toThrow();
    await mesh.sessions.end(signed.hash, 'signed out');
    const text = inspect(mesh.lines, { depth: 20 });
    for (const secret of [/eyJ/, /refresh-\d/, /\bann\b/i, signed.id.slice(13), signed.csrf]) {
      expect(text).not.toMatch(secret);
    }
  });
});

describe('the access token of a session', () => {
  /** From now on tokens are of the time that the session has. */
  const followClock = () => {
    at.accessToken = (claims) => {
      const now = Math.floor(mesh.clock.now() / 1000);
      return { ...claims, iat: now, exp: now + 600 };
    };
  };
  const refreshes = () =>
    at.tokenRequests.filter((form) => form.get('grant_type') === 'refresh_token');
  const almostOver = TOKEN_MS - 120_000;

  beforeEach(followClock);

  it('is the same as long as a request can use it to its end', async () => {
    const signed = await mesh.signedIn();
    const one = (await find(signed))!.accessToken;
    mesh.clock.jump(almostOver - 1000);
    expect((await find(signed))!.accessToken).toBe(one);
    expect(refreshes()).toEqual([]);
  });

  it('is renewed before it ends, with a refresh token that is another each time', async () => {
    const signed = await mesh.signedIn();
    const one = (await find(signed))!.accessToken;
    mesh.clock.jump(almostOver);
    const two = (await find(signed))!.accessToken;
    mesh.clock.jump(almostOver);
    const three = (await find(signed))!.accessToken;
    expect(new Set([one, two, three]).size).toBe(3);
    expect(refreshes().map((form) => form.get('refresh_token'))).toEqual([
      'refresh-1',
      'refresh-2',
    ]);
    expect(refreshes()[0]!.get('resource')).toBe('https://mesh.test/api');
  });

  it('is renewed once for all that wait: twice looks like theft', async () => {
    const signed = await mesh.signedIn();
    mesh.clock.jump(almostOver);
    const found = await Promise.all(Array.from({ length: 10 }, () => find(signed)));
    expect(new Set(found.map((one) => one!.accessToken)).size).toBe(1);
    expect(refreshes()).toHaveLength(1);
  });

  it('is renewed once also for who looked before and comes after', async () => {
    const signed = await mesh.signedIn();
    mesh.clock.jump(almostOver);
    const old = (await mesh.store.get(signed.hash))!;
    await find(signed);
    // As a store that answers late: the one request has the record from before the other's refresh.
    const { get } = mesh.store;
    let late = true;
    mesh.store.get = (hash) => {
      if (!late) return get.call(mesh.store, hash);
      late = false;
      return Promise.resolve(old);
    };
    expect((await find(signed))!.accessToken).not.toBe(old.tokens.access);
    expect(refreshes()).toHaveLength(1);
  });

  it('keeps its refresh token where the issuer gives no other', async () => {
    const signed = await mesh.signedIn();
    at.answer = ({ refresh_token: _, ...body }) => body;
    mesh.clock.jump(almostOver);
    await find(signed);
    mesh.clock.jump(almostOver);
    await find(signed);
    expect(refreshes().map((form) => form.get('refresh_token'))).toEqual([
      'refresh-1',
      'refresh-1',
    ]);
  });

  it('lives on while the issuer is down, and no longer', async () => {
    const signed = await mesh.signedIn();
    const { accessToken } = (await find(signed))!;
    at.fails = 'closed';
    mesh.clock.jump(TOKEN_MS - 1000);
    expect((await find(signed))!.accessToken).toBe(accessToken);
    mesh.clock.jump(1000);
    await expect(find(signed)).rejects.toThrow(refused('ERR_SIGN_IN_UNAVAILABLE'));
    at.fails = undefined;
    expect((await find(signed))!.accessToken).not.toBe(accessToken);
  });

  it('is not asked for again within five seconds while it lives', async () => {
    const signed = await mesh.signedIn();
    at.fails = 500;
    mesh.clock.jump(almostOver);
    await find(signed);
    const asked = at.asked.length;
    mesh.clock.jump(4_999);
    await find(signed);
    expect(at.asked).toHaveLength(asked);
    mesh.clock.jump(1);
    await find(signed);
    expect(at.asked.length).toBeGreaterThan(asked);
  });

  it('ends with the session where the issuer says so', async () => {
    const signed = await mesh.signedIn();
    const { session } = (await find(signed))!;
    at.answer = () => ({ error: 'invalid_grant' });
    mesh.clock.jump(almostOver);
    await expect(find(signed)).rejects.toThrow(ENDED);
    expect(session.ended.reason).toEqual(ENDED);
    expect(reasonOf(signed)).toBe('ended by the issuer');
  });

  it('goes on where the issuer says no to the gateway, and not to the session', async () => {
    const signed = await mesh.signedIn();
    at.answer = () => ({ error: 'invalid_client' });
    mesh.clock.jump(almostOver);
    expect(await find(signed)).toBeDefined();
    expect(refreshes()).toHaveLength(1);
  });

  it('without a refresh token is good to its end, and the session with it', async () => {
    at.answer = ({ refresh_token: _, ...body }) => body;
    const signed = await mesh.signedIn();
    mesh.clock.jump(TOKEN_MS - 1000);
    expect(await find(signed)).toBeDefined();
    mesh.clock.jump(1000);
    await expect(find(signed)).rejects.toThrow(ENDED);
    expect(reasonOf(signed)).toBe('over');
  });

  it.each<[string, () => void]>([
    ['ID token', () => (at.idToken = (claims) => ({ ...claims, sub: 'bob' }))],
    [
      'access token',
      () => {
        at.idToken = null;
        at.accessToken = (claims) => ({ ...claims, sub: 'bob' });
      },
    ],
  ])(
    'is of the same person for ever: another one in the %s ends the session',
    async (_, change) => {
      const signed = await mesh.signedIn();
      change();
      mesh.clock.jump(almostOver);
      await expect(find(signed)).rejects.toThrow(ENDED);
      expect(reasonOf(signed)).toBe('the issuer answered for somebody else');
    },
  );

  it('may be renewed without an ID token', async () => {
    const signed = await mesh.signedIn();
    at.idToken = null;
    mesh.clock.jump(almostOver);
    expect(await find(signed)).toBeDefined();
    expect(refreshes()).toHaveLength(1);
  });

  it('that cannot be verified is not taken, and the refresh token that came with it not lost', async () => {
    const signed = await mesh.signedIn();
    const { accessToken } = (await find(signed))!;
    at.accessToken = (claims) => ({ ...claims, aud: 'https://other.test' });
    mesh.clock.jump(almostOver);
    expect((await find(signed))!.accessToken).toBe(accessToken);
    followClock();
    mesh.clock.jump(5_000);
    expect((await find(signed))!.accessToken).not.toBe(accessToken);
    expect(refreshes().map((form) => form.get('refresh_token'))).toEqual([
      'refresh-1',
      'refresh-2',
    ]);
  });

  it('that comes after the session has ended is taken back', async () => {
    const signed = await mesh.signedIn();
    at.onToken = () => mesh.sessions.end(signed.hash, 'signed out');
    mesh.clock.jump(almostOver);
    await expect(find(signed)).rejects.toThrow(ENDED);
    expect(await mesh.store.get(signed.hash)).toBeUndefined();
    const taken = () =>
      at.asked.filter(({ path }) => path === '/revoke').map(({ form }) => form.get('token'));
    while (taken().length < 2) await new Promise((done) => setImmediate(done));
    expect(taken().sort()).toEqual(['refresh-1', 'refresh-2']);
  });
});
