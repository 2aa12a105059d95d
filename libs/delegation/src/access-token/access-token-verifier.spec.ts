import { createHmac } from 'node:crypto';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { FakeClock } from '@test/kit';
import { exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';
import { withCode } from '../../test/domain.js';
import { AccessTokenVerifier, type AccessTokenVerifierOptions } from './access-token-verifier.js';

const ISSUER = 'https://login.test';
const API = 'https://mesh.test/api';
const DISCOVERY = `${ISSUER}/.well-known/openid-configuration`;
const JWKS = `${ISSUER}/jwks`;

interface Key {
  readonly alg: string;
  readonly kid: string;
  readonly privateKey: CryptoKey;
  readonly jwk: JWK;
}

async function keyOf(alg: string, kid: string): Promise<Key> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  return { alg, kid, privateKey, jwk: { ...(await exportJWK(publicKey)), kid } };
}

let key: Key;
let next: Key;
let rsa: Key;

beforeAll(async () => {
  [key, next, rsa] = await Promise.all([
    keyOf('ES256', 'k1'),
    keyOf('ES256', 'k2'),
    keyOf('RS256', 'r1'),
  ]);
});

/** An issuer that a test drives. */
function scene(options: AccessTokenVerifierOptions = {}) {
  const clock = new FakeClock();
  const fetched: string[] = [];
  const issuer = {
    fetched,
    documents: {
      [DISCOVERY]: { issuer: ISSUER, jwks_uri: JWKS },
      [JWKS]: { keys: [key.jwk, rsa.jwk] },
    } as Record<string, unknown>,
    keys: (...keys: unknown[]) => (issuer.documents[JWKS] = { keys }),
  };
  const verifier = new AccessTokenVerifier(
    ISSUER,
    API,
    async (url) => {
      fetched.push(url);
      const document = issuer.documents[url];
      const text = typeof document === 'string' ? document : JSON.stringify(document);
      return { status: document === undefined ? 404 : 200, body: text ?? '' };
    },
    { clock, ...options },
  );
  const seconds = () => Math.floor(clock.now() / 1000);
  const sign = (claims: object = {}, header: object = {}, by = key) =>
    new SignJWT({
      iss: ISSUER,
      aud: API,
      sub: 'a1',
      client_id: 'cli',
      iat: seconds(),
      exp: seconds() + 600,
      scope: 'research:fast draft:write',
      ...claims,
    })
      .setProtectedHeader({ typ: 'at+jwt', alg: by.alg, kid: by.kid, ...header })
      .sign(by.privateKey);
  return { clock, issuer, verifier, seconds, sign };
}

const refused = (promise: Promise<unknown>, rule: string) =>
  expect(promise).rejects.toThrow(withCode(`ERR_ACCESS_TOKEN_${rule}`));
const b64 = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

describe('AccessTokenVerifier accepts', () => {
  it('a token as RFC 9068 says', async () => {
    const { verifier, sign, seconds } = scene();
    const claims = { roles: ['analyst'], groups: ['g'], acr: 'high', amr: ['pwd'], auth_time: 5 };
    expect(await verifier.verify(await sign(claims))).toEqual({
      issuer: ISSUER,
      subject: 'a1',
      clientId: 'cli',
      scope: ['research:fast', 'draft:write'],
      expiresAt: seconds() + 600,
      roles: ['analyst'],
      groups: ['g'],
      acr: 'high',
      amr: ['pwd'],
      authTime: 5,
    });
  });

  it('one without scope and roles, for several audiences, with the long typ', async () => {
    const { verifier, sign } = scene();
    const text = await sign({ scope: undefined, aud: ['x', API] }, { typ: 'application/AT+jwt' });
    expect(await verifier.verify(text)).toMatchObject({ scope: [], roles: [], groups: [] });
    expect(await verifier.verify(await sign({ scope: '' }))).toMatchObject({ scope: [] });
  });

  it.each(['ES384', 'RS256', 'PS256'])('one signed with %s', async (alg) => {
    const { verifier, issuer, sign } = scene();
    const other = await keyOf(alg, 'other');
    issuer.keys(other.jwk);
    expect((await verifier.verify(await sign({}, {}, other))).subject).toBe('a1');
  });

  it('one at the edge of what clocks differ', async () => {
    const { clock, verifier, sign, seconds } = scene();
    const text = await sign({ iat: seconds() + 29, exp: seconds() + 60 });
    await verifier.verify(text);
    // None at the end: what is issued for a token could not outlive it.
    clock.advance(59_000);
    await verifier.verify(text);
    clock.advance(1_000);
    await refused(verifier.verify(text), 'EXPIRED');
  });
});

