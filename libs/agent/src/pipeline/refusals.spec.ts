import { describe, expect, it } from '@jest/globals';
import type { ErrorCode } from '@mesh/errors';
import { isRefusal, Refusals } from './refusals.js';

describe('isRefusal', () => {
  it.each<ErrorCode>([
    'ERR_CALLER_DENIED',
    'ERR_ROUTE_UNDECLARED',
    'ERR_HOST_UNKNOWN',
    'ERR_NONCE_REUSED',
    'ERR_TOKEN_ACTOR',
    'ERR_ACCESS_TOKEN_MISSING',
    'ERR_ACCESS_TOKEN_ROLE',
    'ERR_EXCHANGE_CLIENT',
    'ERR_SIGN_IN_STATE',
    'ERR_CSRF_TOKEN',
    'ERR_LOGOUT_TOKEN',
  ])('%s refuses somebody', (code) => {
    expect(isRefusal(code)).toBe(true);
  });

  it.each<ErrorCode>([
    'ERR_BODY_INVALID',
    'ERR_BODY_TOO_LARGE',
    'ERR_ROUTE_NOT_FOUND',
    'ERR_REQUEST_ABORTED',
    'ERR_INTERNAL',
    'ERR_PEER_UNREACHABLE',
    'ERR_SIGN_IN_UNAVAILABLE',
  ])('%s is about something else', (code) => {
    expect(isRefusal(code)).toBe(false);
  });
});

describe('Refusals', () => {
  it('has the last 20, newest first', () => {
    const refusals = new Refusals();
    expect(refusals.list()).toEqual([]);
    for (let count = 0; count < 25; count++) {
      refusals.add({ code: `ERR_${count}` }, new Date(count * 1000));
    }
    const list = refusals.list();
    expect(list).toHaveLength(20);
    expect(list[0]).toEqual({ at: '1970-01-01T00:00:24.000Z', code: 'ERR_24' });
    expect(list.at(-1)!.code).toBe('ERR_5');
  });

  it('gives a list that nobody changes it by', () => {
    const refusals = new Refusals();
    refusals.add({ code: 'ERR_A' });
    refusals.list().pop();
    expect(refusals.list()).toHaveLength(1);
  });
});
