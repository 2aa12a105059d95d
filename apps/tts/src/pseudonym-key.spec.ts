import { randomBytes } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { Secret, SecretError, type SecretSource } from '@mesh/secrets';
import { pseudonymKey } from './pseudonym-key.js';

const { signal } = new AbortController();

function sourceOf(get: () => string): SecretSource {
  return {
    get: async () => ({ secret: new Secret(get()) }),
    onChange: () => () => undefined,
    close: () => undefined,
  };
}

const keyOf = (text: string) =>
  pseudonymKey(
    sourceOf(() => text),
    signal,
  );

describe('the key of the pseudonyms', () => {
  it('is 32 bytes, base64url', async () => {
    const key = randomBytes(32);
    expect(await keyOf(key.toString('base64url'))).toEqual(key);
  });

  it.each([
    ['too short', randomBytes(31).toString('base64url')],
    ['too long', randomBytes(33).toString('base64url')],
    ['padded', randomBytes(32).toString('base64').replace(/\+|\//g, '_')],
    ['with bits behind its end', `${'A'.repeat(42)}B`],
    ['a word', 'correct-horse-battery-staple'],
  ])('is refused where it is %s, and not shown', async (_, text) => {
    await expect(keyOf(text)).rejects.toMatchObject({
      code: 'ERR_PSEUDONYM_KEY',
      message: expect.not.stringContaining(text),
    });
  });

  it('says how it is set where it is missing', async () => {
    const missing = sourceOf(() => {
      throw new SecretError('ERR_SECRET_NOT_FOUND', 'The secret is not set.', 'pseudonyms');
    });
    await expect(pseudonymKey(missing, signal)).rejects.toMatchObject({
      code: 'ERR_PSEUDONYM_KEY',
      message: expect.stringMatching(/is not set.*\.\/mesh secret set pseudonyms$/),
    });
  });

  it('passes on why the secret cannot be read', async () => {
    const open = sourceOf(() => {
      throw new SecretError('ERR_SECRET_FILE_MODE', 'Others may read it.', 'pseudonyms');
    });
    await expect(pseudonymKey(open, signal)).rejects.toMatchObject({
      code: 'ERR_SECRET_FILE_MODE',
    });
  });
});