describe('AccessTokenVerifier refuses', () => {
  it('what is no JWT', async () => {
    const { verifier, sign } = scene();
    const [header] = (await sign()).split('.');
    for (const text of ['', 'x', 'a.b.c', 'x'.repeat(16 * 1024 + 1)]) {
      await refused(verifier.verify(text), 'MALFORMED');
    }
    await refused(verifier.verify(`${header}.e30.AAAA`), 'SIGNATURE');
  });

  it('a payload that is signed and no JSON', async () => {
    const { CompactSign } = await import('jose');
    const { verifier } = scene();
    const text = await new CompactSign(Buffer.from('text'))
      .setProtectedHeader({ typ: 'at+jwt', alg: 'ES256', kid: 'k1' })
      .sign(key.privateKey);
    await refused(verifier.verify(text), 'MALFORMED');
  });

  it.each([{ typ: 'JWT' }, { typ: undefined }, { typ: 'txntoken+jwt' }, { typ: 'id+jwt' }])(
    'another type: %j',
    async (header) => {
      const { verifier, sign } = scene();
      await refused(verifier.verify(await sign({}, header)), 'TYPE');
    },
  );

  it('other algorithms: none, HMAC with the public key, another than the key’s', async () => {
    const { verifier, issuer, sign } = scene();
    const [, claims] = (await sign()).split('.');
    const none = `${b64({ typ: 'at+jwt', alg: 'none', kid: 'k1' })}.${claims}.`;
    await refused(verifier.verify(none), 'ALGORITHM');
    const input = `${b64({ typ: 'at+jwt', alg: 'HS256', kid: 'k1' })}.${claims}`;
    const mac = createHmac('sha256', JSON.stringify(key.jwk)).update(input).digest('base64url');
    await refused(verifier.verify(`${input}.${mac}`), 'ALGORITHM');
    const confused = `${b64({ typ: 'at+jwt', alg: 'RS256', kid: 'k1' })}.${claims}.AAAA`;
    await refused(verifier.verify(confused), 'ALGORITHM');
    const pss = scene();
    pss.issuer.keys({ ...rsa.jwk, alg: 'PS256' });
    await refused(pss.verifier.verify(await sign({}, {}, rsa)), 'ALGORITHM');
    expect(issuer.fetched).toHaveLength(2);
  });

  it.each(['jwk', 'jku', 'x5c', 'x5u'])('a key from elsewhere: %s', async (name) => {
    const { verifier, sign } = scene();
    await refused(verifier.verify(await sign({}, { [name]: 'x' })), 'HEADER');
  });

  it('extensions of the header', async () => {
    const { verifier, sign } = scene();
    const [, claims] = (await sign()).split('.');
    const header = { typ: 'at+jwt', alg: 'ES256', kid: 'k1', crit: ['x'], x: 1 };
    await refused(verifier.verify(`${b64(header)}.${claims}.AAAA`), 'HEADER');
  });

  it('a signature by another key, and no kid', async () => {
    const { verifier, sign } = scene();
    await refused(verifier.verify(await sign({}, { kid: 'k1' }, next)), 'SIGNATURE');
    await refused(verifier.verify(await sign({}, { kid: undefined })), 'KEY_UNKNOWN');
  });

  it('another issuer or audience, and a token bound to a key', async () => {
    const { verifier, sign } = scene();
    await refused(verifier.verify(await sign({ iss: 'https://evil.test' })), 'ISSUER');
    await refused(verifier.verify(await sign({ iss: `${ISSUER}/` })), 'ISSUER');
    for (const aud of [undefined, 'x', ['x'], [], 5]) {
      await refused(verifier.verify(await sign({ aud })), 'AUDIENCE');
    }
    await refused(verifier.verify(await sign({ cnf: { jkt: 'x' } })), 'BOUND');
  });

  it('an expired token, and one from the future', async () => {
    const { verifier, sign, seconds } = scene();
    await refused(verifier.verify(await sign({ exp: seconds() - 30 })), 'EXPIRED');
    await refused(verifier.verify(await sign({ iat: seconds() + 32 })), 'NOT_YET_VALID');
    await refused(verifier.verify(await sign({ nbf: seconds() + 32 })), 'NOT_YET_VALID');
  });

  it.each([
    ['sub', [undefined, '', 5, 'x'.repeat(256)]],
    ['client_id', [undefined, '']],
    ['iat', [undefined, 'x', -1]],
    ['exp', [undefined, 'x', null]],
    ['nbf', ['x']],
    ['scope', [5, 'a  b', ['a']]],
    ['roles', ['analyst', [1], [''], Array(129).fill('x')]],
    ['groups', [{}]],
    ['acr', [5]],
    ['amr', ['pwd']],
    ['auth_time', ['x']],
  ] as [string, unknown[]][])('a claim %s that is malformed', async (name, values) => {
    const { verifier, sign, seconds } = scene();
    for (const value of values) {
      const claims = {
        iss: ISSUER,
        aud: API,
        sub: 'a',
        client_id: 'c',
        iat: 1,
        exp: seconds() + 9,
      };
      const { CompactSign } = await import('jose');
      const text = await new CompactSign(Buffer.from(JSON.stringify({ ...claims, [name]: value })))
        .setProtectedHeader({ typ: 'at+jwt', alg: 'ES256', kid: 'k1' })
        .sign(key.privateKey);
      await refused(verifier.verify(text), 'CLAIM');
    }
    await refused(verifier.verify(await sign({ sub: '' })), 'CLAIM');
  });

  it('takes no skew beyond two minutes', () => {
    expect(() => scene({ clockSkewSeconds: 121 })).toThrow(RangeError);
    expect(() => scene({ clockSkewSeconds: Number.NaN })).toThrow(RangeError);
  });
});

