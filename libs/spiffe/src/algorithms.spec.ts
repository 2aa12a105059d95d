import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { concatenated, der } from '@test/kit';
import { publicKeyKindOf, publicKeyMembers, signatureAlgorithmOf } from './algorithms.js';

const RSA_OID = Buffer.from('06092a864886f70d010101', 'hex');
const bytes = (...values: number[]) => new Uint8Array(values);
const holder = (publicKeyInfo: Uint8Array) => ({ publicKeyInfo, serialNumber: '01' });
const spki = (algorithm: Uint8Array, key: Uint8Array, ...more: Uint8Array[]) =>
  holder(der(0x30, algorithm, der(3, bytes(0), key), ...more));
const rsa = (modulusBytes: number, exponent: Uint8Array, ...more: Uint8Array[]) =>
  spki(
    der(0x30, RSA_OID, bytes(5, 0)),
    der(0x30, der(2, bytes(0), new Uint8Array(modulusBytes).fill(0xff)), der(2, exponent), ...more),
  );
const E65537 = bytes(1, 0, 1);

describe('publicKeyKindOf', () => {
  it.each(['P-256', 'P-384'] as const)('takes %s', (namedCurve) => {
    const { publicKey } = generateKeyPairSync('ec', { namedCurve });
    const certificate = holder(publicKey.export({ format: 'der', type: 'spki' }));
    expect(publicKeyKindOf(certificate)).toBe(namedCurve);
    const jwk = createPublicKey({ key: publicKeyMembers(certificate), format: 'jwk' });
    expect(jwk.equals(publicKey)).toBe(true);
  });

  it.each([
    ['2048 bits', 256, E65537],
    ['8192 bits', 1024, E65537],
    ['an exponent of 32 bits', 256, bytes(0, 0xff, 0xff, 0xff, 0xff)],
  ])('takes RSA of %s', (_, size, exponent) => {
    expect(publicKeyKindOf(rsa(size, exponent))).toBe('RSA');
  });

  it.each([
    ['2040 bits', rsa(255, E65537)],
    ['8200 bits', rsa(1025, E65537)],
    ['exponent 3', rsa(256, bytes(3))],
    ['an even exponent', rsa(256, bytes(1, 0, 2))],
    ['an exponent of 33 bits', rsa(256, bytes(1, 0, 0, 0, 1))],
    ['a third number', rsa(256, E65537, der(2, bytes(1)))],
  ])('refuses RSA of %s', (_, certificate) => {
    expect(() => publicKeyKindOf(certificate)).toThrow(
      expect.objectContaining({ code: 'ERR_CERTIFICATE_KEY', serialNumber: '01' }),
    );
  });

  const P256 = Buffer.from('301306072a8648ce3d020106082a8648ce3d030107', 'hex');
  it.each([
    ['a compressed point', spki(P256, concatenated(bytes(2), new Uint8Array(32)))],
    ['a hybrid point', spki(P256, concatenated(bytes(6), new Uint8Array(64)))],
    ['a point of another length', spki(P256, concatenated(bytes(4), new Uint8Array(63)))],
    ['a third part', spki(P256, concatenated(bytes(4), new Uint8Array(64)), bytes(5, 0))],
    ['RSA without NULL', spki(der(0x30, RSA_OID), der(0x30))],
  ])('refuses %s', (_, certificate) => {
    expect(() => publicKeyKindOf(certificate)).toThrow(
      expect.objectContaining({ code: 'ERR_CERTIFICATE_KEY' }),
    );
  });
});

describe('signatureAlgorithmOf', () => {
  const identifier = (hex: string) => ({
    signatureAlgorithm: Buffer.from(hex, 'hex'),
    serialNumber: '01',
  });
  const pss = (hash: string, salt: string) =>
    `304106092a864886f70d01010a3034a00f300d06096086480165030402${hash}0500a11c301a06092a864886f70d010108300d06096086480165030402${hash}0500a2030201${salt}`;

  it.each([
    ['300a06082a8648ce3d040302', { name: 'ECDSA', hash: 'SHA-256' }],
    ['300d06092a864886f70d01010c0500', { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-384' }],
    // As OpenSSL writes it.
    [pss('01', '20'), { name: 'RSA-PSS', hash: 'SHA-256' }],
    [pss('03', '40'), { name: 'RSA-PSS', hash: 'SHA-512' }],
  ])('takes %s', (hex, algorithm) => {
    expect(signatureAlgorithmOf(identifier(hex))).toEqual(algorithm);
  });

  it.each([
    ['ECDSA with SHA-1', '300906072a8648ce3d0401'],
    ['ECDSA with parameters', '300c06082a8648ce3d0403020500'],
    ['RSA with SHA-1', '300d06092a864886f70d0101050500'],
    ['RSA with MD5', '300d06092a864886f70d0101040500'],
    ['Ed25519', '300506032b6570'],
    ['PSS with SHA-256 and a short salt', pss('01', '14')],
    ['PSS with its defaults, SHA-1', '300d06092a864886f70d01010a3000'],
  ])('refuses %s', (_, hex) => {
    expect(() => signatureAlgorithmOf(identifier(hex))).toThrow(
      expect.objectContaining({ code: 'ERR_CERTIFICATE_SIGNATURE_ALGORITHM' }),
    );
  });
});
