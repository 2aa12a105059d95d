import { describe, expect, it } from '@jest/globals';
import { errorOfNetwork } from './tavily-failure.js';

const failed = (code: string | undefined, message = 'failed') =>
  Object.assign(new Error(message), { code, config: { headers: { Authorization: 'Bearer key' } } });

describe('errorOfNetwork', () => {
  it.each([
    ['ECONNREFUSED', 'ERR_SEARCH_UNAVAILABLE', 'safe'],
    ['ENOTFOUND', 'ERR_SEARCH_UNAVAILABLE', 'safe'],
    ['EAI_AGAIN', 'ERR_SEARCH_UNAVAILABLE', 'safe'],
    ['ECONNRESET', 'ERR_SEARCH_UNAVAILABLE', 'if-idempotent'],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'ERR_SEARCH_UNAVAILABLE', 'if-idempotent'],
    [undefined, 'ERR_SEARCH_UNAVAILABLE', 'if-idempotent'],
    ['ETIMEDOUT', 'ERR_SEARCH_TIMEOUT', 'if-idempotent'],
  ])('turns %s into %s, retry %s', (code, expected, retry) => {
    expect(errorOfNetwork(failed(code))).toMatchObject({ code: expected, retry });
  });

  it('keeps code and message of the cause, and nothing else', () => {
    const { cause } = errorOfNetwork(failed('ECONNRESET', 'socket hang up'));
    expect(cause).toMatchObject({ code: 'ECONNRESET', message: 'socket hang up' });
    expect(cause).not.toHaveProperty('config');
    expect(errorOfNetwork('a string').cause).toMatchObject({ code: 'unknown' });
  });
});
