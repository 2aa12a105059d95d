import { createHmac, sign } from 'node:crypto';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { TrustDomain, X509Bundle, type X509Svid } from '@mesh/identity';
import { mintCa, type MintedCa } from '@test/kit';
import fc from 'fast-check';
import {
  bundleOf,
  firstToken,
  gateway,
  partsOf,
  researcher,
  resigned,
  stranger,
  svidOf,
  trustDomain,
  tts,
  withCode,
  writer,
} from '../../test/domain.js';
import { replaceTxnToken } from './issue-txn-token.js';
import { MAX_TXN_TOKEN_LENGTH, TxnToken } from './txn-token.js';
import { TxnTokenVerifier, verifyTxnToken } from './verify-txn-token.js';

let ca: MintedCa;
let bundles: X509Bundle;
let svid: X509Svid;
let now: Date;
let token: TxnToken;

beforeAll(async () => {
  ca = await mintCa({ trustDomain: 'mesh.test' });
  bundles = bundleOf(ca);
  svid = await svidOf(ca, tts);
  now = new Date();
  token = firstToken(svid, now);
});

const expectations = () => ({ bundles, issuer: tts, audience: trustDomain });
const later = (ms: number) => new Date(now.getTime() + ms);

const verifiers: [string, () => (text: string, peer?: typeof tts, at?: Date) => TxnToken][] = [
  [
    'verifyTxnToken',
    () =>
      (text, peer = gateway, at = now) =>
        verifyTxnToken(text, { ...expectations(), now: at, peer }),
  ],
  [
    'TxnTokenVerifier',
    () => {
      const verifier = new TxnTokenVerifier(expectations());
      return (text, peer = gateway, at = now) => verifier.verify(text, peer, at);
    },
  ],
];

