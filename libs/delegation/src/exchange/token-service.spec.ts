import { beforeAll, describe, expect, it } from '@jest/globals';
import type { SpiffeId, X509Bundle, X509Svid } from '@mesh/identity';
import { FakeClock, mintCa, type MintedCa } from '@test/kit';
import {
  accessTokenAt,
  bundleOf,
  firstToken,
  gateway,
  policy,
  researcher,
  resigned,
  stranger,
  svidOf,
  trustDomain,
  tts,
  withCode,
  writer,
} from '../../test/domain.js';
import { AccessTokenError } from '../access-token/access-token.error.js';
import type { AccessToken } from '../access-token/access-token.js';
import { Pseudonyms } from '../person.js';
import type { TokenLimits } from '../txn-token/issue-txn-token.js';
import { DeclaredExchangePolicy } from './exchange-policy.js';
import { ACCESS_TOKEN_TYPE, TOKEN_EXCHANGE_GRANT, TXN_TOKEN_TYPE } from './exchange-request.js';
import { TokenService } from './token-service.js';

let ca: MintedCa;
let bundles: X509Bundle;
let svid: X509Svid;

beforeAll(async () => {
  ca = await mintCa({ trustDomain: 'mesh.test' });
  bundles = bundleOf(ca);
  svid = await svidOf(ca, tts);
});

const pseudonyms = new Pseudonyms(new Uint8Array(32));

function scene(
  access: Partial<AccessToken> = {},
  rules = policy,
  signer = svid,
  limits: TokenLimits = { maxActors: 2 },
) {
  const clock = new FakeClock();
  const accessTokens = {
    verify: async (text: string) => {
      if (text !== 'good') throw new AccessTokenError('ERR_ACCESS_TOKEN_SIGNATURE', 'wrong');
      return accessTokenAt(new Date(clock.now()), access);
    },
  };
  const options = { clock, ...limits };
  const service = new TokenService(tts, signer, bundles, accessTokens, rules, pseudonyms, options);
  const ask = (peer: SpiffeId, subject: string, type: string, scope: string, more = {}) =>
    service.exchange(
      new URLSearchParams({
        grant_type: TOKEN_EXCHANGE_GRANT,
        requested_token_type: TXN_TOKEN_TYPE,
        audience: trustDomain.name,
        scope,
        subject_token: subject,
        subject_token_type: type,
        ...more,
      }).toString(),
      peer,
    );
  return {
    clock,
    issue: (scope: string, peer = gateway, subject = 'good', more = {}) =>
      ask(peer, subject, ACCESS_TOKEN_TYPE, scope, more),
    replace: (subject: string, scope: string, peer = researcher) =>
      ask(peer, subject, TXN_TOKEN_TYPE, scope),
  };
}

const refused = (promise: Promise<unknown>, code: string) =>
  expect(promise).rejects.toThrow(withCode(code));

describe('TokenService, first token', () => {
  it('issues what was asked, with the person’s pseudonym', async () => {
    const token = await scene().issue('research:deep draft:write', gateway, 'good', {
      request_details: '{"action":"research"}',
      request_context: '{"roles":"admin"}',
    });
    expect(token.scope).toEqual(['research:deep', 'draft:write']);
    expect(token.actor.equals(gateway)).toBe(true);
    expect(token.userId).toBe(pseudonyms.of('https://login.test#a1'));
    expect(token.transactionContext).toEqual({ action: 'research' });
    // What the requester says never stands where the issuer's word stands.
    expect(token.person.roles).toEqual(['analyst']);
    expect(token.requesterContext['asserted']).toEqual({
      by: gateway.toString(),
      context: { roles: 'admin' },
    });
  });

  it('has an empty tctx where no details were sent', async () => {
    expect((await scene().issue('draft:write')).transactionContext).toEqual({});
  });

  it('refuses an access token that is not good', async () => {
    await refused(scene().issue('draft:write', gateway, 'bad'), 'ERR_ACCESS_TOKEN_SIGNATURE');
  });

  it('refuses one from a workload that it was not issued to a client of', async () => {
    await refused(scene().issue('draft:write', researcher), 'ERR_EXCHANGE_CLIENT');
    await refused(scene({ clientId: 'other' }).issue('draft:write'), 'ERR_EXCHANGE_CLIENT');
    expect((await scene({ clientId: 'web' }).issue('draft:write')).scope).toHaveLength(1);
  });

  it('refuses to act for a person it may not act for', async () => {
    await refused(scene({ roles: ['guest'] }).issue('draft:write'), 'ERR_EXCHANGE_PERSON');
  });

  it('refuses a scope that is unknown, that the person lacks, that cannot be reached', async () => {
    await refused(scene().issue('all'), 'ERR_EXCHANGE_SCOPE_INVALID');
    await refused(
      scene({ scope: ['research:fast', 'draft:write'] }).issue('research:deep draft:write'),
      'ERR_EXCHANGE_SCOPE_WIDER',
    );
    const apart = new DeclaredExchangePolicy({
      edges: [{ caller: stranger, agent: writer, action: 'draft:write' }],
      clients: [{ agent: gateway, apiClients: ['cli'] }],
      actsFor: [{ agent: gateway, roles: ['analyst'] }],
    });
    await refused(scene({}, apart).issue('draft:write'), 'ERR_EXCHANGE_SCOPE_UNREACHABLE');
  });

  it('takes no limits out of range', () => {
    expect(() => scene({}, policy, svid, { maxActors: 0 })).toThrow(RangeError);
  });

  it('signs with no other SVID than its own', async () => {
    const other = await svidOf(ca, writer);
    await expect(scene({}, policy, other).issue('draft:write')).rejects.toThrow('SVID');
  });
});

