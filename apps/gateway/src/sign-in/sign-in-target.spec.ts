import { describe, expect, it } from '@jest/globals';
import { isOtherName, parsePageDigest, parseSignInTarget } from './sign-in-target.js';

const MESH = 'http://mesh.localhost:4000';

describe('the page that begins a sign-in', () => {
  it.each([undefined, 'a'.repeat(43), `${'-_'.repeat(21)}9`])('may be %s', (page) => {
    expect(parsePageDigest(page)).toBe(page);
  });

  it.each(['', 'a'.repeat(42), 'a'.repeat(44), `${'a'.repeat(42)}.`, ['a'.repeat(43)], null])(
    'is not %j',
    (page) => {
      expect(() => parsePageDigest(page)).toThrow(
        expect.objectContaining({ code: 'ERR_SIGN_IN_TARGET' }),
      );
    },
  );
});

describe('the page that follows a sign-in', () => {
  it.each([
    [undefined, '/'],
    ['/', '/'],
    ['/verify', '/verify'],
    ['/verify?a=1&b=%2F%2Fevil.test#top', '/verify?a=1&b=%2F%2Fevil.test#top'],
    ['/a/../verify', '/verify'],
    ['/@evil.test', '/@evil.test'],
    ['/%5cevil.test', '/%5cevil.test'],
    ['/?to=https://evil.test', '/?to=https://evil.test'],
    [`/${'a'.repeat(1023)}`, `/${'a'.repeat(1023)}`],
  ])('may be %s', (to, page) => {
    expect(parseSignInTarget(to, MESH)).toBe(page);
  });

  it.each([
    '',
    'verify',
    'https://evil.test',
    'http://mesh.localhost:4000/verify',
    '//evil.test',
    '///evil.test',
    '/\\evil.test',
    '\\\\evil.test',
    '/verify\\..\\evil',
    '/\t/evil.test',
    '/\n/evil.test',
    '/\u0000',
    '/ver ify',
    '/ｖ',
    '/.//evil.test',
    '/a/..//evil.test',
    '/%2e//evil.test',
    '/a/%2e%2e//evil.test',
    'javascript:alert(1)',
    'data:text/html,x',
    ' /verify',
    `/${'a'.repeat(1024)}`,
    ['/verify', '/agents'],
    { to: '/' },
  ])('is never %j', (to) => {
    expect(() => parseSignInTarget(to, MESH)).toThrow(
      expect.objectContaining({ code: 'ERR_SIGN_IN_TARGET' }),
    );
  });
});

describe('another name of this machine', () => {
  it.each([
    ['localhost:4000', MESH],
    ['127.0.0.1:4000', MESH],
    ['[::1]:4000', MESH],
    ['mesh.localhost:4000', 'http://localhost:4000'],
  ])('is %s for %s', (host, publicUrl) => {
    expect(isOtherName(host, publicUrl)).toBe(true);
  });

  it.each<[string | undefined, string]>([
    ['mesh.localhost:4000', MESH],
    ['localhost:4001', MESH],
    ['localhost', MESH],
    ['gateway.internal:4000', MESH],
    ['localhost:4000', 'https://mesh.example.org:4000'],
    ['', MESH],
    [undefined, MESH],
  ])('is not %s for %s', (host, publicUrl) => {
    expect(isOtherName(host, publicUrl)).toBe(false);
  });
});
