import { beforeAll, describe, expect, it } from '@jest/globals';
import { mintCa } from '@test/kit';
import fc from 'fast-check';
import { handMade, signerOf, statement } from '../test/answers.js';
import { base64Bytes, base64UrlBytes, base64UrlText } from './base64url.js';
import {
  decodeUnverified,
  MAX_STATEMENT_CHARACTERS,
  signStatement,
  type StatementSigner,
} from './index.js';
import { signedBy } from './signature.js';

let signer: StatementSigner;
let compact: string;
let header: Record<string, unknown>;

beforeAll(async () => {
  const ca = await mintCa({ trustDomain: 'mesh.test' });
  signer = signerOf(await ca.issue({ uri: 'spiffe://mesh.test/gateway' }));
  compact = await signStatement(statement(), signer);
  header = JSON.parse(Buffer.from(compact.split('.')[0] ?? '', 'base64url').toString());
});

const refuses = (text: string, code: string) =>
  expect(() => decodeUnverified(text)).toThrow(expect.objectContaining({ code }));

describe('decodeUnverified', () => {
  it('takes a right one apart', () => {
    const jws = decodeUnverified(compact);
    expect(jws).toMatchObject({
      algorithm: 'ES256',
      payload: { txn: 'txn-1', iat: statement().iat },
    });
    expect(jws.keyId.toString()).toBe('spiffe://mesh.test/gateway');
    expect(jws.certificates).toHaveLength(1);
    expect(jws.signature).toHaveLength(64);
    expect(Object.keys(header).sort()).toEqual(['alg', 'kid', 'typ', 'x5c']);
  });

  it.each([
    [
      'two parts',
      (text: string) => text.slice(0, text.lastIndexOf('.')),
      'ERR_ANSWER_COMPACT_PARTS',
    ],
    ['four parts', (text: string) => `${text}.`, 'ERR_ANSWER_COMPACT_PARTS'],
    ['nothing', () => '', 'ERR_ANSWER_COMPACT_PARTS'],
    ['padding', (text: string) => `${text}==`, 'ERR_ANSWER_BASE64URL'],
    ['white space', (text: string) => `${text}\n`, 'ERR_ANSWER_BASE64URL'],
    ['white space before', (text: string) => ` ${text}`, 'ERR_ANSWER_BASE64URL'],
    ['base64', (text: string) => `${text.slice(0, -2)}+/`, 'ERR_ANSWER_BASE64URL'],
    ['a character too many', (text: string) => `${text.slice(0, -1)}`, 'ERR_ANSWER_BASE64URL'],
    // 64 bytes end in a character of which two bits count: A, Q, g, w.
    ['bits that do not count', (text: string) => `${text.slice(0, -1)}B`, 'ERR_ANSWER_BASE64URL'],
    [
      'more than it may have',
      (text: string) => text.padEnd(MAX_STATEMENT_CHARACTERS + 1, 'A'),
      'ERR_ANSWER_STATEMENT_SIZE',
    ],
  ])('refuses %s', (_, change, code) => refuses(change(compact), code));

  it.each([
    ['alg none', { alg: 'none' }, 'ERR_ANSWER_ALGORITHM'],
    ['alg None', { alg: 'None' }, 'ERR_ANSWER_ALGORITHM'],
    ['HMAC', { alg: 'HS256' }, 'ERR_ANSWER_ALGORITHM'],
    ['ES512', { alg: 'ES512' }, 'ERR_ANSWER_ALGORITHM'],
    ['no alg', { alg: undefined }, 'ERR_ANSWER_ALGORITHM'],
    ['jwk', { jwk: {} }, 'ERR_ANSWER_HEADER_KEY'],
    ['jku', { jku: 'https://evil.example' }, 'ERR_ANSWER_HEADER_KEY'],
    ['x5u', { x5u: 'https://evil.example' }, 'ERR_ANSWER_HEADER_KEY'],
    ['x5t#S256', { 'x5t#S256': 'A' }, 'ERR_ANSWER_HEADER_KEY'],
    ['b64', { b64: false, crit: ['b64'] }, 'ERR_ANSWER_HEADER_B64'],
    ['crit', { crit: ['exp'] }, 'ERR_ANSWER_HEADER_CRIT'],
    ['empty crit', { crit: [] }, 'ERR_ANSWER_HEADER_CRIT'],
    ['cty', { cty: 'JWT' }, 'ERR_ANSWER_HEADER_MEMBER'],
    ['another typ', { typ: 'txntoken+jwt' }, 'ERR_ANSWER_TYPE'],
    ['typ in capitals', { typ: 'Mesh-Statement+JWT' }, 'ERR_ANSWER_TYPE'],
    ['no typ', { typ: undefined }, 'ERR_ANSWER_TYPE'],
    ['no kid', { kid: undefined }, 'ERR_ANSWER_KEY_ID'],
    ['a kid that is no SPIFFE ID', { kid: 'https://mesh.test/gateway' }, 'ERR_ANSWER_KEY_ID'],
    ['no x5c', { x5c: undefined }, 'ERR_ANSWER_CERTIFICATES'],
    ['an empty x5c', { x5c: [] }, 'ERR_ANSWER_CERTIFICATES'],
    ['nine certificates', { x5c: Array(9).fill('') }, 'ERR_ANSWER_CERTIFICATES'],
    ['certificates of other types', { x5c: [1] }, 'ERR_ANSWER_CERTIFICATES'],
    ['certificates that are not base64', { x5c: ['_-'] }, 'ERR_ANSWER_CERTIFICATES'],
    ['certificates that are none', { x5c: ['AAAA'] }, 'ERR_ANSWER_CERTIFICATES'],
  ])('refuses %s', async (_, change, code) => {
    refuses(await handMade({ ...header, ...change }, {}), code);
  });

  it('refuses headers that are no objects, members twice and what is not UTF-8', async () => {
    refuses(await handMade('[]', {}), 'ERR_ANSWER_HEADER_MALFORMED');
    refuses(await handMade('null', {}), 'ERR_ANSWER_HEADER_MALFORMED');
    const twice = JSON.stringify(header).replace('{', '{"alg":"ES256",');
    refuses(await handMade(twice, {}), 'ERR_ANSWER_JSON_DUPLICATE_MEMBER');
    refuses(await handMade(header, '{"a":1,"a":1}'), 'ERR_ANSWER_JSON_DUPLICATE_MEMBER');
    refuses(await handMade(header, Uint8Array.of(0x22, 0xff, 0x22)), 'ERR_ANSWER_UTF8');
    refuses(
      await handMade(header, Uint8Array.of(0xef, 0xbb, 0xbf, 0x31)),
      'ERR_ANSWER_JSON_SYNTAX',
    );
    refuses(await handMade(header, ''), 'ERR_ANSWER_JSON_SYNTAX');
  });

  it('reads the header of an SVID once, while it is among the last that were seen', async () => {
    const certificatesOf = (text: string) => decodeUnverified(text).certificates;
    const first = certificatesOf(compact);
    expect(certificatesOf(await handMade(header, { other: 1 }))).toBe(first);
    const others = Array.from({ length: 64 }, (_, index) => ({
      ...header,
      kid: `spiffe://mesh.test/${index}`,
    }));
    for (const other of others) {
      const jws = decodeUnverified(await handMade(other, {}));
      expect(jws.keyId.toString()).toBe(other.kid);
    }
    expect(certificatesOf(compact)).not.toBe(first);
    expect(certificatesOf(compact)).toEqual(first);
  });

  it('reads base64 of certificates in one way alone', () => {
    expect(base64Bytes('AQ==')).toEqual(Uint8Array.of(1));
    for (const text of ['AR==', 'AQ', 'AQ=', 'A===', 'AQ=='.padEnd(5)]) {
      expect(base64Bytes(text)).toBeUndefined();
    }
  });
});

