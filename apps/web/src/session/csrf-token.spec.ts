import { describe, expect, it } from '@jest/globals';
import { isCsrfToken } from './csrf-token.js';

describe('isCsrfToken', () => {
  it('takes what the gateway hands over', () => {
    expect(isCsrfToken('qL8R4QIcQ_ZsRqOAbeRfcZhilN_MksRtDaErMA-1')).toBe(true);
  });

  it.each([null, '', 'short', '<img src=x onerror=alert(1)>', 'a\r\nb'.repeat(8), 'x'.repeat(513)])(
    'takes no %j',
    (text) => expect(isCsrfToken(text)).toBe(false),
  );
});
