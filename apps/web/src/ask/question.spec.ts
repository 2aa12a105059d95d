import { describe, expect, it } from '@jest/globals';
import { keptText, MAX_KEPT } from './question.js';

describe('keptText', () => {
  it('keeps what a person types', () => expect(keptText('Why? 🦉')).toBe('Why? 🦉'));

  it('keeps the beginning of a megabyte', () => {
    expect(keptText('x'.repeat(1_000_000))).toHaveLength(MAX_KEPT);
  });

  it('cuts no character in two', () => {
    expect(keptText(`${'x'.repeat(MAX_KEPT - 1)}🦉`)).toBe('x'.repeat(MAX_KEPT - 1));
  });
});
