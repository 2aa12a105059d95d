import { beforeAll, describe, expect, it } from '@jest/globals';
import type { X509Bundle, X509Svid } from '@mesh/identity';
import { mintCa, type MintedCa } from '@test/kit';
import fc from 'fast-check';
import {
  bundleOf,
  firstToken,
  gateway,
  partsOf,
  researcher,
  stranger,
  svidOf,
  trustDomain,
  tts,
  withCode,
  writer,
} from '../../test/domain.js';
import { actClaimOf } from './actor-chain.js';
import { replaceTxnToken } from './issue-txn-token.js';
import { TxnTokenVerifier } from './verify-txn-token.js';

let ca: MintedCa;
let bundles: X509Bundle;
let svid: X509Svid;
let now: Date;

beforeAll(async () => {
  ca = await mintCa({ trustDomain: 'mesh.test' });
  bundles = bundleOf(ca);
  svid = await svidOf(ca, tts);
  now = new Date();
});

const seconds = () => Math.floor(now.getTime() / 1000);
const at = (afterSeconds: number) => new Date(now.getTime() + afterSeconds * 1000);

describe('issueTxnToken', () => {
  it('makes the first token of a transaction', () => {
    const access = { acr: 'high', amr: ['pwd'], authTime: 5, groups: ['g'] };
    const { header, claims } = partsOf(firstToken(svid, now, { access }));
    expect(Object.keys(header)).toEqual(['typ', 'alg', 'x5c']);
    expect(claims).toEqual({
      iss: tts.toString(),
      aud: 'mesh.test',
      iat: seconds(),
      exp: seconds() + 300,
      txn: expect.stringMatching(/^[\w-]{22}$/),
      sub: 'https://login.test#a1',
      scope: 'research:deep draft:write',
      req_wl: gateway.toString(),
      tctx: { action: 'research', depth: 'deep' },
      rctx: {
        user: 'pseudonym',
        roles: ['analyst'],
        groups: ['g'],
        client_id: 'cli',
        acr: 'high',
        amr: ['pwd'],
        auth_time: 5,
        asserted: { by: gateway.toString(), context: { session_hash: 'h' } },
      },
      act: { sub: gateway.toString() },
    });
  });

  it('begins a transaction each time', () => {
    expect(firstToken(svid, now).txn).not.toBe(firstToken(svid, now).txn);
  });

  it('lives minutes, and never longer than SVID, intermediate or access token', async () => {
    const exp = async (options: Parameters<typeof firstToken>[2], signer = svid) =>
      firstToken(signer, now, options).expiresAt - seconds();
    expect(await exp({ limits: { lifetimeSeconds: 20 } })).toBe(20);
    expect(await exp({ access: { expiresAt: seconds() + 30 } })).toBe(30);
    const notAfter = at(40);
    expect(await exp({}, await svidOf(ca, tts, { notAfter }))).toBeLessThanOrEqual(40);
    const intermediate = await ca.intermediate({ notAfter });
    expect(await exp({}, await svidOf(intermediate, tts))).toBeLessThanOrEqual(40);
    expect(() => firstToken(svid, now, { access: { expiresAt: seconds() } })).toThrow(
      withCode('ERR_EXCHANGE_LIFETIME'),
    );
  });

  it('refuses a scope that the access token lacks, and names it', () => {
    const access = { scope: ['research:fast', 'draft:write'] };
    expect(() => firstToken(svid, now, { access })).toThrow(
      expect.objectContaining({
        code: 'ERR_EXCHANGE_SCOPE_WIDER',
        message: expect.stringContaining('research:deep'),
      }),
    );
  });

  it.each([0, 901, 1.5, Number.NaN])('takes no lifetime of %s', (lifetimeSeconds) => {
    expect(() => firstToken(svid, now, { limits: { lifetimeSeconds } })).toThrow(RangeError);
  });

  it('takes no chain without actor', () => {
    expect(() => actClaimOf([])).toThrow(RangeError);
  });
});

