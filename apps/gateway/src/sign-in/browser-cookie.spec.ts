import { describe, expect, it } from '@jest/globals';
import { BrowserCookie } from './browser-cookie.js';

const plain = new BrowserCookie('mesh-session', false);
const secure = new BrowserCookie('mesh-session', true);

describe('a cookie', () => {
  it('is for the host alone, hidden from scripts and from requests of other sites', () => {
    expect(plain.set('abc', 60)).toBe(
      'mesh-session=abc; Path=/; HttpOnly; SameSite=Lax; Max-Age=60',
    );
    expect(plain.clear()).toBe('mesh-session=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0');
  });

  it('is bound to the very host where there is TLS', () => {
    expect(secure.set('abc', 60)).toBe(
      '__Host-mesh-session=abc; Path=/; HttpOnly; SameSite=Lax; Secure; Max-Age=60',
    );
    expect(secure.valuesIn('mesh-session=planted')).toEqual([]);
    expect(secure.valuesIn('mesh-session=planted; __Host-mesh-session=own')).toEqual(['own']);
  });

  it.each<[string | undefined, string[]]>([
    [undefined, []],
    ['', []],
    ['other=1; mesh-session=a', ['a']],
    ['mesh-session=a;mesh-session=b', ['a', 'b']],
    ['xmesh-session=a; mesh-session2=b; MESH-SESSION=c', []],
    ['mesh-session=', ['']],
    ['mesh-session=a=b', ['a=b']],
  ])('is found in %j', (header, values) => {
    expect(plain.valuesIn(header)).toEqual(values);
  });
});
