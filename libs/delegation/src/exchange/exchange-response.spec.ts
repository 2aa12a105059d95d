import { beforeAll, describe, expect, it } from '@jest/globals';
import { mintCa } from '@test/kit';
import { firstToken, svidOf, tts } from '../../test/domain.js';
import { AccessTokenError } from '../access-token/access-token.error.js';
import { TxnTokenError } from '../txn-token/txn-token.error.js';
import type { TxnToken } from '../txn-token/txn-token.js';
import { ExchangeError } from './exchange.error.js';
import { exchangeError, exchangeResponse } from './exchange-response.js';

const headers = { 'cache-control': 'no-store', 'content-type': 'application/json' };
let token: TxnToken;
const now = new Date();

beforeAll(async () => {
  token = firstToken(await svidOf(await mintCa({ trustDomain: 'mesh.test' }), tts), now);
});

describe('exchangeResponse', () => {
  it('is what the draft says, and never for a cache', () => {
    expect(exchangeResponse(token, now)).toEqual({
      status: 200,
      headers,
      body: {
        access_token: token.reveal(),
        issued_token_type: 'urn:ietf:params:oauth:token-type:txn_token',
        token_type: 'N_A',
        expires_in: token.expiresAt - Math.ceil(now.getTime() / 1000),
        scope: 'research:deep draft:write',
      },
    });
  });
});

describe('exchangeError', () => {
  it.each([
    [new ExchangeError('ERR_EXCHANGE_MALFORMED', 'x'), 400, 'invalid_request'],
    [new ExchangeError('ERR_EXCHANGE_PARAMETER_REPEATED', 'x'), 400, 'invalid_request'],
    [new ExchangeError('ERR_EXCHANGE_GRANT_TYPE', 'x'), 400, 'unsupported_grant_type'],
    [new ExchangeError('ERR_EXCHANGE_TARGET', 'x'), 400, 'invalid_target'],
    [new ExchangeError('ERR_EXCHANGE_SCOPE_INVALID', 'x'), 400, 'invalid_scope'],
    [new ExchangeError('ERR_EXCHANGE_SCOPE_WIDER', 'x'), 400, 'invalid_scope'],
    [new ExchangeError('ERR_EXCHANGE_SCOPE_UNREACHABLE', 'x'), 400, 'invalid_scope'],
    [new ExchangeError('ERR_EXCHANGE_CLIENT', 'x'), 400, 'unauthorized_client'],
    [new ExchangeError('ERR_EXCHANGE_NO_EDGE', 'x'), 400, 'unauthorized_client'],
    [new ExchangeError('ERR_EXCHANGE_PERSON', 'x'), 400, 'unauthorized_client'],
    [new TxnTokenError('ERR_TOKEN_EXPIRED', 'x'), 400, 'invalid_request'],
    [new AccessTokenError('ERR_ACCESS_TOKEN_BOUND', 'x'), 400, 'invalid_request'],
    [
      new AccessTokenError('ERR_ACCESS_TOKEN_KEYS_UNAVAILABLE', 'x'),
      503,
      'temporarily_unavailable',
    ],
  ])('maps %s', (error, status, name) => {
    expect(exchangeError(error)).toEqual({
      status,
      headers,
      body: { error: name, error_description: 'x', code: error.code },
    });
  });

  it('tells nothing of a foreign error', () => {
    const answer = exchangeError(new Error('open /home/me/key.pem'));
    expect(answer).toMatchObject({ status: 500, body: { error: 'server_error' } });
    expect(JSON.stringify(answer)).not.toContain('key.pem');
  });

  it('keeps to the characters of a description', () => {
    const { body } = exchangeError(new ExchangeError('ERR_EXCHANGE_TARGET', 'a "b" \\ ü\n'));
    expect(body.error_description).toBe("a 'b' ' ''");
  });
});