describe('the issuer’s keys', () => {
  it('are fetched once, and a token is not verified twice', async () => {
    const { issuer, verifier, sign } = scene();
    const text = await sign();
    const [first] = await Promise.all([verifier.verify(text), verifier.verify(await sign())]);
    expect(await verifier.verify(text)).toBe(first);
    expect(issuer.fetched).toEqual([DISCOVERY, JWKS]);
  });

  it('are fetched again for an unknown one, at most once an interval', async () => {
    const { clock, issuer, verifier, sign } = scene();
    await verifier.verify(await sign());
    issuer.keys(key.jwk, next.jwk);
    const rotated = await sign({}, {}, next);
    await refused(verifier.verify(rotated), 'KEY_UNKNOWN');
    expect(issuer.fetched).toHaveLength(2);
    clock.advance(30_000);
    expect((await verifier.verify(rotated)).subject).toBe('a1');
    await refused(verifier.verify(await sign({}, { kid: 'k3' })), 'KEY_UNKNOWN');
    expect(issuer.fetched).toHaveLength(4);
  });

  it('count no more once retired, for a token that was seen as well', async () => {
    const { clock, issuer, verifier, sign } = scene();
    const text = await sign();
    await verifier.verify(text);
    issuer.keys(next.jwk);
    clock.advance(30_000);
    // The unknown key of another token brings the news.
    await verifier.verify(await sign({}, {}, next));
    await refused(verifier.verify(text), 'KEY_UNKNOWN');
  });

  it('are fetched again when they are old', async () => {
    const { clock, issuer, verifier, sign } = scene({ maxAgeMs: 60_000 });
    const text = await sign();
    await verifier.verify(text);
    issuer.keys(next.jwk);
    clock.advance(60_000);
    await refused(verifier.verify(text), 'KEY_UNKNOWN');
    expect(issuer.fetched).toHaveLength(4);
  });

  it('that cannot be fetched are asked for again a second later', async () => {
    const { clock, issuer, verifier, sign } = scene();
    const text = await sign();
    const keys = issuer.documents[JWKS];
    delete issuer.documents[JWKS];
    await refused(verifier.verify(text), 'KEYS_UNAVAILABLE');
    issuer.documents[JWKS] = keys;
    await refused(verifier.verify(text), 'KEYS_UNAVAILABLE');
    expect(issuer.fetched).toHaveLength(2);
    clock.advance(1000);
    expect((await verifier.verify(text)).subject).toBe('a1');
  });

  it('do not fail for all because one caller gave up', async () => {
    const { verifier, sign } = scene();
    const [impatient, patient] = [new AbortController(), new AbortController()];
    const text = await sign();
    const first = verifier.verify(text, { signal: impatient.signal });
    const second = verifier.verify(text, { signal: patient.signal });
    impatient.abort(new Error('gone'));
    await expect(first).rejects.toThrow('gone');
    expect((await second).subject).toBe('a1');
    const gone = scene();
    const { signal } = impatient;
    await expect(gone.verifier.verify(text, { signal })).rejects.toThrow('gone');
  });

  const wrong: [string, string, unknown][] = [
    ['a discovery document of another issuer', DISCOVERY, { issuer: 'https://x', jwks_uri: JWKS }],
    ['keys elsewhere', DISCOVERY, { issuer: ISSUER, jwks_uri: 'https://evil.test/jwks' }],
    ['keys nowhere', DISCOVERY, { issuer: ISSUER }],
    ['an address that is none', DISCOVERY, { issuer: ISSUER, jwks_uri: '/jwks' }],
    ['a document that is no JSON', DISCOVERY, '<html>'],
    ['a document that is no object', DISCOVERY, 'null'],
    ['no list of keys', JWKS, { keys: {} }],
    ['too many keys', JWKS, { keys: Array(65).fill({}) }],
    ['too large a document', JWKS, `{"keys":[],"x":"${'x'.repeat(256 * 1024)}"}`],
  ];
  it.each(wrong)('are refused: %s', async (_, url, document) => {
    const { issuer, verifier, sign } = scene();
    issuer.documents[url] = document;
    await refused(verifier.verify(await sign()), 'KEYS_UNAVAILABLE');
  });

  it('are those that can sign, each of one name', async () => {
    const { issuer, verifier, sign } = scene();
    const secret = { kty: 'oct', k: 'c2VjcmV0', kid: 's' };
    issuer.keys(null, 'x', { ...key.jwk, kid: undefined }, secret, { ...key.jwk, use: 'enc' });
    await refused(verifier.verify(await sign()), 'KEY_UNKNOWN');
    const twice = scene();
    twice.issuer.keys(key.jwk, { ...next.jwk, kid: 'k1' });
    await refused(twice.verifier.verify(await twice.sign()), 'KEY_UNKNOWN');
    const marked = scene();
    marked.issuer.keys({ ...key.jwk, use: 'sig', alg: 'ES256' });
    expect((await marked.verifier.verify(await marked.sign())).subject).toBe('a1');
  });
});
