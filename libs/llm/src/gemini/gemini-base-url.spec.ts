import { describe, expect, it } from '@jest/globals';
import { GEMINI_BASE_URL, parseBaseUrl } from './gemini-base-url.js';

describe('parseBaseUrl', () => {
  it.each([
    [GEMINI_BASE_URL, 'https://generativelanguage.googleapis.com'],
    ['https://proxy.example/gemini/', 'https://proxy.example/gemini'],
    ['http://127.0.0.1:4567', 'http://127.0.0.1:4567'],
    ['http://localhost:4567/', 'http://localhost:4567'],
    ['http://[::1]:4567', 'http://[::1]:4567'],
  ])('takes %p', (text, expected) => {
    expect(parseBaseUrl(text)).toBe(expected);
  });

  it.each([
    'http://generativelanguage.googleapis.com',
    'http://127.0.0.1.example',
    'http://localhost.example',
    'ftp://127.0.0.1',
    'https://user:AIza-key@generativelanguage.googleapis.com',
    'https://generativelanguage.googleapis.com/?key=AIza-key',
    'https://generativelanguage.googleapis.com/#AIza-key',
    'generativelanguage.googleapis.com',
    '',
  ])('refuses %p without repeating it', (text) => {
    expect(() => parseBaseUrl(text)).toThrow(
      expect.objectContaining({
        code: 'ERR_MODEL_BASE_URL_INVALID',
        message: expect.not.stringContaining('AIza-key'),
      }),
    );
  });
});
