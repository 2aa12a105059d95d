import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { type KeyType, mintCa } from '@test/kit';
import type { X509Svid } from '@mesh/identity';
import { GATEWAY, svidOf } from '../test/agents.js';
import { svidSigner } from './svid-signer.js';

describe('svidSigner', () => {
  it.each<[KeyType, string, number]>([
    ['P-256', 'ES256', 64],
    ['P-384', 'ES384', 96],
    ['RSA-2048', 'PS256', 256],
  ])('signs with %s by %s, in %i bytes', async (keyType, algorithm, bytes) => {
    const ca = await mintCa({ trustDomain: 'mesh.test' });
    const signer = svidSigner(await svidOf(ca, GATEWAY, { keyType }));
    expect(signer.algorithm).toBe(algorithm);
    expect(await signer.sign(new TextEncoder().encode('data'))).toHaveLength(bytes);
  });

  it('is one for each SVID', async () => {
    const ca = await mintCa({ trustDomain: 'mesh.test' });
    const svid = await svidOf(ca, GATEWAY);
    expect(svidSigner(svid)).toBe(svidSigner(svid));
    expect(svidSigner(await svidOf(ca, GATEWAY))).not.toBe(svidSigner(svid));
  });

  it('refuses a key that no algorithm is for', () => {
    const { privateKey } = generateKeyPairSync('ed25519');
    const svid = { certificates: [], privateKey } as unknown as X509Svid;
    expect(() => svidSigner(svid)).toThrow(TypeError);
  });
});
