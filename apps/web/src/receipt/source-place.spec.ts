import { describe, expect, it } from '@jest/globals';
import { placeOf } from './source-place.js';

describe('placeOf', () => {
  it.each([
    ['https://docs.example/a?b=1#c', 'https://docs.example/a?b=1#c', 'docs.example'],
    ['http://127.0.0.1:8080/', 'http://127.0.0.1:8080/', '127.0.0.1:8080'],
    // As punycode it looks like what it is.
    ['https://ex\u0430mple.org/', 'https://xn--exmple-4nf.org/', 'xn--exmple-4nf.org'],
  ])('follows %s', (url, href, host) => {
    expect(placeOf(url)).toMatchObject({ href, host });
  });

  it.each([
    'documents:///guide.md#start',
    'javascript:alert(1)',
    ' javascript:alert(1)',
    'java\nscript:alert(1)',
    'data:text/html,<script>alert(1)</script>',
    'file:///etc/passwd',
    'blob:https://docs.example/1',
    '//evil.example/',
    '/sign-out',
    'guide.md',
    'https://bank.example@evil.example/',
    'https://',
    '',
  ])('does not follow %j', (url) => {
    expect(placeOf(url)).toEqual({ text: expect.any(String) });
  });

  it('says of a document where it stands in its folder, and hides nothing', () => {
    expect(placeOf('documents:///guides/start.md#begin').text).toBe('guides/start.md#begin');
    expect(placeOf('documents:///a\u202efdp.md').text).toBe('a\ufffdfdp.md');
  });
});
