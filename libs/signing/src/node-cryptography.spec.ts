import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { type JwsAlgorithm, signJws } from '@mesh/identity';
import { type Cryptography, webCryptography } from '@mesh/provenance';
import { nodeCryptography } from './node-cryptography.js';

const p256 = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
const p384 = generateKeyPairSync('ec', { namedCurve: 'secp384r1' });
const p521 = generateKeyPairSync('ec', { namedCurve: 'secp521r1' });
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const ed25519 = generateKeyPairSync('ed25519');
const signingInput = new TextEncoder().encode('eyJhbGciOiJFUzI1NiJ9.e30');

const spkiOf = (key: KeyObject) => new Uint8Array(key.export({ type: 'spki', format: 'der' }));

/** Node's own must be no other judge than the one that browsers have. */
describe.each<[string, Cryptography]>([
  ['node:crypto', nodeCryptography],
  ['WebCrypto', webCryptography],
])('by %s', (_, { digest, signedBy }) => {
  it('the digest is SHA-256 as base64url', async () => {
    expect(await digest('abc')).toBe('ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0');
    expect(await digest('€ \ud83d\ude00')).toBe('NAPt87Z3FFM_TuRcc5ABT-MMOZv5_QE26Yq0iHESvms');
  });

  describe.each<[JwsAlgorithm, { publicKey: KeyObject; privateKey: KeyObject }]>([
    ['ES256', p256],
    ['ES384', p384],
    ['RS256', rsa],
    ['PS256', rsa],
  ])('%s', (algorithm, { publicKey, privateKey }) => {
    const key = spkiOf(publicKey);
    const signature = new Uint8Array(signJws(algorithm, privateKey, signingInput));
    const verdict = (changed: Uint8Array<ArrayBuffer>, input = signingInput) =>
      signedBy(key, { algorithm, signature: changed, signingInput: input });

    it('takes the signature, again and again', async () => {
      expect(await verdict(signature)).toBe(true);
      expect(await verdict(signature)).toBe(true);
    });

    it('refuses that of another text, and another one', async () => {
      expect(await verdict(signature, new TextEncoder().encode('e30.e30'))).toBe(false);
      expect(await verdict(signature.map((byte, at) => (at === 40 ? byte ^ 1 : byte)))).toBe(false);
    });

    it.each([
      ['nothing', () => new Uint8Array()],
      ['a part of it', () => signature.slice(0, -1)],
      ['more than it', () => new Uint8Array([...signature, 0])],
      ['zeros', () => new Uint8Array(signature.length)],
      ['DER', () => new Uint8Array(Buffer.from('3006020101020101', 'hex'))],
    ])('refuses %s in its place', async (_what, made) => {
      expect(await verdict(made())).toBe(false);
    });
  });

  it.each<[string, JwsAlgorithm, Uint8Array]>([
    ['RSA for ES256', 'ES256', spkiOf(rsa.publicKey)],
    ['P-384 for ES256', 'ES256', spkiOf(p384.publicKey)],
    ['P-256 for ES384', 'ES384', spkiOf(p256.publicKey)],
    ['P-256 for PS256', 'PS256', spkiOf(p256.publicKey)],
    ['P-256 for RS256', 'RS256', spkiOf(p256.publicKey)],
    ['P-521 for ES256', 'ES256', spkiOf(p521.publicKey)],
    ['Ed25519 for ES256', 'ES256', spkiOf(ed25519.publicKey)],
    ['what is no key', 'ES256', new Uint8Array([0x30, 0x00])],
  ])('refuses a key of another kind: %s', async (_what, algorithm, key) => {
    const signature = new Uint8Array(64);
    await expect(
      (async () => signedBy(key, { algorithm, signature, signingInput }))(),
    ).rejects.toMatchObject({ code: 'ERR_ANSWER_ALGORITHM_KEY' });
  });

  it('refuses a key that was good for another algorithm before', async () => {
    const key = spkiOf(p256.publicKey);
    const signature = new Uint8Array(signJws('ES256', p256.privateKey, signingInput));
    expect(await signedBy(key, { algorithm: 'ES256', signature, signingInput })).toBe(true);
    await expect(
      (async () => signedBy(key, { algorithm: 'ES384', signature, signingInput }))(),
    ).rejects.toMatchObject({ code: 'ERR_ANSWER_ALGORITHM_KEY' });
  });
});
