import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import {
  isJwsAlgorithm,
  isJwsSignature,
  type JwsAlgorithm,
  jwsAlgorithmsOf,
  signJws,
} from './jws-signature.js';

const p256 = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
const p384 = generateKeyPairSync('ec', { namedCurve: 'secp384r1' });
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const data = Buffer.from('eyJhbGciOiJFUzI1NiJ9.e30');

describe('JWS with an SVID’s key', () => {
  it.each<[JwsAlgorithm, { publicKey: KeyObject; privateKey: KeyObject }, number]>([
    // RFC 7518 3.4: r and s side by side.
    ['ES256', p256, 64],
    ['ES384', p384, 96],
    ['RS256', rsa, 256],
    ['PS256', rsa, 256],
  ])('%s: what is signed is verified, and nothing else', (algorithm, pair, length) => {
    const { publicKey, privateKey } = pair;
    const signature = signJws(algorithm, privateKey, data);
    expect(signature).toHaveLength(length);
    expect(isJwsSignature(algorithm, publicKey, data, signature)).toBe(true);
    expect(isJwsSignature(algorithm, publicKey, Buffer.from('e30.e30'), signature)).toBe(false);
    expect(isJwsSignature(algorithm, publicKey, data, signature.subarray(1))).toBe(false);
  });

  it('PS256 is no RS256', () => {
    const signature = signJws('PS256', rsa.privateKey, data);
    expect(isJwsSignature('RS256', rsa.publicKey, data, signature)).toBe(false);
  });

  it('says what a key is for', () => {
    expect(jwsAlgorithmsOf(p256.publicKey)).toEqual(['ES256']);
    expect(jwsAlgorithmsOf(p384.privateKey)).toEqual(['ES384']);
    expect(jwsAlgorithmsOf(rsa.publicKey)).toEqual(['PS256', 'RS256']);
    for (const { publicKey } of [
      generateKeyPairSync('ec', { namedCurve: 'secp521r1' }),
      generateKeyPairSync('ed25519'),
      generateKeyPairSync('rsa-pss', { modulusLength: 2048 }),
    ]) {
      expect(jwsAlgorithmsOf(publicKey)).toEqual([]);
    }
  });

  it.each(['none', 'HS256', 'ES512', 'PS384', 'es256', 'toString', undefined])(
    'does not know %s',
    (name) => {
      expect(isJwsAlgorithm(name)).toBe(false);
    },
  );
});
