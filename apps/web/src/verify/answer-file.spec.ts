import { describe, expect, it } from '@jest/globals';
import { MAX_FILE_BYTES, textOf } from './answer-file.js';

describe('textOf', () => {
  it('reads what an answer can hold', async () => {
    expect(await textOf(new Blob(['{"a":"€"}']))).toBe('{"a":"€"}');
    expect(await textOf({ size: MAX_FILE_BYTES, text: async () => 'x' })).toBe('x');
  });

  it('does not read what is larger', async () => {
    const text = () => Promise.reject(new Error('It was read.'));
    await expect(textOf({ size: MAX_FILE_BYTES + 1, text })).rejects.toMatchObject({
      code: 'FILE_TOO_LARGE',
    });
    await expect(textOf({ size: 50_000_000, text })).rejects.toThrow(/has 50 MB.* not read/);
  });

  it('tells of what cannot be read', async () => {
    const text = () => Promise.reject(new Error('A folder.'));
    await expect(textOf({ size: 1, text })).rejects.toMatchObject({ code: 'FILE_UNREADABLE' });
  });
});
