import { describe, expect, it } from '@jest/globals';
import { SigningKeys } from './signing-keys.js';

describe('SigningKeys', () => {
  it('announces no private part', () => {
    const keys = new SigningKeys();
    expect(keys.all[0]).toHaveProperty('d');
    expect(keys.publicJwks.keys.map((key) => Object.keys(key).sort())).toEqual([
      ['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y'],
    ]);
  });

  it('puts a new key first, and keeps the old one until it is retired', () => {
    const keys = new SigningKeys();
    const old = keys.all[0]!.kid;
    const kid = keys.rotate();
    expect(keys.publicJwks.keys.map((key) => key.kid)).toEqual([kid, old]);
    keys.retire();
    expect(keys.publicJwks.keys.map((key) => key.kid)).toEqual([kid]);
  });

  it('never retires the key that signs', () => {
    const keys = new SigningKeys();
    expect(() => keys.retire()).toThrow(expect.objectContaining({ code: 'ERR_ISSUER_KEY_STATE' }));
  });
});
