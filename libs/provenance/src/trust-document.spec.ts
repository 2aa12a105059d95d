import { beforeAll, describe, expect, it } from '@jest/globals';
import { Certificate } from '@mesh/spiffe';
import { mintCa, type MintedCa } from '@test/kit';
import { DOMAIN, trustOf } from '../test/answers.js';
import {
  type ArchiveDocument,
  parseArchiveDocument,
  parseTrustDocument,
  serializeArchiveDocument,
  serializeTrustDocument,
  trustDocumentDigest,
} from './index.js';

let ca: MintedCa;
let archive: ArchiveDocument;
let trust: Record<string, unknown>;
let archived: Record<string, unknown>;

beforeAll(async () => {
  ca = await mintCa({ trustDomain: 'mesh.test' });
  archive = {
    trustDomain: DOMAIN,
    authorities: [
      { certificate: Certificate.parse(ca.certificateDer), status: 'retired', since: 1 },
    ],
  };
  trust = JSON.parse(serializeTrustDocument(trustOf(ca.certificateDer)));
  archived = JSON.parse(serializeArchiveDocument(archive));
});

const refuses = (parse: (text: string) => unknown, value: unknown, code: string) => {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  expect(() => parse(text)).toThrow(expect.objectContaining({ code }));
};

describe('the trust document', () => {
  it('is read as it was written', async () => {
    const text = serializeTrustDocument(trustOf(ca.certificateDer));
    const document = parseTrustDocument(text);
    expect(serializeTrustDocument(document)).toBe(text);
    expect(document.root.toString()).toBe('spiffe://mesh.test/gateway');
    expect(document.edges).toHaveLength(2);
    expect(document.bundle).toMatchObject({ sequenceNumber: 3, trustDomain: DOMAIN });
    expect(document.bundle.x509Authorities[0]?.raw).toEqual(ca.certificateDer);
    const digest = await trustDocumentDigest(document);
    expect(digest).toMatch(/^[\w-]{43}$/);
    expect(await trustDocumentDigest({ ...document, edges: [] })).not.toBe(digest);
  });

  it.each<[string, (document: Record<string, unknown>) => unknown, string]>([
    ['no JSON', () => '{', 'MALFORMED'],
    ['no object', () => [], 'MALFORMED'],
    ['a member twice', (d) => JSON.stringify(d).replace('{', '{"root":"x",'), 'MALFORMED'],
    ['an unknown member', (d) => ({ ...d, more: 1 }), 'MALFORMED'],
    ['a missing member', ({ edges: _, ...d }) => d, 'MALFORMED'],
    ['another type', (d) => ({ ...d, type: 'mesh-trust-v2' }), 'TYPE'],
    ['no type', ({ type: _, ...d }) => d, 'TYPE'],
    ['a trust domain as ID', (d) => ({ ...d, trust_domain: 'spiffe://mesh.test' }), 'MALFORMED'],
    ['no trust domain', (d) => ({ ...d, trust_domain: 'A b' }), 'MALFORMED'],
    ['a root that is no ID', (d) => ({ ...d, root: 'gateway' }), 'MALFORMED'],
    ['a root that is no text', (d) => ({ ...d, root: 1 }), 'MALFORMED'],
    [
      'a root of another domain',
      (d) => ({ ...d, root: 'spiffe://other.test/gateway' }),
      'FOREIGN_ID',
    ],
    ['a root without path', (d) => ({ ...d, root: 'spiffe://mesh.test' }), 'FOREIGN_ID'],
    [
      'an edge to another domain',
      (d) => ({
        ...d,
        edges: [{ caller: 'spiffe://mesh.test/a', callee: 'spiffe://other.test/b' }],
      }),
      'FOREIGN_ID',
    ],
    [
      'an edge that says more',
      (d) => ({ ...d, edges: [{ caller: 'a', callee: 'b', x: 1 }] }),
      'MALFORMED',
    ],
    ['an edge that is none', (d) => ({ ...d, edges: ['a'] }), 'MALFORMED'],
    ['edges that are no list', (d) => ({ ...d, edges: {} }), 'MALFORMED'],
    ['a bundle that is none', (d) => ({ ...d, bundle: { keys: 1 } }), 'MALFORMED'],
    ['a bundle as text', (d) => ({ ...d, bundle: '{"keys":[]}' }), 'MALFORMED'],
  ])('is refused with %s', (_, change, code) => {
    refuses(parseTrustDocument, change(trust), `ERR_TRUST_DOCUMENT_${code}`);
  });

  it('is no archive', () => {
    refuses(parseTrustDocument, archived, 'ERR_TRUST_DOCUMENT_TYPE');
    refuses(parseArchiveDocument, trust, 'ERR_TRUST_DOCUMENT_TYPE');
  });
});

describe('the archive document', () => {
  it('is read as it was written', () => {
    const text = serializeArchiveDocument(archive);
    expect(serializeArchiveDocument(parseArchiveDocument(text))).toBe(text);
    const distrusted = text.replace('retired', 'distrusted');
    expect(parseArchiveDocument(distrusted).authorities[0]?.status).toBe('distrusted');
  });

  it.each<[string, object]>([
    ['another status', { status: 'trusted' }],
    ['no whole seconds', { since: 1.5 }],
    ['a time before the epoch', { since: -1 }],
    ['no base64', { certificate: '_' }],
    ['no certificate', { certificate: 'AAAA' }],
    ['a certificate of another type', { certificate: null }],
    ['a member that is not known', { more: 1 }],
  ])('is refused with %s', (_, change) => {
    const [authority] = archived.authorities as object[];
    const value = { ...archived, authorities: [{ ...authority, ...change }] };
    refuses(parseArchiveDocument, value, 'ERR_TRUST_DOCUMENT_MALFORMED');
  });
});
