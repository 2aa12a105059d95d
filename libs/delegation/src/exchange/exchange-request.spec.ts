import { describe, expect, it } from '@jest/globals';
import { policy, trustDomain, withCode } from '../../test/domain.js';
import {
  ACCESS_TOKEN_TYPE,
  MAX_REQUEST_LENGTH,
  parseExchangeRequest,
  TOKEN_EXCHANGE_GRANT,
  TXN_TOKEN_TYPE,
} from './exchange-request.js';

const parameters = {
  grant_type: TOKEN_EXCHANGE_GRANT,
  requested_token_type: TXN_TOKEN_TYPE,
  audience: 'mesh.test',
  scope: 'research:deep draft:write',
  subject_token: 'a.b.c',
  subject_token_type: ACCESS_TOKEN_TYPE,
};
const form = (changes: Record<string, string | undefined> = {}) =>
  new URLSearchParams(
    Object.entries({ ...parameters, ...changes }).filter(
      (pair): pair is [string, string] => pair[1] !== undefined,
    ),
  ).toString();
const parse = (body: string) =>
  parseExchangeRequest(body, trustDomain, (scope) => policy.knowsScope(scope));
const refuses = (body: string, code: string) =>
  expect(() => parse(body)).toThrow(withCode(`ERR_EXCHANGE_${code}`));

describe('parseExchangeRequest', () => {
  it('reads a request for a first token', () => {
    const details = { action: 'research', depth: 'deep', n: 1, again: false };
    const body = form({
      request_details: JSON.stringify(details),
      request_context: '{"session_hash":"ü"}',
    });
    expect(parse(body)).toEqual({
      subjectTokenType: 'access_token',
      subjectToken: 'a.b.c',
      scope: ['research:deep', 'draft:write'],
      details,
      context: { session_hash: 'ü' },
    });
  });

  it('reads a request for a replacement, spaces in either form', () => {
    const body = form({ subject_token_type: TXN_TOKEN_TYPE }).replace('+draft', '%20draft');
    expect(parse(body)).toMatchObject({ subjectTokenType: 'txn_token', details: undefined });
  });

  it('ignores what it does not know, and takes an empty parameter for none', () => {
    expect(parse(form({ client_id: 'x', resource: '', request_details: '' })).scope).toHaveLength(
      2,
    );
    refuses(form({ scope: '' }), 'PARAMETER_MISSING');
  });

  it.each(Object.keys(parameters))('needs %s', (name) => {
    refuses(form({ [name]: undefined }), 'PARAMETER_MISSING');
  });

  it('refuses a parameter that stands twice, also the same, an empty or an escaped one', () => {
    refuses(`${form()}&scope=draft%3Awrite`, 'PARAMETER_REPEATED');
    refuses(`${form()}&audience=mesh.test`, 'PARAMETER_REPEATED');
    refuses(`${form()}&scope=`, 'PARAMETER_REPEATED');
    refuses(`scope=&${form()}`, 'PARAMETER_REPEATED');
    refuses(`${form()}&%73cope=x`, 'PARAMETER_REPEATED');
  });

  it('refuses another grant, type of token or target', () => {
    refuses(form({ grant_type: 'client_credentials' }), 'GRANT_TYPE');
    refuses(form({ requested_token_type: ACCESS_TOKEN_TYPE }), 'PARAMETER_VALUE');
    const refresh = 'urn:ietf:params:oauth:token-type:refresh_token';
    refuses(form({ subject_token_type: refresh }), 'PARAMETER_VALUE');
    refuses(form({ audience: 'elsewhere.test' }), 'TARGET');
    refuses(form({ resource: 'https://x' }), 'TARGET');
  });

  it.each(['actor_token', 'actor_token_type'])('refuses %s: the peer is the actor', (name) => {
    refuses(form({ [name]: 'x' }), 'PARAMETER_UNSUPPORTED');
  });

  it('refuses a scope that is malformed or unknown', () => {
    for (const scope of ['all', 'draft', 'draft:write draft:write', ' ', 'research:deep  x']) {
      refuses(form({ scope }), 'SCOPE_INVALID');
    }
  });

  it.each([
    '[]',
    'null',
    '1',
    '{',
    '{"a":{}}',
    '{"a":null}',
    '{"a":[1]}',
    '{"A":1}',
    '{"__proto__":1}',
    JSON.stringify({ a: 'x'.repeat(2048) }),
    JSON.stringify(Object.fromEntries(Array.from({ length: 17 }, (_, n) => [`m${n}`, n]))),
  ])('refuses a context of %s', (text) => {
    refuses(form({ request_details: text }), 'PARAMETER_VALUE');
    refuses(form({ request_context: text }), 'PARAMETER_VALUE');
  });

  it('takes no context on a replacement', () => {
    const replacement = { subject_token_type: TXN_TOKEN_TYPE };
    refuses(form({ ...replacement, request_details: '{}' }), 'PARAMETER_UNSUPPORTED');
    refuses(form({ ...replacement, request_context: '{}' }), 'PARAMETER_UNSUPPORTED');
  });

  it.each([
    ['nothing', ''],
    ['JSON', JSON.stringify(parameters)],
    ['a parameter without =', `${form()}&x`],
    ['a parameter with two', `${form()}&x=1=2`],
    ['a parameter without name', `${form()}&=1`],
    ['a broken escape', `${form()}&x=%4`],
    ['an escape that is no hex', `${form()}&x=%zz`],
    ['an escape that is no UTF-8', `${form()}&x=%ff`],
    ['a line break', `${form()}\n`],
    ['a letter beyond ASCII', `${form()}&x=ü`],
    ['too many parameters', Array.from({ length: 33 }, (_, n) => `p${n}=1`).join('&')],
    ['too much', form({ subject_token: 'x'.repeat(MAX_REQUEST_LENGTH) })],
  ])('refuses %s', (_, body) => {
    refuses(body, 'MALFORMED');
  });
});
