import { describe, expect, it } from '@jest/globals';
import {
  AccessTokenError,
  AccessTokenScopeError,
  ExchangeError,
  MissingScopeError,
  TxnTokenError,
} from '@mesh/delegation';
import { challenge } from './challenge.js';
import { RequestError } from './pipeline.error.js';

describe('challenge', () => {
  it.each([
    [new AccessTokenError('ERR_ACCESS_TOKEN_MISSING', 'm'), 'Bearer realm="mesh"'],
    [
      new AccessTokenError('ERR_ACCESS_TOKEN_EXPIRED', 'm'),
      'Bearer realm="mesh", error="invalid_token"',
    ],
    [
      new AccessTokenError('ERR_ACCESS_TOKEN_CLIENT', 'm'),
      'Bearer realm="mesh", error="invalid_token"',
    ],
    [
      new AccessTokenScopeError('draft:write'),
      'Bearer realm="mesh", error="insufficient_scope", scope="draft:write"',
    ],
    [new TxnTokenError('ERR_TOKEN_MISSING', 'm'), 'Txn-Token'],
    [new TxnTokenError('ERR_TOKEN_EXPIRED', 'm'), 'Txn-Token'],
  ])('of what another token could change says which: %s', (error, value) => {
    expect(challenge(error)).toEqual({ 'www-authenticate': value });
  });

  it.each([
    new AccessTokenError('ERR_ACCESS_TOKEN_PERSON', 'm'),
    new AccessTokenError('ERR_ACCESS_TOKEN_KEYS_UNAVAILABLE', 'm'),
    new TxnTokenError('ERR_TOKEN_ACTOR', 'm'),
    new MissingScopeError('draft:write'),
    new ExchangeError('ERR_EXCHANGE_SCOPE_WIDER', 'm'),
    new RequestError('ERR_CALLER_DENIED', 'm'),
    new Error('m'),
    undefined,
  ])('of anything else says nothing: %s', (error) => {
    expect(challenge(error)).toEqual({});
  });
});
