import { beforeAll, describe, expect, it } from '@jest/globals';
import { concatenated, der, type KeyType, mintCa } from '@test/kit';
import { Certificate, type SignatureCheck, verifyChain, webCryptoCheck } from './index.js';

const checks = new Map<KeyType, SignatureCheck>();
const TYPES = ['P-256', 'P-384', 'RSA-2048', 'RSA-PSS-2048'] as const;

beforeAll(async () => {
  for (const keyType of TYPES) {
    const ca = await mintCa({ trustDomain: 'mesh.test', keyType });
    const { chainDer } = await ca.issue();
    const authorities = [Certificate.parse(ca.certificateDer)];
    const step = verifyChain(Certificate.parseMany(chainDer), authorities, new Date()).next();
    if (!step.done) checks.set(keyType, step.value);
  }
});

describe('webCryptoCheck', () => {
  it.each(TYPES)('%s', async (keyType) => {
    const check = checks.get(keyType) as SignatureCheck;
    expect(await webCryptoCheck(check)).toBe(true);
    const data = new Uint8Array(check.data);
    data[20] = (data[20] ?? 0) ^ 1;
    expect(await webCryptoCheck({ ...check, data })).toBe(false);
    const signature = new Uint8Array(check.signature);
    signature[signature.length - 1] = (signature.at(-1) ?? 0) ^ 1;
    expect(await webCryptoCheck({ ...check, signature })).toBe(false);
    expect(await webCryptoCheck({ ...check, signature: new Uint8Array() })).toBe(false);
    expect(await webCryptoCheck({ ...check, publicKeyInfo: new Uint8Array(8) })).toBe(false);
  });

  it('is false where the key is of another kind than the signature', async () => {
    const ecdsa = checks.get('P-256') as SignatureCheck;
    const rsa = checks.get('RSA-2048') as SignatureCheck;
    const { keyKind, publicKeyInfo } = rsa;
    expect(await webCryptoCheck({ ...ecdsa, keyKind, publicKeyInfo })).toBe(false);
    expect(await webCryptoCheck({ ...rsa, keyKind: 'P-256' })).toBe(false);
  });

  it('is false for r and s that run into one another, and for a third', async () => {
    const check = checks.get('P-256') as SignatureCheck;
    const raw = new Uint8Array(check.signature);
    const rLength = raw[3] ?? 0;
    const r = raw.subarray(4, 4 + rLength);
    const s = raw.subarray(6 + rLength);
    const signed = (...integers: Uint8Array[]) =>
      webCryptoCheck({ ...check, signature: der(0x30, ...integers.map((i) => der(2, i))) });
    expect(await signed(r, s)).toBe(true);
    const full = concatenated(new Uint8Array(Math.max(0, 32 - s.length)), s).subarray(-32);
    const last = r.at(-1) ?? 0;
    expect(
      await signed(
        r,
        concatenated(new Uint8Array(last < 128 && last > 0 ? [last] : [0, last]), full),
      ),
    ).toBe(false);
    expect(await signed(r, s, s)).toBe(false);
    expect(await signed(r)).toBe(false);
  });
});
