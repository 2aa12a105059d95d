import { describe, expect, it } from '@jest/globals';
import { localPath, signOutTarget } from './local-path.js';

const origin = 'http://mesh.localhost:4000';

describe('localPath', () => {
  it.each(['/', '/verify', '/verify?a=b#c', '/a/b', '/?to=//elsewhere.example'])(
    'takes %s',
    (path) => expect(localPath(path, origin)).toBe(path),
  );

  it.each([
    ['nothing', null],
    ['an empty text', ''],
    ['another origin', 'https://elsewhere.example/'],
    ['this origin in full', `${origin}/verify`],
    ['a host without a scheme', '//elsewhere.example'],
    ['a host behind backslashes', '/\\elsewhere.example'],
    ['a host behind a backslash further on', '/a/..\\\\elsewhere.example'],
    ['a tab that browsers drop', '/\t/elsewhere.example'],
    ['a newline that browsers drop', '/\n/elsewhere.example'],
    ['dots that leave two slashes', '/..//elsewhere.example'],
    ['dots that leave two slashes later', '/a/..//elsewhere.example'],
    ['a script', 'javascript:alert(1)'],
    ['data', 'data:text/html,x'],
    ['a relative path', 'verify'],
    ['a space', '/ verify'],
    ['more than 2048 characters', `/${'x'.repeat(2048)}`],
  ])('refuses %s', (_, path) => expect(localPath(path, origin)).toBeUndefined());
});

describe('signOutTarget', () => {
  const places = { origin, issuer: 'http://localhost:4010' };

  it.each([
    ['/signed-out', `${origin}/signed-out`],
    [`${origin}/signed-out`, `${origin}/signed-out`],
    ['http://localhost:4010/session/end?x=y', 'http://localhost:4010/session/end?x=y'],
  ])('goes on to %s', (location, target) => {
    expect(signOutTarget(location, places)).toBe(target);
  });

  it.each([
    'https://elsewhere.example/',
    '//elsewhere.example/',
    'http://localhost:4011/session/end',
    'javascript:alert(1)',
    'blob:http://mesh.localhost:4000/x',
    'http://',
    undefined,
    7,
  ])('does not go on to %s', (location) => {
    expect(signOutTarget(location, places)).toBeUndefined();
  });

  it('has no issuer to go to where it is no URL', () => {
    expect(signOutTarget('http://localhost:4010/', { origin, issuer: '' })).toBeUndefined();
  });
});
