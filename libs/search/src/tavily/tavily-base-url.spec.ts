import { describe, expect, it } from '@jest/globals';
import { parseBaseUrl, TAVILY_BASE_URL } from './tavily-base-url.js';

describe('parseBaseUrl', () => {
  it.each([
    [TAVILY_BASE_URL, 'https://api.tavily.com'],
    ['https://proxy.example/tavily/', 'https://proxy.example/tavily'],
    ['http://127.0.0.1:4567', 'http://127.0.0.1:4567'],
    ['http://localhost:4567/', 'http://localhost:4567'],
    ['http://[::1]:4567', 'http://[::1]:4567'],
  ])('takes %p', (text, expected) => {
    expect(parseBaseUrl(text)).toBe(expected);
  });

  it.each([
    'http://api.tavily.com',
    'http://127.0.0.1.example',
    'http://localhost.example',
    'ftp://127.0.0.1',
    'file:///etc/passwd',
    'https://user:tvly-key@api.tavily.com',
    'https://api.tavily.com/?key=tvly-key',
    'https://api.tavily.com/#tvly-key',
    'api.tavily.com',
    '',
  ])('refuses %p without repeating it', (text) => {
    expect(() => parseBaseUrl(text)).toThrow(
      expect.objectContaining({
        code: 'ERR_SEARCH_BASE_URL_INVALID',
        message: expect.not.stringContaining('tvly-key'),
      }),
    );
  });
});
