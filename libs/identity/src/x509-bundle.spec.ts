import { beforeAll, describe, expect, it } from '@jest/globals';
import { concatenated, mintCa } from '@test/kit';
import { Certificate, MAX_CERTIFICATES, TrustDomain, X509Bundle, X509BundleSet } from './index.js';

const mesh = TrustDomain.parse('mesh.test');
const elsewhere = TrustDomain.parse('elsewhere.test');
const notFound = expect.objectContaining({ name: 'BundleError', code: 'ERR_BUNDLE_NOT_FOUND' });
let first: Certificate;
let second: Certificate;
let pemText: string;

beforeAll(async () => {
  const [one, two] = await Promise.all([
    mintCa({ trustDomain: 'mesh.test' }),
    mintCa({ trustDomain: 'mesh.test' }),
  ]);
  first = Certificate.parse(one.certificateDer);
  second = Certificate.parse(two.certificateDer);
  pemText = one.certificatePem + two.certificatePem;
});

describe('X509Bundle', () => {
  it('is read from DER and PEM, and equal whatever the order', () => {
    const der = X509Bundle.parse(mesh, concatenated(first.raw, second.raw));
    expect(der.trustDomain).toBe(mesh);
    expect(der.authorities).toHaveLength(2);
    expect(der.equals(X509Bundle.parsePem(mesh, pemText))).toBe(true);
    const reversed = X509Bundle.of(mesh, [second, first]);
    expect(der.equals(reversed)).toBe(true);
    expect(der.digest).toBe(reversed.digest);
    expect(der.digest).toMatch(/^[0-9a-f]{64}$/);
    expect(Object.isFrozen(der) && Object.isFrozen(der.authorities)).toBe(true);
  });

  it('is another with other authorities or another trust domain', () => {
    const bundle = X509Bundle.of(mesh, [first]);
    expect(bundle.equals(X509Bundle.of(mesh, [first, second]))).toBe(false);
    expect(bundle.equals(X509Bundle.of(mesh, [second]))).toBe(false);
    expect(bundle.equals(X509Bundle.of(elsewhere, [first]))).toBe(false);
  });

  it('counts an authority once', () => {
    expect(X509Bundle.of(mesh, [first, first]).authorities).toHaveLength(1);
  });

  it('may be empty', () => {
    expect(X509Bundle.parse(mesh, new Uint8Array()).authorities).toEqual([]);
  });

  it('refuses what is malformed, and too many', () => {
    expect(() => X509Bundle.parse(mesh, new Uint8Array([0x30]))).toThrow(
      expect.objectContaining({ code: 'ERR_CERTIFICATE_MALFORMED' }),
    );
    expect(() => X509Bundle.parsePem(mesh, 'x')).toThrow(
      expect.objectContaining({ code: 'ERR_CERTIFICATE_PEM' }),
    );
    // Different bytes are enough: bundles judge no signature.
    const many = Array.from({ length: MAX_CERTIFICATES + 1 }, (_, index) => {
      const raw = new Uint8Array(first.raw);
      raw.set([index >> 8, index & 0xff], raw.length - 2);
      return Certificate.parse(raw);
    });
    expect(X509Bundle.of(mesh, many.slice(1)).authorities).toHaveLength(MAX_CERTIFICATES);
    expect(() => X509Bundle.of(mesh, many)).toThrow(
      expect.objectContaining({ code: 'ERR_BUNDLE_TOO_LARGE' }),
    );
  });

  it('is its own source, for its trust domain alone', () => {
    const bundle = X509Bundle.of(mesh, [first]);
    expect(bundle.getX509BundleForTrustDomain(TrustDomain.parse('mesh.test'))).toBe(bundle);
    expect(() => bundle.getX509BundleForTrustDomain(elsewhere)).toThrow(notFound);
    expect(bundle.x509Bundles()).toEqual([bundle]);
  });
});

describe('X509BundleSet', () => {
  it('gives each trust domain its own bundle', () => {
    const [own, foreign] = [X509Bundle.of(mesh, [first]), X509Bundle.of(elsewhere, [second])];
    const set = X509BundleSet.of(own, foreign);
    expect(set.get(mesh)).toBe(own);
    expect(set.getX509BundleForTrustDomain(elsewhere)).toBe(foreign);
    expect(set.bundles()).toEqual([own, foreign]);
    expect(set.x509Bundles()).toEqual([own, foreign]);
    const unknown = TrustDomain.parse('unknown.test');
    expect(set.get(unknown)).toBeUndefined();
    expect(() => set.getX509BundleForTrustDomain(unknown)).toThrow(notFound);
  });

  it('takes the later of two bundles for one trust domain', () => {
    const later = X509Bundle.of(mesh, [second]);
    expect(X509BundleSet.of(X509Bundle.of(mesh, [first]), later).bundles()).toEqual([later]);
  });
});