describe.each(verifiers)('%s', (_, make) => {
  const refuses = (text: string, code: string, peer = gateway, at = now) => {
    const verify = make();
    expect(() => verify(text, peer, at)).toThrow(withCode(code));
    // Nothing of a refusal is taken for a verdict later.
    expect(() => verify(text, peer, at)).toThrow(withCode(code));
  };
  const refusesSigned = (changes: Parameters<typeof resigned>[2], code: string) =>
    refuses(resigned(token, svid.privateKey, changes), code);

  it.each([
    ['P-256', 'ES256'],
    ['P-384', 'ES384'],
    ['RSA-2048', 'PS256'],
  ] as const)('accepts a token by a key %s as %s, with intermediates', async (keyType, alg) => {
    const signer = await svidOf(await ca.intermediate(), tts, { keyType });
    const verified = make()(firstToken(signer, now).reveal());
    expect(verified.algorithm).toBe(alg);
    expect(verified.certificates).toHaveLength(2);
  });

  it('accepts RS256', async () => {
    const signer = await svidOf(ca, tts, { keyType: 'RSA-2048' });
    const { header, claims } = partsOf(firstToken(signer, now));
    const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const input = `${part({ ...header, alg: 'RS256' })}.${part(claims)}`;
    const signature = sign('sha256', Buffer.from(input), signer.privateKey).toString('base64url');
    expect(make()(`${input}.${signature}`).algorithm).toBe('RS256');
  });

  it('says what the token holds', () => {
    const verified = make()(token.reveal());
    expect(verified.subject).toBe('https://login.test#a1');
    expect(verified.userId).toBe('pseudonym');
    expect(verified.actor.equals(gateway)).toBe(true);
    expect(verified.scope).toEqual(['research:deep', 'draft:write']);
    expect(verified.transactionContext).toEqual({ action: 'research', depth: 'deep' });
    expect(verified.person.roles).toEqual(['analyst']);
    expect(Object.isFrozen(verified)).toBe(true);
  });

  it('never shows itself', () => {
    const [, , signature = ''] = token.reveal().split('.');
    expect(JSON.stringify(token)).not.toContain(signature);
    expect(JSON.parse(JSON.stringify(token))).toEqual({
      token: token.hash,
      txn: token.txn,
      user: 'pseudonym',
      scope: 'research:deep draft:write',
      actors: [gateway.toString()],
    });
  });

  it('accepts a replacement from its actor, and not from an inner one', () => {
    const replaced = replaceTxnToken(
      svid,
      token,
      { peer: researcher, scope: ['draft:write'] },
      now,
    );
    expect(make()(replaced.reveal(), researcher).actors.map(String)).toEqual([
      researcher.toString(),
      gateway.toString(),
    ]);
    refuses(replaced.reveal(), 'ERR_TOKEN_ACTOR', gateway);
  });

  it('refuses a token from another workload, also once it is known', () => {
    const verify = make();
    verify(token.reveal());
    expect(() => verify(token.reveal(), stranger)).toThrow(withCode('ERR_TOKEN_ACTOR'));
  });

  it('refuses it from its end on, also once it is known', () => {
    const verify = make();
    const end = new Date(token.expiresAt * 1000);
    expect(verify(token.reveal(), gateway, new Date(end.getTime() - 1)).hash).toBe(token.hash);
    expect(() => verify(token.reveal(), gateway, end)).toThrow(withCode('ERR_TOKEN_EXPIRED'));
  });

  it('refuses one from the future, beyond what clocks differ', () => {
    const iat = Math.floor(now.getTime() / 1000) + 60;
    refusesSigned({ claims: { iat, exp: iat + 60 } }, 'ERR_TOKEN_NOT_YET_VALID');
    const soon = Math.floor(now.getTime() / 1000) + 4;
    const text = resigned(token, svid.privateKey, { claims: { iat: soon, exp: soon + 60 } });
    expect(make()(text).issuedAt).toBe(soon);
  });

  it('refuses one that lives too long, or longer than its signer', async () => {
    const { issuedAt: iat } = token;
    expect(make()(resigned(token, svid.privateKey, { claims: { exp: iat + 900 } })).expiresAt).toBe(
      iat + 900,
    );
    refusesSigned({ claims: { exp: iat + 901 } }, 'ERR_TOKEN_LIFETIME');
    refusesSigned({ claims: { exp: iat } }, 'ERR_TOKEN_LIFETIME');
    const brief = await svidOf(ca, tts, { notAfter: later(60_000) });
    const short = firstToken(brief, now);
    expect(make()(short.reveal()).expiresAt * 1000).toBeLessThanOrEqual(brief.notAfter.getTime());
    const longer = { claims: { exp: iat + 120 } };
    refuses(resigned(short, brief.privateKey, longer), 'ERR_TOKEN_LIFETIME');
    const fresh = await svidOf(ca, tts, { notBefore: later(-60_000) });
    const before = { claims: { iat: Math.floor(fresh.notBefore.getTime() / 1000) - 1 } };
    const early = resigned(firstToken(fresh, now), fresh.privateKey, before);
    refuses(early, 'ERR_TOKEN_LIFETIME');
  });

  it('refuses another audience, type, service', async () => {
    refusesSigned({ claims: { aud: 'elsewhere.test' } }, 'ERR_TOKEN_AUDIENCE');
    refusesSigned({ header: { typ: 'JWT' } }, 'ERR_TOKEN_TYPE');
    refusesSigned({ header: { typ: 'at+jwt' } }, 'ERR_TOKEN_TYPE');
    refusesSigned({ claims: { iss: writer.toString() } }, 'ERR_TOKEN_ISSUER');
    const other = await svidOf(ca, writer);
    refuses(firstToken(other, now).reveal(), 'ERR_TOKEN_ISSUER');
    const x5c = partsOf(firstToken(other, now)).header['x5c'];
    refuses(resigned(token, other.privateKey, { header: { x5c } }), 'ERR_TOKEN_ISSUER');
  });

  it('refuses a chain that the bundle does not vouch for, or no more', async () => {
    const forged = await svidOf(await mintCa({ trustDomain: 'mesh.test' }), tts);
    refuses(firstToken(forged, now).reveal(), 'ERR_TOKEN_CHAIN');
    const ended = await svidOf(ca, tts, { notAfter: later(30_000) });
    refuses(firstToken(ended, now).reveal(), 'ERR_TOKEN_CHAIN', gateway, later(31_000));
  });

  it.each([[undefined], ['text'], [[]], [[1]], [['AAAA']], [['====']], [Array(9).fill('AAAA')]])(
    'refuses an x5c of %j',
    (x5c) => {
      const code = x5c === undefined ? 'ERR_TOKEN_HEADER' : 'ERR_TOKEN_CHAIN';
      refusesSigned({ header: { x5c } }, code);
    },
  );

  it('refuses a signature by another key, of other content, or none', async () => {
    const other = await svidOf(ca, tts);
    refuses(resigned(token, other.privateKey, {}), 'ERR_TOKEN_SIGNATURE');
    const [header, claims, signature] = token.reveal().split('.');
    const [, wider] = resigned(token, other.privateKey, { claims: { scope: 'all' } }).split('.');
    refuses(`${header}.${wider}.${signature}`, 'ERR_TOKEN_SIGNATURE');
    refuses(`${header}.${claims}.${Buffer.alloc(64).toString('base64url')}`, 'ERR_TOKEN_SIGNATURE');
    refuses(`${header}.${claims}.`, 'ERR_TOKEN_MALFORMED');
  });

  it('refuses algorithms: none, HMAC with the certificate as key, another than the key’s', () => {
    for (const alg of ['none', 'HS256', 'EdDSA', 'ES512', 'toString', 5]) {
      refusesSigned({ header: { alg } }, 'ERR_TOKEN_ALGORITHM');
    }
    refusesSigned({ header: { alg: 'ES384' } }, 'ERR_TOKEN_ALGORITHM');
    refusesSigned({ header: { alg: 'RS256' } }, 'ERR_TOKEN_ALGORITHM');
    const [input] = resigned(token, svid.privateKey, { header: { alg: 'HS256' } }).split(
      /\.[^.]*$/,
    );
    const mac = createHmac('sha256', svid.leaf.toPem())
      .update(input ?? '')
      .digest('base64url');
    refuses(`${input}.${mac}`, 'ERR_TOKEN_ALGORITHM');
  });

  it.each(['jwk', 'jku', 'kid', 'x5u', 'x5t'])('refuses a key from elsewhere: %s', (name) => {
    refusesSigned({ header: { [name]: 'x' } }, 'ERR_TOKEN_HEADER_KEY');
  });

  it('refuses extensions of the header', () => {
    refusesSigned({ header: { crit: ['exp'] } }, 'ERR_TOKEN_CRITICAL');
    refusesSigned({ header: { b64: false } }, 'ERR_TOKEN_CRITICAL');
    refusesSigned({ header: { cty: 'JWT' } }, 'ERR_TOKEN_HEADER');
  });

  const claims: [string, unknown[]][] = [
    ['iss', [undefined, 5, 'https://tts', 'spiffe://mesh.test']],
    ['aud', [undefined, ['mesh.test'], 'Mesh.Test', '']],
    ['iat', [undefined, '1', 1.5, -1]],
    ['exp', [undefined, null, 1.5, 1e300]],
    ['txn', [undefined, '', 'short', 'with space in the middle of it']],
    ['sub', [undefined, '', 7, 'x'.repeat(2049)]],
    ['scope', [undefined, '', 'a  b', 'a a', ' a', ['a']]],
    ['req_wl', [undefined, 'gateway', 'spiffe://mesh.test/writer']],
    ['tctx', [undefined, null, [], 'x']],
    ['rctx', [undefined, {}, { user: 'x', roles: 'x', groups: [] }, { user: 'x', roles: [1] }]],
    ['act', [undefined, {}, [], { sub: 'x' }, { sub: 'spiffe://mesh.test' }]],
    ['act', [{ sub: 'spiffe://mesh.test/gateway', client: 'x' }, { sub: null }]],
  ];
  it.each(claims)('refuses a claim %s that is missing or malformed', (name, values) => {
    for (const value of values) refusesSigned({ claims: { [name]: value } }, 'ERR_TOKEN_CLAIM');
  });

  it('refuses a loop and too long a chain of actors', () => {
    const chain = (...names: string[]): object | undefined =>
      names.length === 0
        ? undefined
        : { sub: `spiffe://mesh.test/${names[0]}`, act: chain(...names.slice(1)) };
    const loop = chain('gateway', 'writer', 'gateway');
    refusesSigned({ claims: { act: loop } }, 'ERR_TOKEN_ACTOR_LOOP');
    const names = ['gateway', ...'abcdefgh'];
    const text = resigned(token, svid.privateKey, { claims: { act: chain(...names.slice(0, 8)) } });
    expect(make()(text).actors).toHaveLength(8);
    refusesSigned({ claims: { act: chain(...names) } }, 'ERR_TOKEN_ACTOR_DEPTH');
  });

  it('refuses a text that is too large', () => {
    refuses('x'.repeat(MAX_TXN_TOKEN_LENGTH + 1), 'ERR_TOKEN_TOO_LARGE');
  });
});

