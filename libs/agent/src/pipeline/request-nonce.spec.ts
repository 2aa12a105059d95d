import { describe, expect, it } from '@jest/globals';
import { isRequestNonce, newRequestNonce } from './request-nonce.js';

describe('a Request-Nonce', () => {
  it('is another one each time', () => {
    const nonces = Array.from({ length: 100 }, newRequestNonce);
    expect(new Set(nonces).size).toBe(100);
    expect(nonces.every(isRequestNonce)).toBe(true);
  });

  it.each([
    [undefined],
    [['cPYGGYo1-wlZD-v3-3J0ZQ']],
    [''],
    ['cPYGGYo1-wlZD-v3-3J0Z'],
    ['cPYGGYo1-wlZD-v3-3J0ZQ=='],
    ['cPYGGYo1+wlZD/v3+3J0ZQ'],
    // More bits than 128, which two texts would stand for.
    ['cPYGGYo1-wlZD-v3-3J0ZR'],
  ])('is not %j', (value) => {
    expect(isRequestNonce(value)).toBe(false);
  });
});
