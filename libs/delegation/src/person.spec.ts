import { describe, expect, it } from '@jest/globals';
import { Pseudonyms, qualifiedSubject } from './person.js';

const key = new Uint8Array(32).fill(1);
const someone = qualifiedSubject('https://login.test', 'a1');

describe('Pseudonyms', () => {
  it('gives one person one name that does not tell who it is', () => {
    const name = new Pseudonyms(key).of(someone);
    expect(name).toMatch(/^[\w-]{43}$/);
    expect(new Pseudonyms(Uint8Array.from(key)).of(someone)).toBe(name);
  });

  it('gives others other names, and with another key', () => {
    const names = [
      new Pseudonyms(key).of(someone),
      new Pseudonyms(key).of(qualifiedSubject('https://login.test', 'a2')),
      new Pseudonyms(key).of(qualifiedSubject('https://other.test', 'a1')),
      new Pseudonyms(new Uint8Array(32)).of(someone),
    ];
    expect(new Set(names).size).toBe(4);
  });

  it('takes no short key, and copies the one it takes', () => {
    expect(() => new Pseudonyms(new Uint8Array(31))).toThrow(RangeError);
    const changing = Uint8Array.from(key);
    const pseudonyms = new Pseudonyms(changing);
    changing.fill(9);
    expect(pseudonyms.of(someone)).toBe(new Pseudonyms(key).of(someone));
  });
});
