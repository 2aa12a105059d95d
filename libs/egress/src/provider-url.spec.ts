import { describe, expect, it } from '@jest/globals';
import { assertDeclaredHost, parseProviderUrl } from './provider-url.js';

describe('parseProviderUrl', () => {
  it.each([
    ['https://api.tavily.com', 'https://api.tavily.com'],
    ['https://proxy.example/gemini/', 'https://proxy.example/gemini'],
    ['http://127.0.0.1:4567', 'http://127.0.0.1:4567'],
    ['http://localhost:4567/', 'http://localhost:4567'],
    ['http://[::1]:4567', 'http://[::1]:4567'],
  ])('takes %p', (text, expected) => {
    expect(parseProviderUrl(text)).toBe(expected);
  });

  it.each([
    'http://api.tavily.com',
    'http://127.0.0.1.example',
    'http://localhost.example',
    'ftp://127.0.0.1',
    'https://user:AIza-key@api.tavily.com',
    'https://api.tavily.com/?key=AIza-key',
    'https://api.tavily.com/#AIza-key',
    'https://api.tavily.com/?',
    'https://api.tavily.com\\path',
    ' https://api.tavily.com',
    'https:api.tavily.com',
    'api.tavily.com',
    '',
  ])('refuses %p without repeating it', (text) => {
    expect(() => parseProviderUrl(text)).toThrow(
      expect.objectContaining({
        code: 'ERR_EGRESS_URL_INVALID',
        message: expect.not.stringContaining('AIza-key'),
      }),
    );
  });
});

describe('assertDeclaredHost', () => {
  const hosts = ['api.tavily.com'];

  it.each(['https://api.tavily.com', 'http://127.0.0.1:4567', 'http://[::1]:4567'])(
    'lets an agent call %s',
    (url) => {
      expect(() => assertDeclaredHost('researcher', url, hosts)).not.toThrow();
    },
  );

  it.each(['https://tavily.com', 'https://api.tavily.com.example', 'https://10.0.0.1'])(
    'does not let it call %s',
    (url) => {
      expect(() => assertDeclaredHost('researcher', url, hosts)).toThrow(
        expect.objectContaining({ code: 'ERR_EGRESS_HOST_UNDECLARED' }),
      );
    },
  );
});
