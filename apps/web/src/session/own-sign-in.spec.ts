import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { digestOf } from '@mesh/provenance';
import { beginSignIn, takeOwnSecret } from './own-sign-in.js';

const kept = new Map<string, string>();

beforeEach(() => {
  kept.clear();
  Object.assign(globalThis, {
    sessionStorage: {
      getItem: (name: string) => kept.get(name) ?? null,
      setItem: (name: string, value: string) => void kept.set(name, value),
      removeItem: (name: string) => void kept.delete(name),
    },
  });
});
afterEach(() => void Reflect.deleteProperty(globalThis, 'sessionStorage'));

async function begun(to: string): Promise<URL> {
  let address = '';
  await beginSignIn(to, (left) => (address = left));
  return new URL(address, 'http://mesh.localhost');
}

describe('a sign-in of this tab', () => {
  it('goes with the digest of a secret that stays here', async () => {
    const { pathname, searchParams } = await begun('/verify?a=1#b');
    expect([pathname, searchParams.get('to')]).toEqual(['/sign-in', '/verify?a=1#b']);
    const secret = takeOwnSecret()!;
    expect(secret).toMatch(/^[\w-]{43}$/);
    expect(searchParams.get('page')).toBe(await digestOf(secret));
  });

  it('has another secret each time, which is taken once', async () => {
    await begun('/');
    const first = takeOwnSecret();
    expect(takeOwnSecret()).toBeUndefined();
    await begun('/');
    expect(takeOwnSecret()).not.toBe(first);
  });

  it('is none where the browser keeps nothing', async () => {
    Reflect.deleteProperty(globalThis, 'sessionStorage');
    expect(takeOwnSecret()).toBeUndefined();
    await expect(beginSignIn('/', () => undefined)).rejects.toThrow(ReferenceError);
  });
});
