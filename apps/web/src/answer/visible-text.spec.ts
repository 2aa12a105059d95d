import { describe, expect, it } from '@jest/globals';
import { visibleLine, visibleText } from './visible-text.js';

describe('visibleText', () => {
  it('shows what turns text around, and leaves the rest', () => {
    expect(visibleText('photo\u202egnp.exe \u2067a\u2069\u0000\u009b')).toBe(
      'photo\ufffdgnp.exe \ufffda\ufffd\ufffd\ufffd',
    );
    const plain = 'A\tB\r\nC é 港 😀 \u200f\u200e שלום';
    expect(visibleText(plain)).toBe(plain);
  });
});

describe('visibleLine', () => {
  it('is one line of limited length', () => {
    expect(visibleLine(' a\n\tb\u202e ')).toBe('a b\ufffd');
    expect(visibleLine('a'.repeat(400), 10)).toBe(`${'a'.repeat(10)}…`);
  });
});
