import { createHash } from 'node:crypto';
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { FakeClock } from '@test/kit';
import { createLocalJWKSet, jwtVerify, type JWTPayload } from 'jose';
import { CLIENT_ID, MESH, RESOURCE, ScriptedIssuer } from '../../test/scripted-issuer.js';
import { pairOf, SignInUnderTest } from '../../test/sign-in-under-test.js';

const refused = (code: string, more: object = {}) => expect.objectContaining({ code, ...more });

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

const begin = async (cookies = '') => {
  const { location, cookies: set } = await mesh.signIn.begin('/verify', { cookie: cookies });
  return { location, cookie: pairOf(set[0]!) };
};

describe('a sign-in begins', () => {
  it('at the issuer, with all that binds the answer to it', async () => {
    const { location, cookies } = await mesh.signIn.begin('/verify', {});
    const { origin, pathname, searchParams } = new URL(location);
    expect(origin + pathname).toBe(`${at.url}/auth`);
    expect(Object.fromEntries(searchParams)).toEqual({
      client_id: CLIENT_ID,
      response_type: 'code',
      redirect_uri: `${MESH}/sign-in/callback`,
      scope: 'openid research:fast research:deep',
      resource: RESOURCE,
      state: expect.stringMatching(/^[\w-]{43}$/),
      nonce: expect.stringMatching(/^[\w-]{43}$/),
      code_challenge: expect.stringMatching(/^[\w-]{43}$/),
      code_challenge_method: 'S256',
    });
    expect(cookies).toEqual([
      expect.stringMatching(
        /^mesh-sign-in=[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax; Max-Age=600$/,
      ),
    ]);
  });

  it('at the public address, whatever name of this machine the browser has for it', async () => {
    const [{ location, cookies }, other] = [
      await mesh.signIn.begin('/verify?a=1', { host: 'localhost:4000' }),
      await mesh.signIn.begin('/', { host: 'mesh.localhost:4000' }),
    ];
    expect([location, cookies]).toEqual([`${MESH}/sign-in?to=%2Fverify%3Fa%3D1`, []]);
    expect(other.location).toContain(`${at.url}/auth`);
  });

  it('not for a page that is elsewhere', async () => {
    await expect(mesh.signIn.begin('//evil.test', {})).rejects.toThrow(
      refused('ERR_SIGN_IN_TARGET'),
    );
    expect(at.asked).toEqual([]);
  });

  it.each<[string, () => void, string]>([
    ['is closed', () => void (at.fails = 'closed'), 'ERR_SIGN_IN_UNAVAILABLE'],
    ['fails', () => void (at.fails = 502), 'ERR_SIGN_IN_UNAVAILABLE'],
    ['has enough', () => void (at.fails = 429), 'ERR_SIGN_IN_UNAVAILABLE'],
    ['is not there', () => void (at.fails = 404), 'ERR_SIGN_IN_FAILED'],
    [
      'names itself otherwise',
      () => void (at.metadata = { issuer: 'https://other.test' }),
      'ERR_SIGN_IN_FAILED',
    ],
    [
      'names itself with a slash',
      () => void (at.metadata = { issuer: `${at.url}/` }),
      'ERR_SIGN_IN_FAILED',
    ],
    [
      'takes secrets alone',
      () => void (at.metadata = { token_endpoint_auth_methods_supported: ['client_secret_basic'] }),
      'ERR_SIGN_IN_CLIENT',
    ],
    [
      'takes keys of another kind',
      () => void (at.metadata = { token_endpoint_auth_signing_alg_values_supported: ['RS256'] }),
      'ERR_SIGN_IN_CLIENT',
    ],
    [
      'takes SVIDs, and does not see them',
      () => void (at.metadata = { token_endpoint_auth_methods_supported: ['tls_client_auth'] }),
      'ERR_SIGN_IN_CLIENT',
    ],
    [
      'takes a key that the gateway does not have',
      () => void (mesh.hasKey = false),
      'ERR_SIGN_IN_CLIENT',
    ],
  ])('not while the issuer %s', async (_, breakIt, code) => {
    breakIt();
    const kept = jest.spyOn(mesh.pending, 'begin');
    await expect(mesh.signIn.begin('/', {})).rejects.toThrow(refused(code));
    expect(kept).not.toHaveBeenCalled();
    await expect(mesh.issuer.ready()).rejects.toThrow(refused(code));
  });

  it('asks an issuer that failed no sooner than a second later, and then again', async () => {
    at.fails = 'closed';
    await expect(begin()).rejects.toThrow(refused('ERR_SIGN_IN_UNAVAILABLE'));
    at.fails = undefined;
    mesh.clock.advance(999);
    await expect(begin()).rejects.toThrow(refused('ERR_SIGN_IN_UNAVAILABLE'));
    expect(at.asked).toHaveLength(1);
    mesh.clock.advance(1);
    await begin();
  });

  it('by what the issuer announced in the last ten minutes, and asks once for all', async () => {
    await Promise.all([begin(), begin(), begin()]);
    mesh.clock.advance(599_999);
    await begin();
    expect(at.asked).toHaveLength(1);
    mesh.clock.advance(1);
    at.metadata = { authorization_endpoint: `${at.url}/other` };
    expect((await begin()).location).toContain('/other?');
  });

  it('by what was announced before while the issuer does not answer', async () => {
    await begin();
    at.fails = 'closed';
    mesh.clock.advance(600_000);
    await begin();
    await begin();
    expect(at.asked).toHaveLength(2);
  });
});

describe('a sign-in ends', () => {
  it('with a session, and where it was to lead', async () => {
    const { location, cookie } = await begin();
    const { location: next, cookies } = await mesh.signIn.finish(at.approve(location), cookie);
    const { pathname, search, hash } = new URL(next, MESH);
    expect([pathname, search]).toEqual(['/signed-in', '']);
    expect(Object.fromEntries(new URLSearchParams(hash.slice(1)))).toEqual({
      csrf: expect.stringMatching(/^[\w-]{43}$/),
      to: '/verify',
    });
    expect(cookies).toEqual([
      expect.stringMatching(
        /^mesh-session=[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax; Max-Age=28800$/,
      ),
    ]);
    expect(mesh.lines).toEqual([
      { event: 'session.started', session: expect.stringMatching(/^[\w-]{43}$/) },
    ]);
  });

  it("redeems the code with PKCE, for this API, proven by the gateway's key", async () => {
    const { location, cookie } = await begin();
    await mesh.signIn.finish(at.approve(location), cookie);
    const [form] = at.tokenRequests;
    expect(new URL(location).searchParams.get('code_challenge')).toBe(
      createHash('sha256').update(form!.get('code_verifier')!).digest('base64url'),
    );
    expect(Object.fromEntries(form!)).toMatchObject({
      grant_type: 'authorization_code',
      code: 'code-0',
      redirect_uri: `${MESH}/sign-in/callback`,
      code_verifier: expect.stringMatching(/^[\w-]{43}$/),
      resource: RESOURCE,
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    });
    const key = (await mesh.key())!;
    const { payload, protectedHeader } = await jwtVerify(
      form!.get('client_assertion')!,
      createLocalJWKSet({ keys: [key.publicJwk] }),
      { issuer: CLIENT_ID, subject: CLIENT_ID, audience: at.url },
    );
    expect(protectedHeader).toMatchObject({ alg: 'ES256', kid: key.kid });
    expect(payload.exp! - payload.iat!).toBeLessThanOrEqual(60);
  });

  it.each<[string, (answer: URLSearchParams) => unknown, string]>([
    ['no state', (answer) => answer.delete('state'), 'ERR_SIGN_IN_STATE'],
    ['two', (answer) => answer.append('state', answer.get('state')!), 'ERR_SIGN_IN_STATE'],
    [
      'a state that nobody has',
      (answer) => answer.set('state', 'x'.repeat(43)),
      'ERR_SIGN_IN_STATE',
    ],
    ['no iss', (answer) => answer.delete('iss'), 'ERR_SIGN_IN_ISSUER'],
    [
      'the iss of another',
      (answer) => answer.set('iss', 'https://evil.test'),
      'ERR_SIGN_IN_ISSUER',
    ],
    ['two iss', (answer) => answer.append('iss', 'https://evil.test'), 'ERR_SIGN_IN_ISSUER'],
    ['no code', (answer) => answer.delete('code'), 'ERR_SIGN_IN_FAILED'],
    ['two codes', (answer) => answer.append('code', 'other'), 'ERR_SIGN_IN_FAILED'],
    ['an ID token too', (answer) => answer.set('id_token', 'x'), 'ERR_SIGN_IN_FAILED'],
  ])('nowhere by an answer with %s, and no code is sent', async (_, change, code) => {
    const { location, cookie } = await begin();
    const answer = at.approve(location);
    change(answer);
    await expect(mesh.signIn.finish(answer, cookie)).rejects.toThrow(refused(code));
    expect(at.tokenRequests).toEqual([]);
  });

  it('without iss at an issuer that does not announce it, and never with that of another', async () => {
    at.metadata = { authorization_response_iss_parameter_supported: undefined };
    const [one, two] = [await begin(), await begin()];
    await mesh.signIn.finish(at.approve(one.location, { iss: undefined }), one.cookie);
    await expect(
      mesh.signIn.finish(at.approve(two.location, { iss: 'https://evil.test' }), two.cookie),
    ).rejects.toThrow(refused('ERR_SIGN_IN_ISSUER'));
  });

  it.each([
    ['access_denied', 'ERR_SIGN_IN_REFUSED', 'access_denied'],
    ['invalid_scope', 'ERR_SIGN_IN_REFUSED', 'invalid_scope'],
    ['temporarily_unavailable', 'ERR_SIGN_IN_UNAVAILABLE', 'temporarily_unavailable'],
    ['<script>alert(1)</script>', 'ERR_SIGN_IN_REFUSED', 'unknown'],
  ])('nowhere where the issuer says %s', async (error, code, reason) => {
    const { location, cookie } = await begin();
    const answer = at.approve(location, { code: undefined, error, error_description: 'secret' });
    const failure: unknown = await mesh.signIn.finish(answer, cookie).catch((one: unknown) => one);
    expect(failure).toEqual(refused(code, { reason }));
    expect((failure as Error).cause).toBeUndefined();
    // It is over with that.
    await expect(mesh.signIn.finish(answer, cookie)).rejects.toThrow(refused('ERR_SIGN_IN_STATE'));
  });

  it('once: the same address a second time leads nowhere, and sends no code', async () => {
    const { location, cookie } = await begin();
    const answer = at.approve(location);
    await mesh.signIn.finish(answer, cookie);
    await expect(mesh.signIn.finish(answer, cookie)).rejects.toThrow(refused('ERR_SIGN_IN_STATE'));
    expect(at.tokenRequests).toHaveLength(1);
  });

  it("in the browser that began it: another's answer signs nobody in (login CSRF)", async () => {
    const attacker = await begin();
    const victim = await begin();
    const answer = at.approve(attacker.location);
    for (const cookies of [victim.cookie, '', undefined]) {
      await expect(mesh.signIn.finish(answer, cookies)).rejects.toThrow(
        refused('ERR_SIGN_IN_STATE'),
      );
    }
    expect(at.tokenRequests).toEqual([]);
  });

  it('by the code of its own request alone: another code has another nonce', async () => {
    const [one, two] = [await begin(), await begin()];
    const code = at.approve(two.location).get('code')!;
    await expect(
      mesh.signIn.finish(at.approve(one.location, { code }), one.cookie),
    ).rejects.toThrow(
      refused('ERR_SIGN_IN_FAILED', { reason: 'OAUTH_JWT_CLAIM_COMPARISON_FAILED' }),
    );
  });

  const now = () => Math.floor(Date.now() / 1000);
  it.each<[string, (claims: JWTPayload) => JWTPayload]>([
    ['of another issuer', (claims) => ({ ...claims, iss: 'https://other.test' })],
    ['for another client', (claims) => ({ ...claims, aud: 'other' })],
    ['without the nonce', ({ nonce: _, ...claims }) => claims],
    ['that is over', (claims) => ({ ...claims, exp: now() - 60 })],
    [
      'by a clock an hour behind',
      (claims) => ({ ...claims, iat: now() - 3600, exp: now() - 3000 }),
    ],
    ['that is not valid yet', (claims) => ({ ...claims, nbf: now() + 3600 })],
    ['of somebody else than the access token', (claims) => ({ ...claims, sub: 'bob' })],
  ])('nowhere with an ID token %s', async (_, change) => {
    at.idToken = change;
    await expect(mesh.signedIn()).rejects.toThrow(refused('ERR_SIGN_IN_FAILED'));
  });

  it('nowhere without an ID token', async () => {
    at.idToken = null;
    await expect(mesh.signedIn()).rejects.toThrow(refused('ERR_SIGN_IN_FAILED'));
  });

  it('nowhere with an ID token that another key signed, even if it came from the issuer', async () => {
    const other = await ScriptedIssuer.start();
    try {
      at.metadata = { token_endpoint: `${other.url}/token` };
      other.idToken = (claims) => ({ ...claims, iss: at.url });
      const { location, cookie } = await begin();
      const answer = at.approve(location);
      other.approve(location);
      await expect(mesh.signIn.finish(answer, cookie)).rejects.toThrow(
        refused('ERR_SIGN_IN_FAILED'),
      );
    } finally {
      await other.close();
    }
  });

  it.each<[string, (claims: JWTPayload) => JWTPayload, string]>([
    [
      'for another API',
      (claims) => ({ ...claims, aud: 'https://other.test' }),
      'ERR_ACCESS_TOKEN_AUDIENCE',
    ],
    ['that is over', (claims) => ({ ...claims, exp: now() - 1 }), 'ERR_ACCESS_TOKEN_EXPIRED'],
    ['bound to a key', (claims) => ({ ...claims, cnf: { jkt: 'x' } }), 'ERR_ACCESS_TOKEN_BOUND'],
    [
      'of a person without a role here',
      (claims) => ({ ...claims, roles: ['guest'] }),
      'ERR_ACCESS_TOKEN_PERSON',
    ],
  ])('nowhere with an access token %s; it is taken back', async (_, change, code) => {
    at.accessToken = change;
    await expect(mesh.signedIn()).rejects.toThrow(refused(code));
    await at.until('/revoke');
  });

  it.each<[string, () => void, string]>([
    ['goes away', () => void (at.fails = 'closed'), 'ERR_SIGN_IN_UNAVAILABLE'],
    ['fails', () => void (at.fails = 500), 'ERR_SIGN_IN_UNAVAILABLE'],
    [
      'refuses the code',
      () => void (at.answer = () => ({ error: 'invalid_grant' })),
      'ERR_SIGN_IN_FAILED',
    ],
    [
      'refuses the gateway',
      () => void (at.answer = () => ({ error: 'invalid_client' })),
      'ERR_SIGN_IN_FAILED',
    ],
    [
      'gives a token of another kind',
      () => void (at.answer = (body) => ({ ...body, token_type: 'mac' })),
      'ERR_SIGN_IN_FAILED',
    ],
  ])(
    'nowhere where the issuer %s meanwhile, and nothing of its answer is kept in the error',
    async (_, breakIt, code) => {
      const { location, cookie } = await begin();
      const answer = at.approve(location);
      breakIt();
      const failure: unknown = await mesh.signIn
        .finish(answer, cookie)
        .catch((one: unknown) => one);
      expect(failure).toEqual(refused(code));
      expect(inspect(failure, { depth: 20 })).not.toMatch(/refresh-|eyJ/);
    },
  );

  it('with another ID each time; the session that the browser had before is over', async () => {
    const first = await mesh.signedIn();
    const second = await mesh.signedIn({ cookies: first.id });
    expect(second.id).not.toBe(first.id);
    expect(second.csrf).not.toBe(first.csrf);
    // Who has the cookie has not the secret.
    expect(second.id).not.toContain(second.csrf);
    await expect(mesh.sessions.find(mesh.request(first))).rejects.toThrow(
      refused('ERR_SESSION_ENDED'),
    );
    expect(await mesh.sessions.find(mesh.request(second))).toBeDefined();
    expect(mesh.lines).toContainEqual({
      event: 'session.ended',
      session: first.hash,
      reason: 'signed in again',
    });
  });

  it('with an ID that nobody chose: a planted cookie opens nothing (session fixation)', async () => {
    const planted = `mesh-session=${'A'.repeat(43)}`;
    const { id, csrf } = await mesh.signedIn({ cookies: planted });
    expect(id).not.toBe(planted);
    await expect(mesh.sessions.find(mesh.request({ id: planted, csrf }))).rejects.toThrow(
      refused('ERR_SESSION_ENDED'),
    );
  });
});

describe('who has signed out here', () => {
  it('is led to sign out at the issuer, without a token in the address', async () => {
    const { origin, pathname, searchParams } = new URL(await mesh.signIn.signedOutLocation());
    expect(origin + pathname).toBe(`${at.url}/end`);
    expect(Object.fromEntries(searchParams)).toEqual({
      client_id: CLIENT_ID,
      post_logout_redirect_uri: `${MESH}/signed-out`,
      state: expect.any(String),
    });
  });

  it.each<[string, () => void]>([
    ['has no place for it', () => void (at.metadata = { end_session_endpoint: undefined })],
    ['is not there', () => void (at.fails = 'closed')],
  ])('is told so where the issuer %s', async (_, breakIt) => {
    breakIt();
    expect(await mesh.signIn.signedOutLocation()).toBe('/signed-out');
  });
});
