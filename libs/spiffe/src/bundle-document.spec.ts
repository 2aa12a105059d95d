import { createPublicKey } from 'node:crypto';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { mintCa } from '@test/kit';
import { Certificate, parseBundleDocument, serializeBundleDocument, TrustDomain } from './index.js';

const trustDomain = TrustDomain.parse('mesh.test');
const authorities: Certificate[] = [];
type Jwk = Record<string, unknown>;
/** The document of `authorities`, to be changed. */
let keys: Jwk[];

beforeAll(async () => {
  for (const keyType of ['P-256', 'P-384', 'RSA-2048'] as const) {
    const ca = await mintCa({ trustDomain: 'mesh.test', keyType });
    authorities.push(Certificate.parse(ca.certificateDer));
  }
  const text = serializeBundleDocument({ trustDomain, x509Authorities: authorities });
  keys = (JSON.parse(text) as { keys: Jwk[] }).keys;
});

const parse = (document: unknown) => parseBundleDocument(JSON.stringify(document), trustDomain);
const withCode = (code: string) => expect.objectContaining({ name: 'BundleError', code });
const [first, second] = [() => keys[0] as Jwk, () => keys[1] as Jwk];

describe('serializeBundleDocument', () => {
  it('writes what the standard asks for, and nothing else', () => {
    expect(keys.map((key) => Object.keys(key))).toEqual([
      ['use', 'kty', 'crv', 'x', 'y', 'x5c'],
      ['use', 'kty', 'crv', 'x', 'y', 'x5c'],
      ['use', 'kty', 'n', 'e', 'x5c'],
    ]);
    for (const [index, key] of keys.entries()) {
      const { use, x5c, ...publicKey } = key;
      expect(use).toBe('x509-svid');
      expect(x5c).toEqual([Buffer.from(authorities[index]?.raw ?? []).toString('base64')]);
      // OpenSSL reads the same key out of the JWK.
      const spki = createPublicKey({ key: publicKey, format: 'jwk' });
      expect(
        spki
          .export({ format: 'der', type: 'spki' })
          .equals(authorities[index]?.publicKeyInfo ?? new Uint8Array()),
      ).toBe(true);
    }
  });

  it('is read back', () => {
    const bundle = {
      trustDomain,
      x509Authorities: authorities,
      sequenceNumber: 7,
      refreshHintSeconds: 300,
    };
    const text = serializeBundleDocument(bundle);
    expect(JSON.parse(text)).toMatchObject({ spiffe_sequence: 7, spiffe_refresh_hint: 300 });
    expect(parseBundleDocument(text, trustDomain)).toEqual(bundle);
  });

  it('refuses an authority whose key is not accepted', async () => {
    const ca = await mintCa({ trustDomain: 'mesh.test', keyType: 'P-521' });
    const x509Authorities = [Certificate.parse(ca.certificateDer)];
    expect(() => serializeBundleDocument({ trustDomain, x509Authorities })).toThrow(
      expect.objectContaining({ code: 'ERR_CERTIFICATE_KEY' }),
    );
  });
});

describe('parseBundleDocument', () => {
  it('takes an empty bundle, which vouches for nobody', () => {
    expect(parse({ keys: [] })).toEqual({ trustDomain, x509Authorities: [] });
  });

  it.each<[string, () => Jwk]>([
    ['an unknown use', () => ({ ...first(), use: 'jwt-svid' })],
    ['no use', () => ({ ...first(), use: undefined })],
    ['an unknown key type', () => ({ ...first(), kty: 'OKP' })],
    ['no key type', () => ({ ...first(), kty: undefined })],
    ['no certificate', () => ({ ...first(), x5c: undefined })],
    ['an empty list of certificates', () => ({ ...first(), x5c: [] })],
  ])('passes over a key with %s', (_, key) => {
    expect(parse({ keys: [key(), second()] }).x509Authorities).toHaveLength(1);
  });

  it('takes the first of several certificates of a key', () => {
    const x5c = [...(first().x5c as string[]), 'anything'];
    expect(parse({ keys: [{ ...first(), x5c }] }).x509Authorities).toHaveLength(1);
  });

  it('passes over members that are not defined', () => {
    expect(parse({ keys: [{ ...first(), kid: 'x', other: 1 }], other: true })).toMatchObject({
      x509Authorities: [{}],
    });
  });

  it.each<[string, () => unknown]>([
    ['a list', () => []],
    ['null', () => null],
    ['no keys', () => ({})],
    ['keys that are no list', () => ({ keys: {} })],
    ['a key that is no object', () => ({ keys: ['x'] })],
    ['certificates that are no list', () => ({ keys: [{ ...first(), x5c: 'x' }] })],
    ['a certificate that is no text', () => ({ keys: [{ ...first(), x5c: [1] }] })],
    ['a certificate that is not base64', () => ({ keys: [{ ...first(), x5c: ['MII!'] }] })],
    ['a certificate that is none', () => ({ keys: [{ ...first(), x5c: ['MAA='] }] })],
    ['a key of another certificate', () => ({ keys: [{ ...first(), x: second().x }] })],
    ['a key type of another certificate', () => ({ keys: [{ ...first(), kty: 'RSA' }] })],
    ['a sequence that is text', () => ({ keys: [], spiffe_sequence: '1' })],
    ['a sequence below 0', () => ({ keys: [], spiffe_sequence: -1 })],
    ['a refresh hint with a fraction', () => ({ keys: [], spiffe_refresh_hint: 1.5 })],
  ])('refuses %s', (_, document) => {
    expect(() => parse(document())).toThrow(withCode('ERR_BUNDLE_MALFORMED'));
  });

  it('refuses what is not JSON', () => {
    expect(() => parseBundleDocument('{"keys":[', trustDomain)).toThrow(
      withCode('ERR_BUNDLE_MALFORMED'),
    );
  });

  it('refuses more than 1 MiB and more than 256 authorities', () => {
    expect(() => parseBundleDocument(' '.repeat(1_048_577), trustDomain)).toThrow(
      withCode('ERR_BUNDLE_TOO_LARGE'),
    );
    const many = (count: number) => ({ keys: Array<Jwk>(count).fill(first()) });
    expect(parse(many(256)).x509Authorities).toHaveLength(256);
    expect(() => parse(many(257))).toThrow(withCode('ERR_BUNDLE_TOO_LARGE'));
  });
});
