import { X509Certificate } from 'node:crypto';
import { beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { concatenated, der, mintCa, type MintedCa, type MintOptions, pem } from '@test/kit';
import { Certificate, CertificateError, MAX_CERTIFICATES } from './index.js';

let ca: MintedCa;
let leaf: Uint8Array;

beforeAll(async () => {
  ca = await mintCa({ trustDomain: 'mesh.test' });
  leaf = (await ca.issue({ dnsNames: ['workload.test'] })).certificateDer;
});

const withCode = (code: string) => expect.objectContaining({ name: 'CertificateError', code });
const malformed = (message: string) =>
  expect.objectContaining({
    code: 'ERR_CERTIFICATE_MALFORMED',
    message: expect.stringContaining(message),
  });

async function parsed(options: MintOptions): Promise<Certificate> {
  return Certificate.parse((await ca.issue(options)).certificateDer);
}

describe('Certificate.parse', () => {
  it.each(['P-256', 'P-384', 'RSA-2048'] as const)(
    'reads what OpenSSL reads: %s',
    async (keyType) => {
      const { certificateDer } = await ca.issue({ keyType });
      const ours = Certificate.parse(certificateDer);
      const theirs = new X509Certificate(certificateDer);
      expect(ours.serialNumber).toBe(theirs.serialNumber.toLowerCase());
      expect(ours.notBefore).toEqual(theirs.validFromDate);
      expect(ours.notAfter).toEqual(theirs.validToDate);
      expect(ours.isCa).toBe(theirs.ca);
      expect(ours.uriNames.map((uri) => `URI:${uri}`).join()).toBe(theirs.subjectAltName);
      expect(ours.subject.split(',').reverse().join('\n')).toBe(theirs.subject);
      expect(ours.issuer.split(',').reverse().join('\n')).toBe(theirs.issuer);
      expect(
        theirs.publicKey.export({ format: 'der', type: 'spki' }).equals(ours.publicKeyInfo),
      ).toBe(true);
      expect(ours.toPem()).toBe(theirs.toString());
    },
  );

  it('reads the extensions of a CA', async () => {
    const signer = await ca.intermediate({
      pathLength: 3,
      nameConstraints: { permitted: { uri: ['mesh.test'] }, excluded: { dns: ['a.test'] } },
    });
    const certificate = Certificate.parse(signer.certificateDer);
    expect(certificate.isCa).toBe(true);
    expect(certificate.pathLength).toBe(3);
    expect([...(certificate.keyUsage ?? [])]).toEqual(['keyCertSign', 'cRLSign']);
    expect(certificate.extendedKeyUsage).toBeUndefined();
    expect(certificate.nameConstraints?.permitted).toHaveLength(1);
    expect(certificate.nameConstraints?.excluded).toHaveLength(1);
    expect(certificate.authorityKeyId).toBe(Certificate.parse(ca.certificateDer).subjectKeyId);
    expect(certificate.criticalExtensions).toEqual(['2.5.29.19', '2.5.29.15', '2.5.29.30']);
    expect(certificate.isCritical('2.5.29.30')).toBe(true);
    expect(certificate.isCritical('2.5.29.17')).toBe(false);
  });

  it('keeps what it read, whatever becomes of the buffer', () => {
    const buffer = new Uint8Array(leaf);
    const certificate = Certificate.parse(buffer);
    buffer.fill(0);
    expect(certificate.equals(Certificate.parse(leaf))).toBe(true);
    expect(certificate.equals(Certificate.parse(ca.certificateDer))).toBe(false);
    expect(Object.isFrozen(certificate)).toBe(true);
  });

  it('writes names so that nothing in them reaches a terminal or another field', async () => {
    const { subject } = await parsed({ subject: 'CN=a\\,O\\=b\u001b[31m\u202ex, O=" # c "' });
    expect(subject).toBe('O=\\ # c\\ ,CN=a\\,O\\=b\\1b[31m\\e2\\80\\aex');
    expect((await parsed({ subject: '2.5.4.45=#0500' })).subject).toBe('2.5.4.45=#0500');
    expect((await parsed({ subject: '', sanCritical: true })).subject).toBe('');
    expect((await parsed({ subject: '' })).hasSubject).toBe(false);
  });

  it('reads times before 2000, and after 2049', async () => {
    const notBefore = new Date('1996-02-29T00:00:00Z');
    const notAfter = new Date('2060-12-31T23:59:59Z');
    const certificate = await parsed({ notBefore, notAfter });
    expect(certificate.notBefore).toEqual(notBefore);
    expect(certificate.notAfter).toEqual(notAfter);
  });

  it('refuses more than 16 KiB', async () => {
    const extraExtensions = [{ oid: '1.2.3.4', critical: false, value: new Uint8Array(16_384) }];
    await expect(parsed({ extraExtensions })).rejects.toThrow(
      withCode('ERR_CERTIFICATE_TOO_LARGE'),
    );
  });

  it('refuses trailing bytes and what is cut off', () => {
    expect(() => Certificate.parse(concatenated(leaf, new Uint8Array([0])))).toThrow(
      malformed('trailing bytes'),
    );
    for (let length = 0; length < leaf.length; length += 7) {
      expect(() => Certificate.parse(leaf.subarray(0, length))).toThrow(
        withCode('ERR_CERTIFICATE_MALFORMED'),
      );
    }
  });

  const extension = (oid: string, value: Uint8Array, critical = false): MintOptions => ({
    extraExtensions: [{ oid, critical, value }],
  });
  const bytes = (...values: number[]) => new Uint8Array(values);
  const sequence = (...parts: Uint8Array[]) => der(0x30, ...parts);
  it.each<[string, MintOptions, string]>([
    ['an extension twice', extension('2.5.29.15', bytes(3, 2, 7, 0x80)), 'twice'],
    [
      'key usage that is no bit string',
      { keyUsage: null, ...extension('2.5.29.15', bytes(5, 0)) },
      'keyUsage',
    ],
    [
      'key usage with trailing zeros',
      { keyUsage: null, ...extension('2.5.29.15', bytes(3, 2, 0, 0x80)) },
      'not DER',
    ],
    [
      'key usage with unused bits set',
      { keyUsage: null, ...extension('2.5.29.15', bytes(3, 2, 7, 0xc0)) },
      'not DER',
    ],
    [
      'key usage with too many unused bits',
      { keyUsage: null, ...extension('2.5.29.15', bytes(3, 2, 8, 0x80)) },
      'not DER',
    ],
    [
      'key usage without content',
      { keyUsage: null, ...extension('2.5.29.15', bytes(3, 0)) },
      'not DER',
    ],
    [
      'basicConstraints with a written default',
      { isCa: null, ...extension('2.5.29.19', sequence(der(1, bytes(0)))) },
      'default',
    ],
    [
      'basicConstraints with a BER boolean',
      { isCa: null, ...extension('2.5.29.19', sequence(der(1, bytes(1)))) },
      'boolean',
    ],
    [
      'basicConstraints with more',
      {
        isCa: null,
        ...extension('2.5.29.19', sequence(der(1, bytes(255)), der(2, bytes(0)), der(2, bytes(0)))),
      },
      'more parts',
    ],
    [
      'path length and no CA',
      { isCa: null, ...extension('2.5.29.19', sequence(der(2, bytes(0)))) },
      'no CA',
    ],
    [
      'path length negative',
      { isCa: null, ...extension('2.5.29.19', sequence(der(1, bytes(255)), der(2, bytes(255)))) },
      'negative',
    ],
    [
      'path length not DER',
      { isCa: null, ...extension('2.5.29.19', sequence(der(1, bytes(255)), der(2, bytes(0, 1)))) },
      'integer is not DER',
    ],
    [
      'path length empty',
      { isCa: null, ...extension('2.5.29.19', sequence(der(1, bytes(255)), der(2))) },
      'integer is empty',
    ],
    [
      'path length huge',
      {
        isCa: null,
        ...extension('2.5.29.19', sequence(der(1, bytes(255)), der(2, bytes(1, 1, 1, 1, 1)))),
      },
      'integer is too large',
    ],
    [
      'extended key usage empty',
      { extendedKeyUsage: null, ...extension('2.5.29.37', sequence()) },
      'extKeyUsage is empty',
    ],
    [
      'extended key usage of no OIDs',
      { extendedKeyUsage: null, ...extension('2.5.29.37', sequence(bytes(5, 0))) },
      'a purpose',
    ],
    [
      'purpose with a padded arc',
      { extendedKeyUsage: null, ...extension('2.5.29.37', sequence(der(6, bytes(0x80, 1)))) },
      'identifier is not DER',
    ],
    [
      'purpose cut off',
      { extendedKeyUsage: null, ...extension('2.5.29.37', sequence(der(6, bytes(0x2a, 0x86)))) },
      'cut off',
    ],
    [
      'purpose empty',
      { extendedKeyUsage: null, ...extension('2.5.29.37', sequence(der(6))) },
      'cut off',
    ],
    [
      'purpose too long',
      { extendedKeyUsage: null, ...extension('2.5.29.37', sequence(der(6, new Uint8Array(33)))) },
      'too long',
    ],
    [
      'purpose with a huge arc',
      {
        extendedKeyUsage: null,
        ...extension(
          '2.5.29.37',
          sequence(der(6, bytes(0x2a, ...Array<number>(12).fill(0xff), 1))),
        ),
      },
      'identifier is too large',
    ],
    ['SAN empty', { uris: [], ...extension('2.5.29.17', sequence()) }, 'subjectAltName is empty'],
    [
      'SAN with a name of no form',
      { uris: [], ...extension('2.5.29.17', sequence(der(0x0c, bytes(65)))) },
      'no known form',
    ],
    [
      'SAN with trailing bytes',
      {
        uris: [],
        ...extension('2.5.29.17', concatenated(sequence(der(0x86, bytes(65))), bytes(0))),
      },
      'trailing',
    ],
    [
      'SAN with a long tag',
      { uris: [], ...extension('2.5.29.17', sequence(bytes(0x9f, 0x81, 0x01, 0))) },
      'more than one byte',
    ],
    [
      'SAN of indefinite length',
      { uris: [], ...extension('2.5.29.17', bytes(0x30, 0x80, 0, 0)) },
      'length is not DER',
    ],
    [
      'SAN with a padded length',
      { uris: [], ...extension('2.5.29.17', bytes(0x30, 0x81, 3, 0x86, 1, 65)) },
      'length is not DER',
    ],
    [
      'SAN with a length of four bytes',
      { uris: [], ...extension('2.5.29.17', bytes(0x30, 0x84, 0, 0, 0, 3, 0x86, 1, 65)) },
      'length is not DER',
    ],
    [
      'SAN with its length cut off',
      { uris: [], ...extension('2.5.29.17', bytes(0x30, 0x82, 1)) },
      'cut off',
    ],
    ['name constraints empty', extension('2.5.29.30', sequence()), 'nameConstraints is empty'],
    [
      'name constraints with an unknown part',
      extension('2.5.29.30', sequence(der(0xa2))),
      'unknown part',
    ],
    [
      'name constraints with bounds',
      extension('2.5.29.30', sequence(der(0xa0, sequence(der(0x86), der(0x80, bytes(1)))))),
      'bounds',
    ],
  ])('refuses %s', async (_, options, message) => {
    await expect(parsed(options)).rejects.toThrow(malformed(message));
  });

  /** The certificate with its outer parts changed; the signature is of no matter here. */
  const rebuilt = (change: (tbs: Uint8Array[], outer: Uint8Array[]) => void) => {
    const parts = (content: Uint8Array) => {
      const found: Uint8Array[] = [];
      for (let rest = content; rest.length > 0;) {
        const long = (rest[1] ?? 0) >= 0x80 ? (rest[1] ?? 0) & 0x7f : 0;
        const length = long
          ? Buffer.from(rest.subarray(2, 2 + long)).readUIntBE(0, long)
          : (rest[1] ?? 0);
        found.push(rest.subarray(0, 2 + long + length));
        rest = rest.subarray(2 + long + length);
      }
      return found;
    };
    const outer = parts(leaf.subarray(4));
    const tbs = parts((outer[0] as Uint8Array).subarray(4));
    change(tbs, outer);
    outer[0] = der(0x30, ...tbs);
    return () => Certificate.parse(der(0x30, ...outer));
  };
  it.each<[string, (tbs: Uint8Array[], outer: Uint8Array[]) => void, string]>([
    ['another version', (tbs) => (tbs[0] = der(0xa0, der(2, bytes(1)))), 'version is not 3'],
    ['no version', (tbs) => tbs.shift(), 'the version'],
    ['a negative serial number', (tbs) => (tbs[1] = der(2, bytes(0x80))), 'negative'],
    [
      'a serial number of 21 bytes',
      (tbs) => (tbs[1] = der(2, new Uint8Array(21).fill(1))),
      'serial number is too long',
    ],
    [
      'two signature algorithms that differ',
      (tbs) => (tbs[2] = der(0x30, der(6, bytes(0x2a, 3)))),
      'differ',
    ],
    [
      'one time',
      (tbs) => (tbs[4] = der(0x30, der(0x17, Buffer.from('260101000000Z')))),
      'not two times',
    ],
    [
      'a time with an offset',
      (tbs) =>
        (tbs[4] = der(
          0x30,
          der(0x17, Buffer.from('260101000000+0100')),
          der(0x17, Buffer.from('270101000000Z')),
        )),
      'form of RFC 5280',
    ],
    [
      '30 February',
      (tbs) =>
        (tbs[4] = der(
          0x30,
          der(0x17, Buffer.from('260230000000Z')),
          der(0x17, Buffer.from('270101000000Z')),
        )),
      'does not exist',
    ],
    [
      'a time that is none',
      (tbs) =>
        (tbs[4] = der(
          0x30,
          der(0x17, Buffer.from('269901000000Z')),
          der(0x17, Buffer.from('270101000000Z')),
        )),
      'does not exist',
    ],
    ['a name that is no set', (tbs) => (tbs[5] = der(0x30, der(0x30))), 'part of a name'],
    [
      'an attribute without value',
      (tbs) => (tbs[5] = der(0x30, der(0x31, der(0x30, der(6, bytes(0x55, 4, 3)))))),
      'no value',
    ],
    ['unique identifiers', (tbs) => tbs.splice(7, 0, der(0x81, bytes(0, 1))), 'more parts'],
    [
      'a unique identifier for extensions',
      (tbs) => (tbs[7] = der(0x81, bytes(0, 1))),
      'the extensions',
    ],
    [
      'an extension with more parts',
      (tbs) =>
        (tbs[7] = der(0xa3, der(0x30, der(0x30, der(6, bytes(0x2a, 3)), der(4), der(4), der(4))))),
      'more parts',
    ],
    [
      'an extension with a written default',
      (tbs) =>
        (tbs[7] = der(
          0xa3,
          der(0x30, der(0x30, der(6, bytes(0x2a, 3)), der(1, bytes(0)), der(4))),
        )),
      'default',
    ],
    [
      'an extension without value',
      (tbs) => (tbs[7] = der(0xa3, der(0x30, der(0x30, der(6, bytes(0x2a, 3)))))),
      "an extension's value",
    ],
    ['a fourth part', (_, outer) => outer.push(bytes(5, 0)), 'more parts'],
    ['a signature of odd bits', (_, outer) => (outer[2] = der(3, bytes(1, 2))), 'whole bytes'],
  ])('refuses %s', (_, change, message) => {
    expect(rebuilt(change)).toThrow(malformed(message));
  });

  it('accepts a certificate without extensions, which is no SVID', () => {
    expect(rebuilt((tbs) => tbs.pop())().uriNames).toEqual([]);
  });

  it('throws nothing but its own error, whatever a byte is changed to', () => {
    fc.assert(
      fc.property(fc.nat(leaf.length - 1), fc.integer({ min: 0, max: 255 }), (at, value) => {
        const changed = new Uint8Array(leaf);
        changed[at] = value;
        try {
          const { subject, issuer } = Certificate.parse(changed);
          expect(subject + issuer).not.toMatch(/\p{Cc}/u);
        } catch (error) {
          expect(error).toBeInstanceOf(CertificateError);
        }
      }),
      { numRuns: 1000 },
    );
  });
});

describe('Certificate.parseMany', () => {
  it('reads certificates one after another', () => {
    const both = Certificate.parseMany(concatenated(leaf, ca.certificateDer));
    expect(both.map(({ isCa }) => isCa)).toEqual([false, true]);
  });

  it('refuses none, garbage at the end, and too many', () => {
    expect(() => Certificate.parseMany(new Uint8Array())).toThrow(malformed('there is none'));
    expect(() => Certificate.parseMany(concatenated(leaf, new Uint8Array([1])))).toThrow(
      malformed('cut off'),
    );
    const parts = (count: number) => concatenated(...Array<Uint8Array>(count).fill(leaf));
    expect(Certificate.parseMany(parts(MAX_CERTIFICATES))).toHaveLength(MAX_CERTIFICATES);
    expect(() => Certificate.parseMany(parts(MAX_CERTIFICATES + 1))).toThrow(
      withCode('ERR_CERTIFICATE_TOO_LARGE'),
    );
  });
});

describe('Certificate.parsePem', () => {
  const block = () => pem('CERTIFICATE', leaf);

  it('reads blocks and passes over text between them', () => {
    const text = `subject=x\r\n${block().replaceAll('\n', '\r\n')}\n# next\n${ca.certificatePem}`;
    expect(Certificate.parsePem(text)).toHaveLength(2);
  });

  it.each<[string, () => string]>([
    ['no block', () => 'nothing here'],
    ['a private key', () => block() + pem('PRIVATE KEY', new Uint8Array(8))],
    ['a block without end', () => block() + block().slice(0, -30)],
    ['ends that differ', () => block().replace('END CERTIFICATE', 'END X509 CERTIFICATE')],
    ['what is not base64', () => block().replace('MII', 'M!I')],
    ['base64 with characters missing', () => block().replace('MII', 'MI')],
  ])('refuses %s', (_, text) => {
    expect(() => Certificate.parsePem(text())).toThrow(withCode('ERR_CERTIFICATE_PEM'));
  });

  it('refuses too much', () => {
    const short = pem('CERTIFICATE', ca.certificateDer);
    expect(() => Certificate.parsePem(short.repeat(MAX_CERTIFICATES + 1))).toThrow(
      withCode('ERR_CERTIFICATE_TOO_LARGE'),
    );
    expect(() => Certificate.parsePem(' '.repeat(2 ** 21))).toThrow(
      withCode('ERR_CERTIFICATE_TOO_LARGE'),
    );
  });
});