describe('replaceTxnToken', () => {
  const draft = { peer: researcher, scope: ['draft:write'] };

  it('keeps txn, sub, aud, tctx and rctx, narrows, and appends the peer', () => {
    const first = firstToken(svid, now);
    const replaced = replaceTxnToken(svid, first, draft, at(10));
    const { claims: before } = partsOf(first);
    expect(partsOf(replaced).claims).toEqual({
      ...before,
      iat: seconds() + 10,
      exp: first.expiresAt,
      scope: 'draft:write',
      req_wl: researcher.toString(),
      act: { sub: researcher.toString(), act: { sub: gateway.toString() } },
    });
  });

  it('refuses a scope that the token lacks', () => {
    const first = firstToken(svid, now);
    const wider = { peer: researcher, scope: ['draft:write', 'research:fast'] };
    expect(() => replaceTxnToken(svid, first, wider, now)).toThrow(
      withCode('ERR_EXCHANGE_SCOPE_WIDER'),
    );
  });

  it('refuses an expired token', () => {
    const first = firstToken(svid, now);
    expect(replaceTxnToken(svid, first, draft, at(299)).expiresAt).toBe(first.expiresAt);
    expect(() => replaceTxnToken(svid, first, draft, at(300))).toThrow(
      withCode('ERR_TOKEN_EXPIRED'),
    );
  });

  it('refuses a token by another service', async () => {
    const other = await svidOf(ca, stranger);
    expect(() => replaceTxnToken(svid, firstToken(other, now), draft, now)).toThrow(
      withCode('ERR_TOKEN_ISSUER'),
    );
  });

  it('refuses a workload that is in the chain', () => {
    const replaced = replaceTxnToken(svid, firstToken(svid, now), draft, now);
    for (const peer of [gateway, researcher]) {
      expect(() => replaceTxnToken(svid, replaced, { ...draft, peer }, now)).toThrow(
        withCode('ERR_TOKEN_ACTOR_LOOP'),
      );
    }
  });

  it('refuses more actors than are configured', () => {
    const limits = { maxActors: 2 };
    const replaced = replaceTxnToken(svid, firstToken(svid, now), draft, now, limits);
    expect(() => replaceTxnToken(svid, replaced, { ...draft, peer: writer }, now, limits)).toThrow(
      withCode('ERR_TOKEN_ACTOR_DEPTH'),
    );
    expect(() =>
      replaceTxnToken(svid, replaced, { ...draft, peer: writer }, now, { maxActors: 9 }),
    ).toThrow(RangeError);
  });

  it('never widens, lengthens or drops an actor, whatever is asked in whatever order', () => {
    const verifier = new TxnTokenVerifier({ bundles, issuer: tts, audience: trustDomain });
    const peers = [gateway, researcher, writer, stranger, tts];
    const scopes = ['research:fast', 'research:deep', 'draft:write', 'other:thing'];
    const step = fc.record({
      peer: fc.constantFrom(...peers),
      scope: fc.subarray(scopes, { minLength: 1 }),
      afterSeconds: fc.integer({ min: 0, max: 120 }),
      lifetimeSeconds: fc.integer({ min: 1, max: 900 }),
    });
    fc.assert(
      fc.property(
        fc.subarray(scopes.slice(0, 3), { minLength: 1 }),
        fc.array(step, { maxLength: 8 }),
        (scope, steps) => {
          let token = firstToken(svid, now, { scope });
          let time = now;
          for (const { peer, scope: asked, afterSeconds, lifetimeSeconds } of steps) {
            time = new Date(time.getTime() + afterSeconds * 1000);
            const allowed =
              time.getTime() < token.expiresAt * 1000 &&
              asked.every((one) => token.scope.includes(one)) &&
              !token.actors.some((actor) => actor.equals(peer)) &&
              token.actors.length < 4;
            const replace = () =>
              replaceTxnToken(svid, token, { peer, scope: asked }, time, { lifetimeSeconds });
            if (!allowed) {
              expect(replace).toThrow();
              continue;
            }
            const next = replace();
            expect(next.scope.every((one) => token.scope.includes(one))).toBe(true);
            expect(next.expiresAt).toBeLessThanOrEqual(token.expiresAt);
            expect(next.actors.map(String)).toEqual([peer, ...token.actors].map(String));
            expect(next.txn + next.subject).toBe(token.txn + token.subject);
            expect(next.requesterContext).toEqual(token.requesterContext);
            expect(next.transactionContext).toEqual(token.transactionContext);
            expect(verifier.verify(next.reveal(), peer, time).hash).toBe(next.hash);
            token = next;
          }
        },
      ),
      { numRuns: 150 },
    );
  });
});