describe('TokenService, replacement', () => {
  it('gives the researcher a token for the writer', async () => {
    const { issue, replace } = scene();
    const first = await issue('research:deep draft:write');
    const next = await replace(first.reveal(), 'draft:write');
    expect(next.actors.map(String)).toEqual([researcher, gateway].map(String));
    expect(next.txn).toBe(first.txn);
  });

  it('refuses a workload that serves nothing the sender may call', async () => {
    const { issue, replace } = scene();
    const first = (await issue('research:deep draft:write')).reveal();
    await refused(replace(first, 'draft:write', writer), 'ERR_EXCHANGE_NO_EDGE');
    // The gateway calls this one too, but for something the token is not for.
    await refused(replace(first, 'draft:write', stranger), 'ERR_EXCHANGE_NO_EDGE');
    // Without a research scope the token was never for the researcher.
    const draft = (await issue('draft:write')).reveal();
    await refused(replace(draft, 'draft:write'), 'ERR_EXCHANGE_NO_EDGE');
  });

  it('refuses a scope that the token lacks, or that cannot be reached', async () => {
    const { issue, replace } = scene();
    const first = (await issue('research:deep')).reveal();
    await refused(replace(first, 'draft:write'), 'ERR_EXCHANGE_SCOPE_WIDER');
    await refused(replace(first, 'research:deep'), 'ERR_EXCHANGE_SCOPE_UNREACHABLE');
  });

  it('refuses the one who has the token already, and one inside the chain', async () => {
    const { issue, replace } = scene();
    const first = (await issue('research:deep draft:write')).reveal();
    await refused(replace(first, 'draft:write', gateway), 'ERR_TOKEN_ACTOR_LOOP');
    const next = (await replace(first, 'draft:write')).reveal();
    await refused(replace(next, 'draft:write', gateway), 'ERR_TOKEN_ACTOR_LOOP');
  });

  it('refuses more actors than are configured', async () => {
    const deep = new DeclaredExchangePolicy({
      edges: [
        { caller: gateway, agent: researcher, action: 'a:a' },
        { caller: researcher, agent: writer, action: 'a:a' },
        { caller: writer, agent: stranger, action: 'a:a' },
      ],
      clients: [{ agent: gateway, apiClients: ['cli'] }],
      actsFor: [gateway, researcher, writer].map((agent) => ({ agent, roles: ['analyst'] })),
    });
    const { issue, replace } = scene({ scope: ['a:a'] }, deep);
    const second = await replace((await issue('a:a')).reveal(), 'a:a');
    await refused(replace(second.reveal(), 'a:a', writer), 'ERR_TOKEN_ACTOR_DEPTH');
  });

  it('refuses to act for a person it may not act for', async () => {
    const rules = new DeclaredExchangePolicy({
      edges: [
        { caller: gateway, agent: researcher, action: 'research:deep' },
        { caller: researcher, agent: writer, action: 'draft:write' },
      ],
      clients: [{ agent: gateway, apiClients: ['cli'] }],
      actsFor: [
        { agent: gateway, roles: ['analyst', 'guest'] },
        { agent: researcher, roles: ['analyst'] },
      ],
    });
    const { issue, replace } = scene({ roles: ['guest'] }, rules);
    const first = (await issue('research:deep draft:write')).reveal();
    await refused(replace(first, 'draft:write'), 'ERR_EXCHANGE_PERSON');
  });

  it('refuses an expired and a forged token', async () => {
    const { clock, issue, replace } = scene();
    const first = await issue('research:deep draft:write');
    const wider = { claims: { scope: 'research:deep draft:write other:thing' } };
    const other = await svidOf(ca, tts);
    const forged = resigned(first, other.privateKey, wider);
    await refused(replace(forged, 'draft:write'), 'ERR_TOKEN_SIGNATURE');
    const foreign = firstToken(await svidOf(ca, writer), new Date(clock.now()));
    await refused(replace(foreign.reveal(), 'draft:write'), 'ERR_TOKEN_ISSUER');
    clock.advance(300_000);
    await refused(replace(first.reveal(), 'draft:write'), 'ERR_TOKEN_EXPIRED');
  });
});
