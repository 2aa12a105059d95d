import { inspect } from 'node:util';
import { generateKeyPairSync } from 'node:crypto';
import { beforeAll, describe, expect, it } from '@jest/globals';
import {
  chainDefects,
  concatenated,
  mintCa,
  type Minted,
  type MintedCa,
  newKeys,
  pem,
} from '@test/kit';
import { Certificate, X509Svid } from './index.js';

let ca: MintedCa;
let minted: Minted;

beforeAll(async () => {
  ca = await (await mintCa({ trustDomain: 'mesh.test' })).intermediate();
  minted = await ca.issue();
});

describe('X509Svid', () => {
  it.each(['P-256', 'P-384', 'RSA-2048'] as const)(
    'is read from DER and from PEM: %s',
    async (keyType) => {
      const { chainDer, keyDer, chainPem, keyPem } = await ca.issue({ keyType });
      const svid = X509Svid.parse(chainDer, keyDer, 'internal');
      const again = X509Svid.parsePem(chainPem, keyPem);
      expect(svid.id.toString()).toBe('spiffe://mesh.test/workload');
      expect(svid.certificates).toHaveLength(2);
      expect(svid.leaf).toBe(svid.certificates[0]);
      expect(svid.serialNumber).toBe(svid.leaf.serialNumber);
      expect(svid.notBefore).toBe(svid.leaf.notBefore);
      expect(svid.notAfter).toBe(svid.leaf.notAfter);
      expect(svid.privateKey.type).toBe('private');
      expect(svid.hint).toBe('internal');
      expect(svid.certificatesPem).toBe(chainPem.replaceAll('\r', ''));
      expect(again.hint).toBe('');
      expect(again.leaf.equals(svid.leaf)).toBe(true);
      expect(again.privateKey.equals(svid.privateKey)).toBe(true);
    },
  );

  it('is its own source, and immutable', () => {
    const svid = X509Svid.parse(minted.chainDer, minted.keyDer);
    expect(svid.getX509Svid()).toBe(svid);
    expect(Object.isFrozen(svid) && Object.isFrozen(svid.certificates)).toBe(true);
  });

  it('never shows its key', () => {
    const svid = X509Svid.parse(minted.chainDer, minted.keyDer);
    const text = JSON.stringify(svid) + inspect(svid, { depth: 9 });
    const secret = Buffer.from(minted.keyDer.subarray(36, 68));
    expect(text).not.toContain(secret.toString('base64').slice(2, 30));
    expect(text).not.toContain(secret.toString('hex'));
    expect(JSON.parse(JSON.stringify(svid))).toEqual({
      id: 'spiffe://mesh.test/workload',
      serialNumber: svid.serialNumber,
      notBefore: svid.notBefore.toISOString(),
      notAfter: svid.notAfter.toISOString(),
      hint: '',
    });
  });

  it('may be expired: the time is judged where it is used', async () => {
    const { chainDer, keyDer } = await ca.issue({ notAfter: new Date(Date.now() - 1000) });
    expect(X509Svid.parse(chainDer, keyDer).notAfter.getTime()).toBeLessThan(Date.now());
  });

  it('refuses a key that is not the certificate’s', async () => {
    const other = await ca.issue();
    const refused = expect.objectContaining({
      name: 'X509SvidError',
      code: 'ERR_SVID_KEY_MISMATCH',
    });
    expect(() => X509Svid.parse(minted.chainDer, other.keyDer)).toThrow(refused);
    expect(() => X509Svid.parsePem(minted.chainPem, other.keyPem)).toThrow(refused);
  });

  it('refuses a key that cannot be read, and does not quote it', () => {
    const encrypted = generateKeyPairSync('ec', {
      namedCurve: 'P-256',
      publicKeyEncoding: { type: 'spki', format: 'pem' },
      privateKeyEncoding: { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' },
    }).privateKey;
    const malformed = expect.objectContaining({
      code: 'ERR_SVID_KEY_MALFORMED',
      message: 'The private key is not an unencrypted PKCS #8 key.',
    });
    expect(() => X509Svid.parse(minted.chainDer, new Uint8Array([1, 2, 3]))).toThrow(malformed);
    expect(() => X509Svid.parsePem(minted.chainPem, encrypted)).toThrow(malformed);
    expect(() => X509Svid.parsePem(minted.chainPem, '')).toThrow(malformed);
    expect(() => X509Svid.parsePem(minted.chainPem, pem('PRIVATE KEY', new Uint8Array(9)))).toThrow(
      malformed,
    );
  });

  it('refuses a chain whose certificates did not sign one another', async () => {
    const { chainDer, keyDer } = await ca.issue({ signedBy: await newKeys() });
    expect(() => X509Svid.parse(chainDer, keyDer)).toThrow(
      expect.objectContaining({ code: 'ERR_CHAIN_SIGNATURE' }),
    );
  });

  it('refuses no certificates, garbage and trailing bytes', () => {
    const malformed = expect.objectContaining({ code: 'ERR_CERTIFICATE_MALFORMED' });
    expect(() => X509Svid.parse(new Uint8Array(), minted.keyDer)).toThrow(malformed);
    expect(() => X509Svid.parse(new Uint8Array([1, 2]), minted.keyDer)).toThrow(malformed);
    expect(() =>
      X509Svid.parse(concatenated(minted.chainDer, new Uint8Array(2)), minted.keyDer),
    ).toThrow(malformed);
    expect(() => X509Svid.parsePem('', minted.keyPem)).toThrow(
      expect.objectContaining({ code: 'ERR_CERTIFICATE_PEM' }),
    );
  });

  /** What shows only against a bundle or a clock. */
  const LATER = /UNTRUSTED|EXPIRED|NOT_YET_VALID/;
  const presented = Object.entries(chainDefects).filter(
    ([name, { code }]) => !LATER.test(code) && !/authority|names|constraint|directory/.test(name),
  );
  it.each(presented)('refuses for itself what a peer would: %s', async (_, { code, mint }) => {
    const defect = await mint('mesh.test');
    expect(Certificate.parseMany(defect.minted.chainDer).length).toBeGreaterThan(0);
    expect(() => X509Svid.parse(defect.minted.chainDer, defect.minted.keyDer)).toThrow(
      expect.objectContaining({ code }),
    );
  });
});
