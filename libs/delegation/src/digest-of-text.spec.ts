import { describe, expect, it } from '@jest/globals';
import { digestOfText } from './digest-of-text.js';

describe('digestOfText', () => {
  it('is SHA-256 of the text in UTF-8, base64url', () => {
    expect(digestOfText('')).toBe('47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU');
    expect(digestOfText('é')).not.toBe(digestOfText('e\u0301'));
  });
});