describe('signatures of the RFCs', () => {
  const imported = async (
    jwk: JsonWebKey,
    algorithm: EcKeyImportParams | RsaHashedImportParams,
  ) => {
    const key = await crypto.subtle.importKey('jwk', jwk, algorithm, true, ['verify']);
    return new Uint8Array(await crypto.subtle.exportKey('spki', key));
  };
  const PAYLOAD =
    'eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ';
  const vectors = [
    {
      name: 'RFC 7515 A.2',
      algorithm: 'RS256' as const,
      key: () =>
        imported(
          {
            ...{ kty: 'RSA', e: 'AQAB' },
            n: 'ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ',
          },
          { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' },
        ),
      input: `eyJhbGciOiJSUzI1NiJ9.${PAYLOAD}`,
      signature:
        'cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw',
    },
    {
      name: 'RFC 7515 A.3',
      algorithm: 'ES256' as const,
      key: () =>
        imported(
          {
            ...{ kty: 'EC', crv: 'P-256' },
            x: 'f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU',
            y: 'x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0',
          },
          { name: 'ECDSA', namedCurve: 'P-256' },
        ),
      input: `eyJhbGciOiJFUzI1NiJ9.${PAYLOAD}`,
      signature:
        'DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q',
    },
    {
      name: 'RFC 7520 4.1',
      algorithm: 'RS256' as const,
      key: () =>
        imported(
          {
            ...{ kty: 'RSA', e: 'AQAB' },
            n: 'n4EPtAOCc9AlkeQHPzHStgAbgs7bTZLwUBZdR8_KuKPEHLd4rHVTeT-O-XV2jRojdNhxJWTDvNd7nqQ0VEiZQHz_AJmSCpMaJMRBSFKrKb2wqVwGU_NsYOYL-QtiWN2lbzcEe6XC0dApr5ydQLrHqkHHig3RBordaZ6Aj-oBHqFEHYpPe7Tpe-OfVfHd1E6cS6M1FZcD1NNLYD5lFHpPI9bTwJlsde3uhGqC0ZCuEHg8lhzwOHrtIQbS0FVbb9k3-tVTU4fg_3L_vniUFAKwuCLqKnS2BYwdq_mzSnbLY7h_qixoR7jig3__kRhuaxwUkRz5iaiQkqgc5gHdrNP5zw',
          },
          { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' },
        ),
      input:
        'eyJhbGciOiJSUzI1NiIsImtpZCI6ImJpbGJvLmJhZ2dpbnNAaG9iYml0b24uZXhhbXBsZSJ9.SXTigJlzIGEgZGFuZ2Vyb3VzIGJ1c2luZXNzLCBGcm9kbywgZ29pbmcgb3V0IHlvdXIgZG9vci4gWW91IHN0ZXAgb250byB0aGUgcm9hZCwgYW5kIGlmIHlvdSBkb24ndCBrZWVwIHlvdXIgZmVldCwgdGhlcmXigJlzIG5vIGtub3dpbmcgd2hlcmUgeW91IG1pZ2h0IGJlIHN3ZXB0IG9mZiB0by4',
      signature:
        'MRjdkly7_-oTPTS3AXP41iQIGKa80A0ZmTuV5MEaHoxnW2e5CZ5NlKtainoFmKZopdHM1O2U4mwzJdQx996ivp83xuglII7PNDi84wnB-BDkoBwA78185hX-Es4JIwmDLJK3lfWRa-XtL0RnltuYv746iYTh_qHRD68BNt1uSNCrUCTJDt5aAE6x8wW1Kt9eRo4QPocSadnHXFxnt8Is9UzpERV0ePPQdLuW3IS_de3xyIrDaLGdjluPxUAhb6L2aXic1U12podGU0KLUQSE_oI-ZnmKJ3F4uOZDnd6QZWJushZ41Axf_fcIe8u9ipH84ogoree7vjbU5y18kDquDg',
    },
  ];

  it.each(vectors)('$name', async ({ algorithm, key, input, signature }) => {
    const jws = {
      algorithm,
      signingInput: new TextEncoder().encode(input),
      signature: new Uint8Array(Buffer.from(signature, 'base64url')),
    };
    const spki = await key();
    expect(await signedBy(spki, jws)).toBe(true);
    expect(
      await signedBy(spki, { ...jws, signingInput: new TextEncoder().encode(`${input}A`) }),
    ).toBe(false);
    expect(await signedBy(spki, { ...jws, signature: jws.signature.subarray(1) })).toBe(false);
  });

  it('a key that was read for one algorithm is none for another', async () => {
    const { key, input, signature } = vectors[0] as (typeof vectors)[0];
    const jws = {
      signingInput: new TextEncoder().encode(input),
      signature: new Uint8Array(Buffer.from(signature, 'base64url')),
    };
    const spki = await key();
    for (const [algorithm, right] of [
      ['RS256', true],
      ['PS256', false],
      ['RS256', true],
    ] as const) {
      expect(await signedBy(spki, { ...jws, algorithm })).toBe(right);
    }
    await expect(signedBy(spki, { ...jws, algorithm: 'ES256' })).rejects.toMatchObject({
      code: 'ERR_ANSWER_ALGORITHM_KEY',
    });
    expect(await signedBy(spki, { ...jws, algorithm: 'RS256' })).toBe(true);
  });

  it.each(vectors)('$name is no statement', ({ input, signature }) => {
    refuses(`${input}.${signature}`, 'ERR_ANSWER_TYPE');
  });

  it.each([
    ['A.1, signed with a secret', 'eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9', PAYLOAD],
    ['A.4, by ES512', 'eyJhbGciOiJFUzUxMiJ9', 'UGF5bG9hZA'],
    ['A.5, which nobody signed', 'eyJhbGciOiJub25lIn0', PAYLOAD],
  ])('RFC 7515 %s, is refused', (_, header, payload) => {
    refuses(`${header}.${payload}.`, 'ERR_ANSWER_ALGORITHM');
  });

  it.each([
    ['4.2, by PS384', 'PS384'],
    ['4.3, by ES512', 'ES512'],
  ])('RFC 7520 %s, is refused', async (_, alg) => {
    refuses(
      await handMade({ alg, kid: 'bilbo.baggins@hobbiton.example' }, PAYLOAD),
      'ERR_ANSWER_ALGORITHM',
    );
  });

  it('RFC 7515 C: base64url without padding', () => {
    const bytes = Uint8Array.of(3, 236, 255, 224, 193);
    expect(base64UrlText(bytes)).toBe('A-z_4ME');
    expect(base64UrlBytes('A-z_4ME')).toEqual(bytes);
    for (const text of ['A-z_4MF', 'A-z_4ME=', 'A+z/4ME', 'A-z_4M', 'A-z_4']) {
      expect(base64UrlBytes(text)).toBeUndefined();
    }
  });

  it('base64url is read as it is written (property)', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 50 }), (bytes) => {
        expect(base64UrlText(bytes)).toBe(Buffer.from(bytes).toString('base64url'));
        expect(base64UrlBytes(base64UrlText(bytes))).toEqual(new Uint8Array(bytes));
      }),
    );
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'ABMQgw_-=+/'), maxLength: 9 }), (text) => {
        const bytes = base64UrlBytes(text);
        if (bytes) expect(base64UrlText(bytes)).toBe(text);
      }),
    );
  });
});
