import { describe, expect, it } from '@jest/globals';
import { MAX_SCOPES, parseScope, scopeBeyond } from './scope.js';

describe('parseScope', () => {
  it.each(['draft:write', 'research:deep draft:write', '!#[]~', 'x'.repeat(64)])(
    'reads %s',
    (text) => {
      expect(parseScope(text)?.join(' ')).toBe(text);
    },
  );

  it.each(['', ' ', 'a ', ' a', 'a  b', 'a a', 'a"b', 'a\\b', 'a\tb', 'ä', 'x'.repeat(65)])(
    'refuses %j',
    (text) => {
      expect(parseScope(text)).toBeUndefined();
    },
  );

  it('takes so many', () => {
    const many = Array.from({ length: MAX_SCOPES }, (_, index) => `s${index}`);
    expect(parseScope(many.join(' '))).toEqual(many);
    expect(parseScope([...many, 'one-more'].join(' '))).toBeUndefined();
  });
});

describe('scopeBeyond', () => {
  it('names the first that is not allowed', () => {
    expect(scopeBeyond(['a', 'b'], ['b', 'a', 'c'])).toBeUndefined();
    expect(scopeBeyond(['a', 'x', 'y'], ['a'])).toBe('x');
    expect(scopeBeyond(['a:b'], ['a'])).toBe('a:b');
  });
});
