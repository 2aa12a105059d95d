import { X509Certificate } from 'node:crypto';
import { beforeEach, describe, expect, it } from '@jest/globals';
import {
  Certificate,
  SpiffeId,
  spiffeIdOfLeaf,
  TrustDomain,
  verifyPeer,
  X509Bundle,
  X509Svid,
} from '@mesh/identity';
import { X509Issuer } from './x509-issuer.js';

const trustDomain = TrustDomain.parse('mesh.local');
const id = SpiffeId.parse('spiffe://mesh.local/ns/agents/sa/writer');
const NOW = Date.UTC(2030, 0, 1, 12, 0, 0, 999);
const HOUR = 3_600_000;
const SUBJECT_ALT_NAME = '2.5.29.17';
const KEY_USAGE = '2.5.29.15';
const BASIC_CONSTRAINTS = '2.5.29.19';

describe('X509Issuer', () => {
  let issuer: X509Issuer;
  beforeEach(() => {
    issuer = new X509Issuer(trustDomain, 24 * HOUR, NOW);
  });

  it('makes a CA certificate of the trust domain', () => {
    const { certificate } = issuer;
    expect(certificate.isCa).toBe(true);
    expect(certificate.pathLength).toBe(0);
    expect([...(certificate.keyUsage ?? [])].sort()).toEqual(['cRLSign', 'keyCertSign']);
    expect(certificate.uriNames).toEqual(['spiffe://mesh.local']);
    expect([...certificate.criticalExtensions].sort()).toEqual([KEY_USAGE, BASIC_CONSTRAINTS]);
    expect(certificate.subjectKeyId).toMatch(/^[0-9a-f]{40}$/);
    expect(certificate.notBefore.toISOString()).toBe('2030-01-01T11:59:50.000Z');
    expect(certificate.notAfter.toISOString()).toBe('2030-01-02T12:00:00.000Z');
    expect(
      new X509Certificate(certificate.raw).verify(new X509Certificate(certificate.raw).publicKey),
    ).toBe(true);
  });

  it('gives each CA a name and key of its own', () => {
    const next = new X509Issuer(trustDomain, HOUR, NOW);
    expect(next.certificate.subject).not.toBe(issuer.certificate.subject);
    expect(next.certificate.subjectKeyId).not.toBe(issuer.certificate.subjectKeyId);
  });

  it('issues an SVID by the profile of X509-SVID', () => {
    const leaf = Certificate.parse(issuer.issue(id, HOUR, NOW).certificate);
    expect(spiffeIdOfLeaf(leaf).equals(id)).toBe(true);
    expect(leaf.isCa).toBe(false);
    expect([...(leaf.keyUsage ?? [])]).toEqual(['digitalSignature']);
    expect(leaf.extendedKeyUsage).toEqual(['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2']);
    expect([...leaf.criticalExtensions].sort()).toEqual([KEY_USAGE, BASIC_CONSTRAINTS]);
    expect(leaf.criticalExtensions).not.toContain(SUBJECT_ALT_NAME);
    expect(leaf.authorityKeyId).toBe(issuer.certificate.subjectKeyId);
    expect(leaf.subjectKeyId).toMatch(/^[0-9a-f]{40}$/);
    expect(new X509Certificate(leaf.raw).publicKey.asymmetricKeyDetails).toEqual({
      namedCurve: 'prime256v1',
    });
  });

  it('issues what its bundle vouches for, for OpenSSL as well', () => {
    const { certificate, privateKey } = issuer.issue(id, HOUR, NOW);
    const svid = X509Svid.parse(certificate, privateKey);
    const bundle = X509Bundle.of(trustDomain, [issuer.certificate]);
    expect(verifyPeer(svid.certificates, bundle, new Date(NOW)).id.equals(id)).toBe(true);
    const ca = new X509Certificate(issuer.certificate.raw);
    const leaf = new X509Certificate(certificate);
    expect(leaf.checkIssued(ca)).toBe(true);
    expect(leaf.verify(ca.publicKey)).toBe(true);
  });

  it('is not vouched for by another CA of the trust domain', () => {
    const { certificate } = issuer.issue(id, HOUR, NOW);
    const bundle = X509Bundle.of(trustDomain, [new X509Issuer(trustDomain, HOUR, NOW).certificate]);
    expect(() => verifyPeer([Certificate.parse(certificate)], bundle, new Date(NOW))).toThrow(
      expect.objectContaining({ code: 'ERR_CHAIN_UNTRUSTED' }),
    );
  });

  it('backdates a little and is valid for what was asked, up to the whole second', () => {
    const issued = issuer.issue(id, HOUR, NOW);
    const leaf = Certificate.parse(issued.certificate);
    expect(leaf.notBefore.toISOString()).toBe('2030-01-01T11:59:50.000Z');
    expect(leaf.notAfter.toISOString()).toBe('2030-01-01T13:00:01.000Z');
    expect(issued.notAfter).toBe(leaf.notAfter.getTime());
  });

  it('issues nothing that outlives the CA', () => {
    const leaf = Certificate.parse(issuer.issue(id, 48 * HOUR, NOW).certificate);
    expect(leaf.notAfter).toEqual(issuer.certificate.notAfter);
  });

  it('dates beyond 2049', () => {
    const far = Date.UTC(2060, 5, 1);
    const { certificate } = new X509Issuer(trustDomain, HOUR, far);
    expect(certificate.notAfter.toISOString()).toBe('2060-06-01T01:00:00.000Z');
  });

  it('numbers at random: positive, 16 bytes, never the same', () => {
    const serials = Array.from(
      { length: 50 },
      () => Certificate.parse(issuer.issue(id, HOUR, NOW).certificate).serialNumber,
    );
    expect(new Set(serials).size).toBe(serials.length);
    for (const serial of serials) expect(serial).toMatch(/^[4-7][0-9a-f]{31}$/);
  });

  it('makes a fresh key each time', () => {
    const keys = [issuer.issue(id, HOUR, NOW), issuer.issue(id, HOUR, NOW)].map(({ privateKey }) =>
      Buffer.from(privateKey).toString('hex'),
    );
    expect(keys[0]).not.toBe(keys[1]);
  });
});