describe('assertScope', () => {
  it('names the scope that is missing; none implies another', () => {
    expect(() => token.assertScope('research:deep')).not.toThrow();
    expect(() => token.assertScope('research:fast')).toThrow(
      expect.objectContaining({ code: 'ERR_TOKEN_SCOPE', missingScope: 'research:fast' }),
    );
    expect(() => token.assertScope('research')).toThrow(withCode('ERR_TOKEN_SCOPE'));
  });
});

describe('TxnTokenVerifier', () => {
  it('does not verify a token twice while the bundle stays', async () => {
    let current = bundles;
    const verifier = new TxnTokenVerifier({
      ...expectations(),
      bundles: { getX509BundleForTrustDomain: () => current },
    });
    const first = verifier.verify(token.reveal(), gateway, now);
    expect(verifier.verify(token.reveal(), gateway, now)).toBe(first);
    current = bundleOf(await mintCa({ trustDomain: 'mesh.test' }));
    expect(() => verifier.verify(token.reveal(), gateway, now)).toThrow(
      withCode('ERR_TOKEN_CHAIN'),
    );
  });

  it('forgets a verdict with the chain’s end, and before its start', async () => {
    const brief = await svidOf(ca, tts, { notAfter: later(60_000) });
    const verifier = new TxnTokenVerifier(expectations());
    const text = firstToken(brief, now).reveal();
    verifier.verify(text, gateway, now);
    expect(() => verifier.verify(text, gateway, later(61_000))).toThrow(
      withCode('ERR_TOKEN_CHAIN'),
    );
    expect(() => verifier.verify(text, gateway, later(-7_200_000))).toThrow(
      withCode('ERR_TOKEN_CHAIN'),
    );
  });

  it('keeps so many', () => {
    const verifier = new TxnTokenVerifier(expectations(), { maxVerdicts: 1 });
    const first = verifier.verify(token.reveal(), gateway, now);
    verifier.verify(firstToken(svid, now).reveal(), gateway, now);
    expect(verifier.verify(token.reveal(), gateway, now)).not.toBe(first);
  });

  it('refuses for another audience, and without a bundle', () => {
    const elsewhere = TrustDomain.parse('elsewhere.test');
    const refuses = (changes: object, code: string) => {
      const verifier = new TxnTokenVerifier({ ...expectations(), ...changes });
      expect(() => verifier.verify(token.reveal(), gateway, now)).toThrow(withCode(code));
    };
    refuses({ audience: elsewhere }, 'ERR_TOKEN_AUDIENCE');
    refuses({ bundles: X509Bundle.of(elsewhere, []) }, 'ERR_TOKEN_CHAIN');
    refuses({ bundles: X509Bundle.of(trustDomain, []) }, 'ERR_TOKEN_CHAIN');
  });
});

describe('any one character', () => {
  it('that is changed, dropped or doubled makes it another token, which is refused', () => {
    const text = token.reveal();
    const verifier = new TxnTokenVerifier(expectations());
    verifier.verify(text, gateway, now);
    const at = fc.integer({ min: 0, max: text.length - 1 });
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.= ';
    const characters = fc.constantFrom(...alphabet, '', '..');
    fc.assert(
      fc.property(at, characters, (index, character) => {
        fc.pre(text[index] !== character);
        const changed = text.slice(0, index) + character + text.slice(index + 1);
        expect(() => verifier.verify(changed, gateway, now)).toThrow(
          expect.objectContaining({ code: expect.stringMatching(/^ERR_TOKEN_/) }),
        );
      }),
      { numRuns: 500 },
    );
  });
});

describe('decodeUnverified', () => {
  it('asks nothing of the signature', () => {
    const [header, claims] = token.reveal().split('.');
    expect(TxnToken.decodeUnverified(`${header}.${claims}.AAAA`).txn).toBe(token.txn);
  });
});
