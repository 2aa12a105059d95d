import { inspect } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { parseSecret, SECRET_MAX_BYTES } from './secret-text.js';

const parse = (text: string) => parseSecret('gemini', Buffer.from(text, 'utf8')).reveal();

describe('parseSecret', () => {
  it.each([
    ['AIza-key', 'AIza-key'],
    ['AIza-key\n', 'AIza-key'],
    ['AIza-key\r\n', 'AIza-key'],
    [' inner and outer spaces ', ' inner and outer spaces '],
    ['pässwörd', 'pässwörd'],
  ])('accepts %j', (text, expected) => {
    expect(parse(text)).toBe(expected);
  });

  it('takes off one newline only', () => {
    expect(() => parse('key\n\n')).toThrow(
      expect.objectContaining({ code: 'ERR_SECRET_CHARACTER' }),
    );
  });

  it.each(['', '\n', '\r\n'])('refuses %j as empty', (text) => {
    expect(() => parse(text)).toThrow(expect.objectContaining({ code: 'ERR_SECRET_EMPTY' }));
  });

  it.each(['a\nb', 'a\rb', 'a\0b', 'a\tb', 'a\u007fb', 'a\u0085b', 'a\u2028b'])(
    'refuses the control character in %j',
    (text) => {
      expect(() => parse(text)).toThrow(expect.objectContaining({ code: 'ERR_SECRET_CHARACTER' }));
    },
  );

  it('refuses what is not UTF-8', () => {
    expect(() => parseSecret('gemini', Uint8Array.of(0x61, 0xff))).toThrow(
      expect.objectContaining({ code: 'ERR_SECRET_CHARACTER' }),
    );
  });

  it('accepts 8 KiB and refuses one byte more', () => {
    expect(parse('k'.repeat(SECRET_MAX_BYTES))).toHaveLength(SECRET_MAX_BYTES);
    expect(() => parse('k'.repeat(SECRET_MAX_BYTES + 1))).toThrow(
      expect.objectContaining({ code: 'ERR_SECRET_TOO_LARGE' }),
    );
  });

  it('never repeats the text in an error', () => {
    const caught = (() => {
      try {
        return parse('planted-7f3a\nplanted-7f3a');
      } catch (error) {
        return error;
      }
    })();
    expect(inspect(caught, { depth: 9 })).not.toContain('planted-7f3a');
  });
});
