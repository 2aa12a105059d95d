import { describe, expect, it } from '@jest/globals';
import { isSingleCharacter, mayBeMistyped, queryTermsOf, termsOf } from './terms.js';

const shares = (a: string, b: string) => {
  const terms = new Set(termsOf(a));
  return termsOf(b).some((term) => terms.has(term));
};

describe('termsOf', () => {
  it.each([
    ['rotates', 'Rotation of certificates'],
    ["the agent's socket", 'agents'],
    ['ＳＰＩＦＦＥ', 'spiffe'],
    ['cafe', 'Le Café'],
    ['Strasse', 'STRAẞE'],
    ['сертификатов', 'сертификаты рабочих'],
    ['πιστοποιητικού', 'πιστοποιητικό'],
    ['كتاب', 'كِتَاب'],
    ['שלום', 'שָׁלוֹם'],
    ['証明書', 'この証明書は一時間で失効する'],
    ['인증서', '인증서를 갱신한다'],
    ['ใบรับรอง', 'อายุของใบรับรองคือหนึ่งชั่วโมง'],
    ['प्रमाणपत्र', 'यह प्रमाणपत्र नया है'],
    ['x509 source', 'new X509Source()'],
    ['endpoint socket', 'SPIFFE_ENDPOINT_SOCKET'],
    ['SPIFFE_ENDPOINT_SOCKET', 'spiffe endpoint socket'],
    ['mTLS', 'mtls everywhere'],
  ])('finds %p in %p', (query, text) => {
    expect(shares(query, text)).toBe(true);
  });

  it.each([
    ['rotation', 'notation'],
    ['東京', '京都'],
    ['tls', 'mTLS'],
  ])('does not find %p in %p', (query, text) => {
    expect(shares(query, text)).toBe(false);
  });

  it('leaves out function words and what is longer than a hash', () => {
    expect(termsOf('the state of it')).toEqual(['state']);
    expect(termsOf('a'.repeat(64))).toHaveLength(1);
    expect(termsOf('a'.repeat(65))).toEqual([]);
  });

  it('indexes a pair of characters each, and the last one alone', () => {
    expect(termsOf('水道管')).toEqual(['水道', '道管', '管']);
    expect(isSingleCharacter('管')).toBe(true);
    expect(isSingleCharacter('水道')).toBe(false);
    expect(isSingleCharacter('a')).toBe(false);
  });

  it('takes linear time for 400 kB of anything', () => {
    for (const text of ["'", '_', 'aB', '漢', 'é', '\u0301', 'ไ'])
      termsOf(text.repeat(400_000 / text.length));
  });
});

describe('queryTermsOf', () => {
  it('lets question words hardly count', () => {
    const weights = queryTermsOf('How does a workload get its SVID?');
    expect([...weights].filter(([, weight]) => weight === 1).map(([term]) => term)).toEqual([
      'workload',
      'svid',
    ]);
  });

  it('knows which terms a typing error may be in', () => {
    expect(mayBeMistyped('certifcate')).toBe(true);
    expect(mayBeMistyped('tls')).toBe(false);
    expect(mayBeMistyped('x509abc')).toBe(false);
  });
});
