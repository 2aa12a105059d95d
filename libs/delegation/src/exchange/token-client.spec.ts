import { beforeAll, describe, expect, it } from '@jest/globals';
import type { X509Svid } from '@mesh/identity';
import { mintCa, type MintedCa } from '@test/kit';
import {
  accessTokenAt,
  bundleOf,
  firstToken,
  gateway,
  partsOf,
  researcher,
  resigned,
  svidOf,
  trustDomain,
  tts,
  withCode,
  writer,
} from '../../test/domain.js';
import { issueTxnToken, replaceTxnToken } from '../txn-token/issue-txn-token.js';
import { TxnTokenVerifier } from '../txn-token/verify-txn-token.js';
import type { TxnToken } from '../txn-token/txn-token.js';
import { TokenClient } from './token-client.js';

const SCOPE = ['research:fast', 'draft:write'];
const DETAILS = { action: 'research:fast', depth: 'fast' };

let ca: MintedCa;
let service: X509Svid;
const now = new Date();

beforeAll(async () => {
  ca = await mintCa({ trustDomain: 'mesh.test' });
  service = await svidOf(ca, tts);
});

/** A client whose token service answers with this token, and the form it was sent. */
function clientOf(own: typeof gateway, answer: TxnToken | string) {
  const forms: URLSearchParams[] = [];
  const verifier = new TxnTokenVerifier({
    bundles: bundleOf(ca),
    issuer: tts,
    audience: trustDomain,
  });
  const endpoint = (form: URLSearchParams) => {
    forms.push(form);
    return Promise.resolve(typeof answer === 'string' ? answer : answer.reveal());
  };
  return { client: new TokenClient(endpoint, verifier, own), forms };
}

const person = () => ({ token: accessTokenAt(now), reveal: () => 'the-access-token' });

function issued(changes: {
  subject?: string;
  scope?: readonly string[];
  details?: Record<string, string>;
  peer?: typeof gateway;
}): TxnToken {
  const { subject = 'a1', scope = SCOPE, details = DETAILS, peer = gateway } = changes;
  const accessToken = accessTokenAt(now, { subject });
  return issueTxnToken(
    service,
    { accessToken, peer, scope, details, context: undefined, user: 'user-7f' },
    now,
  );
}

describe('TokenClient.issue', () => {
  it('asks for what is wanted, and takes it', async () => {
    const { client, forms } = clientOf(gateway, issued({}));
    const token = await client.issue(person(), SCOPE, DETAILS);
    expect(token.scope).toEqual(SCOPE);
    expect(Object.fromEntries(forms[0]!)).toEqual({
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      requested_token_type: 'urn:ietf:params:oauth:token-type:txn_token',
      audience: 'mesh.test',
      scope: 'research:fast draft:write',
      subject_token: 'the-access-token',
      subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      request_details: JSON.stringify(DETAILS),
    });
  });

  it.each([
    ['for another person', () => issued({ subject: 'b2' })],
    ['for another transaction', () => issued({ details: { ...DETAILS, depth: 'deep' } })],
    ['for more than a transaction', () => issued({ details: { ...DETAILS, more: 'x' } })],
    ['with a scope more', () => issued({ scope: [...SCOPE, 'research:deep'] })],
    ['of another workload', () => issued({ peer: researcher })],
    [
      'that came through another workload before',
      () =>
        replaceTxnToken(
          service,
          issued({ peer: researcher }),
          { peer: gateway, scope: SCOPE },
          now,
        ),
    ],
  ])('refuses a token %s', async (_what, answer) => {
    const { client } = clientOf(gateway, answer());
    await expect(client.issue(person(), SCOPE, DETAILS)).rejects.toEqual(
      withCode('ERR_TOKEN_ANSWER_INVALID'),
    );
  });
});

describe('TokenClient.replace', () => {
  const replaced = (token: TxnToken, peer = researcher) =>
    replaceTxnToken(service, token, { peer, scope: ['draft:write'] }, now);

  it('takes the replacement of its token', async () => {
    const token = issued({});
    const { client, forms } = clientOf(researcher, replaced(token));
    expect((await client.replace(token, ['draft:write'])).actors.map(String)).toEqual(
      [researcher, gateway].map(String),
    );
    expect(forms[0]!.get('subject_token')).toBe(token.reveal());
    expect(forms[0]!.has('request_details')).toBe(false);
  });

  it.each([
    ['of another transaction', (token: TxnToken) => [token, replaced(firstToken(service, now))]],
    [
      'with a scope more',
      (token: TxnToken) => [
        token,
        replaceTxnToken(service, token, { peer: researcher, scope: SCOPE }, now),
      ],
    ],
    ['of another workload', (token: TxnToken) => [token, replaced(token, writer)]],
    // The same transaction, but not the token that was sent: one actor less.
    [
      'of a token before',
      (token: TxnToken) => [
        replaceTxnToken(service, token, { peer: writer, scope: SCOPE }, now),
        replaced(token),
      ],
    ],
  ])('refuses one %s', async (_what, scene) => {
    const [sent, answer] = scene(issued({}));
    const { client } = clientOf(researcher, answer!);
    await expect(client.replace(sent!, ['draft:write'])).rejects.toEqual(
      withCode('ERR_TOKEN_ANSWER_INVALID'),
    );
  });

  it.each<[string, (claims: Record<string, unknown>) => Record<string, unknown>]>([
    ['transaction', () => ({ txn: 'A'.repeat(22) })],
    ['person', () => ({ sub: 'https://login.test#b2' })],
    ['later end', ({ exp }) => ({ exp: (exp as number) + 1 })],
    ['purpose', ({ tctx }) => ({ tctx: { ...(tctx as object), depth: 'deep' } })],
    ['pseudonym', ({ rctx }) => ({ rctx: { ...(rctx as object), user: 'user-0' } })],
  ])('refuses one of which nothing but this is another: %s', async (_what, change) => {
    const token = issued({});
    const replacement = replaced(token);
    const signed = (claims: Record<string, unknown>) =>
      resigned(replacement, service.privateKey, { claims });
    const changed = signed(change(partsOf(replacement).claims));
    await expect(
      clientOf(researcher, changed).client.replace(token, ['draft:write']),
    ).rejects.toEqual(withCode('ERR_TOKEN_ANSWER_INVALID'));
    const { client } = clientOf(researcher, signed({}));
    expect((await client.replace(token, ['draft:write'])).txn).toBe(token.txn);
  });
});
