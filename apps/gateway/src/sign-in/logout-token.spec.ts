import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { FakeClock } from '@test/kit';
import { SignJWT, UnsecuredJWT } from 'jose';
import { CLIENT_ID, ScriptedIssuer } from '../../test/scripted-issuer.js';
import { SignInUnderTest } from '../../test/sign-in-under-test.js';
import { LogoutTokens } from './logout-token.js';

const EVENT = 'http://schemas.openid.net/event/backchannel-logout';
const REFUSED = expect.objectContaining({ code: 'ERR_LOGOUT_TOKEN' });

let at: ScriptedIssuer;
let mesh: SignInUnderTest<FakeClock>;
let tokens: LogoutTokens;
let made = 0;
beforeEach(async () => {
  at = await ScriptedIssuer.start();
  mesh = SignInUnderTest.at(at, new FakeClock());
  tokens = new LogoutTokens(mesh.issuer, mesh.clock);
});
afterEach(async () => {
  mesh.close();
  await at.close();
});

const now = () => Math.floor(mesh.clock.now() / 1000);
const claims = () => ({
  iss: at.url,
  aud: CLIENT_ID,
  iat: now(),
  exp: now() + 120,
  jti: `logout-${++made}`,
  events: { [EVENT]: {} },
  sub: 'ann',
  sid: 's1',
});
type Claims = ReturnType<typeof claims> & Record<string, unknown>;
const signed = (
  change: (claims: Claims) => object = (one) => one,
  header = { typ: 'logout+jwt' },
) => at.sign(change(claims()) as never, header);

describe('a logout token', () => {
  it('says whose sessions are over', async () => {
    expect(await tokens.verify(await signed())).toEqual({
      issuer: at.url,
      subject: 'ann',
      sid: 's1',
    });
  });

  it.each<[string, (claims: Claims) => object]>([
    ['of a session', ({ sub: _, ...rest }) => rest],
    ['of a person', ({ sid: _, ...rest }) => rest],
    ['for several clients', (one) => ({ ...one, aud: ['other', CLIENT_ID] })],
    ['of five minutes ago', (one) => ({ ...one, iat: now() - 300 })],
    ['by a clock that is half a minute ahead', (one) => ({ ...one, iat: now() + 30 })],
    [
      'by a clock that is half a minute behind',
      (one) => ({ ...one, iat: now() - 60, exp: now() - 29 }),
    ],
  ])('may be one %s', async (_, change) => {
    await tokens.verify(await signed(change));
  });

  it.each(['logout+jwt', 'application/logout+jwt', 'Logout+JWT', 'JWT'])(
    'may be a %s',
    async (typ) => {
      await tokens.verify(await signed(undefined, { typ }));
    },
  );

  it('may say no type', async () => {
    await tokens.verify(await at.sign(claims()));
  });

  it.each<[string, (claims: Claims) => object]>([
    ['of another issuer', (one) => ({ ...one, iss: 'https://other.test' })],
    ['for another client', (one) => ({ ...one, aud: 'other' })],
    ['for nobody', ({ aud: _, ...rest }) => rest],
    ['that is over', (one) => ({ ...one, iat: now() - 60, exp: now() - 30 })],
    ['that never ends', ({ exp: _, ...rest }) => rest],
    ['without a time', ({ iat: _, ...rest }) => rest],
    ['that is old', (one) => ({ ...one, iat: now() - 331 })],
    ['of an hour from now', (one) => ({ ...one, iat: now() + 3600, exp: now() + 3700 })],
    ['without an ID', ({ jti: _, ...rest }) => rest],
    ['with an empty ID', (one) => ({ ...one, jti: '' })],
    ['without an event', ({ events: _, ...rest }) => rest],
    ['of another event', (one) => ({ ...one, events: { 'http://other.test': {} } })],
    ['with an event that is no object', (one) => ({ ...one, events: { [EVENT]: true } })],
    ['with a list of events', (one) => ({ ...one, events: [EVENT] })],
    ['with a nonce, as an ID token has', (one) => ({ ...one, nonce: 'n' })],
    ['of nobody', ({ sub: _, sid: __, ...rest }) => rest],
    ['of a number', (one) => ({ ...one, sid: 1 })],
    ['of an empty session', (one) => ({ ...one, sid: '' })],
  ])('is refused: one %s', async (_, change) => {
    await expect(tokens.verify(await signed(change))).rejects.toThrow(REFUSED);
  });

  it.each(['at+jwt', 'dpop+jwt', 'secevent+jwt'])('is no %s', async (typ) => {
    await expect(tokens.verify(await signed(undefined, { typ }))).rejects.toThrow(REFUSED);
  });

  it('counts once', async () => {
    const token = await signed();
    await tokens.verify(token);
    await expect(tokens.verify(token)).rejects.toThrow(REFUSED);
    // Another one with its ID too.
    const { jti } = JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString()) as Claims;
    await expect(tokens.verify(await signed((one) => ({ ...one, jti })))).rejects.toThrow(REFUSED);
    mesh.clock.advance(331_000);
    await tokens.verify(await signed((one) => ({ ...one, jti })));
  });

  it('is signed by the issuer', async () => {
    const other = await ScriptedIssuer.start();
    try {
      const forged = await other.sign({ ...claims(), iss: at.url });
      await expect(tokens.verify(forged)).rejects.toThrow(REFUSED);
      const unknown = await other.sign({ ...claims(), iss: at.url }, { kid: 'k2' });
      await expect(tokens.verify(unknown)).rejects.toThrow(REFUSED);
    } finally {
      await other.close();
    }
    await expect(tokens.verify(new UnsecuredJWT(claims()).encode())).rejects.toThrow(REFUSED);
    const secret = new SignJWT(claims()).setProtectedHeader({ alg: 'HS256' });
    const bySecret = await secret.sign(Buffer.from(CLIENT_ID.padEnd(32)));
    await expect(tokens.verify(bySecret)).rejects.toThrow(REFUSED);
  });

  it.each(['', 'x', 'a.b.c', `${'x'.repeat(8 * 1024)}x`])('is no %.12s', async (text) => {
    await expect(tokens.verify(text)).rejects.toThrow(REFUSED);
    // Nothing is fetched for what cannot be one.
    expect(at.asked).toEqual([]);
  });

  it('cannot be judged without the issuer, and is not taken for that', async () => {
    const token = await signed();
    at.fails = 'closed';
    await expect(tokens.verify(token)).rejects.toMatchObject({ code: 'ERR_SIGN_IN_UNAVAILABLE' });
    at.fails = undefined;
    mesh.clock.advance(1000);
    await tokens.verify(token);
  });

  it('fetches the keys once for many', async () => {
    for (let count = 0; count < 5; count++) await tokens.verify(await signed());
    expect(at.paths).toEqual(['/.well-known/openid-configuration', '/jwks']);
  });

  it('quotes nothing of itself when it is refused', async () => {
    const failure: unknown = await tokens
      .verify(await signed((one) => ({ ...one, aud: 'other', sub: 'secret-person' })))
      .catch((error: unknown) => error);
    expect(failure).toEqual(REFUSED);
    expect((failure as Error).cause).toBeUndefined();
    expect((failure as Error).message).not.toContain('secret-person');
  });
});
