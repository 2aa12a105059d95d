import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { MAX_JSON_DEPTH, parseStrictJson } from './strict-json.js';

const parse = (text: string) => parseStrictJson(text, 1000);
const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);

describe('parseStrictJson', () => {
  it('reads what JSON.parse reads', () => {
    fc.assert(
      fc.property(fc.json({ noUnicodeString: false }), fc.constantFrom(0, 2), (text, indent) => {
        const value: unknown = JSON.parse(text);
        const written = JSON.stringify(value, null, indent);
        expect(parseStrictJson(written, 1e6)).toEqual(value);
      }),
    );
  });

  it('refuses whatever JSON.parse refuses', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...'{}[]",:\\ 01-.eEtruefalsn\u0000\t'), { maxLength: 12 }),
        (characters) => {
          const text = characters.join('');
          let strict: unknown;
          try {
            strict = parse(text);
          } catch {
            return;
          }
          expect(JSON.parse(text)).toEqual(strict);
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('takes __proto__ as a member like any other', () => {
    const value = parse('{"__proto__":{"a":1}}');
    expect(Object.keys(value as object)).toEqual(['__proto__']);
    expect((value as { a?: unknown }).a).toBeUndefined();
  });

  it.each([
    '1',
    '-0',
    '9007199254740991',
    '9007199254740992',
    '295147905179352830000',
    '1e30',
    '0.1',
    '0e5',
    '[ ]',
    ' { } ',
    '"\\ud83d\\ude00"',
    '"\\"\\\\\\/\\b\\f\\n\\r\\t\\u0000"',
    '"\u007f\u2028\u2029\uffff"',
  ])('takes %s', (text) => expect(parse(text)).toEqual(JSON.parse(text)));

  it.each([
    ['{"a":1,"a":2}', 'ERR_ANSWER_JSON_DUPLICATE_MEMBER'],
    ['{"a":1,"\\u0061":2}', 'ERR_ANSWER_JSON_DUPLICATE_MEMBER'],
    ['[{"b":{"a":1,"a":1}}]', 'ERR_ANSWER_JSON_DUPLICATE_MEMBER'],
    ['1e400', 'ERR_ANSWER_JSON_NUMBER'],
    ['1e-400', 'ERR_ANSWER_JSON_NUMBER'],
    ['9007199254740993', 'ERR_ANSWER_JSON_NUMBER'],
    ['"\\ud83d"', 'ERR_ANSWER_JSON_STRING'],
    ['{"\\ude00":1}', 'ERR_ANSWER_JSON_STRING'],
    ...[
      '',
      '{',
      '{"a"}',
      '{"a":1,}',
      '[1,]',
      '[1',
      '01',
      '1 2',
      "'a'",
      '"a',
      '"\\x"',
      '"\t"',
      '"\\\n"',
    ].map((text) => [text, 'ERR_ANSWER_JSON_SYNTAX'] as const),
    ...['NaN', '\ufeff1', '{a:1}', '1.', '"\\'].map(
      (text) => [text, 'ERR_ANSWER_JSON_SYNTAX'] as const,
    ),
  ])('refuses %j by %s', (text, code) => {
    expect(() => parse(text)).toThrow(expect.objectContaining({ code }));
  });

  it('reads strings of any length, and of escapes alone', () => {
    for (const text of ['a'.repeat(4_000_000), '\\n'.repeat(2_000_000), '\\"'.repeat(2_000_000)]) {
      expect(parseStrictJson(`"${text}"`, 4_194_304)).toBe(JSON.parse(`"${text}"`));
    }
  });

  it('takes so many levels and no more', () => {
    expect(() => parse(nested(MAX_JSON_DEPTH))).not.toThrow();
    expect(() => parse(nested(MAX_JSON_DEPTH + 2))).toThrow(
      expect.objectContaining({ code: 'ERR_ANSWER_JSON_DEPTH' }),
    );
  });

  it('takes so many characters and no more', () => {
    expect(parseStrictJson('"abc"', 5)).toBe('abc');
    expect(() => parseStrictJson('"abc"', 4)).toThrow(
      expect.objectContaining({ code: 'ERR_ANSWER_JSON_SIZE' }),
    );
  });
});
