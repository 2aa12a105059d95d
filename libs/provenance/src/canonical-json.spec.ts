import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  canonicalJson,
  contentDigest,
  digestOf,
  digestOfJson,
  parseStrictJson,
  requestDigest,
  sourceDigest,
} from './index.js';

const double = (hex: string) => Buffer.from(hex, 'hex').readDoubleBE();
const refused = (value: unknown, code: string) =>
  expect(() => canonicalJson(value)).toThrow(expect.objectContaining({ code }));

describe('canonicalJson', () => {
  it('writes the example of RFC 8785 3.2.4', () => {
    const text = String.raw`{
      "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
      "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
      "literals": [null, true, false]
    }`;
    const hex = `7b226c69746572616c73223a5b6e756c6c2c747275652c66616c73655d2c226e756d62657273223a5b
      3333333333333333332e333333333333332c31652b33302c342e352c302e3030322c31652d32375d2c22737472696e
      67223a22e282ac245c75303030665c6e4127425c225c5c5c5c5c222f227d`;
    expect(Buffer.from(canonicalJson(parseStrictJson(text, 1000))).toString('hex')).toBe(
      hex.replace(/\s/g, ''),
    );
  });

  it('sorts as RFC 8785 3.2.3', () => {
    const text = String.raw`{"\u20ac":"Euro Sign","\r":"Carriage Return","\ufb33":"Hebrew Letter Dalet With Dagesh",
      "1":"One","\ud83d\ude00":"Emoji: Grinning Face","\u0080":"Control","\u00f6":"Latin Small Letter O With Diaeresis"}`;
    const written = canonicalJson(parseStrictJson(text, 1000));
    expect([...written.matchAll(/:"([^"]+)"/g)].map(([, name]) => name)).toEqual([
      'Carriage Return',
      'One',
      'Control',
      'Latin Small Letter O With Diaeresis',
      'Euro Sign',
      'Emoji: Grinning Face',
      'Hebrew Letter Dalet With Dagesh',
    ]);
  });

  it.each([
    ['0000000000000000', '0'],
    ['8000000000000000', '0'],
    ['0000000000000001', '5e-324'],
    ['8000000000000001', '-5e-324'],
    ['7fefffffffffffff', '1.7976931348623157e+308'],
    ['ffefffffffffffff', '-1.7976931348623157e+308'],
    ['4340000000000000', '9007199254740992'],
    ['c340000000000000', '-9007199254740992'],
    ['4430000000000000', '295147905179352830000'],
    ['44b52d02c7e14af5', '9.999999999999997e+22'],
    ['44b52d02c7e14af6', '1e+23'],
    ['44b52d02c7e14af7', '1.0000000000000001e+23'],
    ['444b1ae4d6e2ef4e', '999999999999999700000'],
    ['444b1ae4d6e2ef4f', '999999999999999900000'],
    ['444b1ae4d6e2ef50', '1e+21'],
    ['3eb0c6f7a0b5ed8c', '9.999999999999997e-7'],
    ['3eb0c6f7a0b5ed8d', '0.000001'],
    ['41b3de4355555553', '333333333.3333332'],
    ['41b3de4355555554', '333333333.33333325'],
    ['41b3de4355555555', '333333333.3333333'],
    ['41b3de4355555556', '333333333.3333334'],
    ['41b3de4355555557', '333333333.33333343'],
    ['becbf647612f3696', '-0.0000033333333333333333'],
    ['43143ff3c1cb0959', '1424953923781206.2'],
  ])('writes the number %s of RFC 8785 appendix B as %s', (hex, text) => {
    expect(canonicalJson(double(hex))).toBe(text);
  });

  it('is the same for every order of members', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string({ unit: 'grapheme' }), fc.integer()), (value) => {
        const reversed = Object.fromEntries(Object.entries(value).reverse());
        expect(canonicalJson(reversed)).toBe(canonicalJson(value));
        expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  it('refuses the numbers of RFC 8785 appendix B that are none', () => {
    refused(double('7fffffffffffffff'), 'ERR_ANSWER_JSON_NUMBER');
    refused([double('7ff0000000000000')], 'ERR_ANSWER_JSON_NUMBER');
    refused({ a: -Infinity }, 'ERR_ANSWER_JSON_NUMBER');
  });

  it('refuses half of a surrogate pair', () => {
    expect(canonicalJson('\ud83d\ude00')).toBe('"😀"');
    refused(['\udead'], 'ERR_ANSWER_JSON_STRING');
    refused({ '\ud83d': 1 }, 'ERR_ANSWER_JSON_STRING');
  });

  it.each([
    ['undefined', undefined],
    ['an undefined member', { a: undefined }],
    ['a hole in a list', [1, , 2]], // eslint-disable-line no-sparse-arrays -- that is what is refused
    ['a function', { a: () => 1 }],
    ['a symbol', Symbol('a')],
    ['a big integer', 1n],
    ['a date', new Date()],
    ['a map', new Map()],
    ['an object that speaks for itself', { a: 1, toJSON: () => 'b' }],
  ])('refuses %s', (_, value) => refused(value, 'ERR_ANSWER_JSON_VALUE'));

  it('refuses a value that leads back to itself', () => {
    const value: unknown[] = [];
    value.push(value);
    refused(value, 'ERR_ANSWER_JSON_DEPTH');
  });
});

describe('digests', () => {
  it('are SHA-256 as base64url', async () => {
    // FIPS 180-4, of 'abc'.
    expect(await digestOf('abc')).toBe('ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0');
    expect(await digestOfJson('abc')).toBe(await digestOf('"abc"'));
    expect(await digestOf(new TextEncoder().encode('abc'))).toBe(await digestOf('abc'));
  });

  it('cover exactly the members that they are over', async () => {
    const request = { method: 'POST', path: '/v1', nonce: 'n', body: null };
    expect(await requestDigest({ ...request, ...{ more: 1 } })).toBe(await digestOfJson(request));
    const source = { id: 1, title: 't', url: 'u', snippet: 's' };
    expect(await sourceDigest({ ...source, ...{ score: 1 } })).toBe(await digestOfJson(source));
    const body = { a: 1, b: { statements: ['x'] } };
    expect(await contentDigest({ ...body, statements: ['y'] })).toBe(await digestOfJson(body));
    expect(await contentDigest({ ...body, b: {} })).not.toBe(await contentDigest(body));
  });
});
