import { generateKeyPairSync, webcrypto } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { Secret, SecretError, type SecretSource } from '@mesh/secrets';
import { readClientKey } from './client-key.js';

function sourceOf(get: () => string): SecretSource {
  return {
    get: async () => ({ secret: new Secret(get()) }),
    onChange: () => () => undefined,
    close: () => undefined,
  };
}

const pem = (type: 'ec' | 'rsa', curve = 'P-256') =>
  (type === 'ec'
    ? generateKeyPairSync('ec', { namedCurve: curve })
    : generateKeyPairSync('rsa', { modulusLength: 2048 })
  ).privateKey
    .export({ type: 'pkcs8', format: 'der' })
    .toString('base64');

describe('the key of the gateway for issuers that know no SVIDs', () => {
  it('signs, and is shown by its public half alone', async () => {
    const key = (await readClientKey(sourceOf(() => pem('ec'))))!;
    expect(Object.keys(key.publicJwk).sort()).toEqual([
      'alg',
      'crv',
      'kid',
      'kty',
      'use',
      'x',
      'y',
    ]);
    expect(key.publicJwk).toMatchObject({ kty: 'EC', crv: 'P-256', alg: 'ES256', kid: key.kid });
    expect(key.privateKey.extractable).toBe(false);
    const algorithm = { name: 'ECDSA', hash: 'SHA-256' };
    const signature = await webcrypto.subtle.sign(algorithm, key.privateKey, Buffer.from('text'));
    expect(signature.byteLength).toBe(64);
  });

  it('has the same name as long as it is the same', async () => {
    const text = pem('ec');
    const [one, two] = await Promise.all([1, 2].map(() => readClientKey(sourceOf(() => text))));
    expect(one!.kid).toBe(two!.kid);
  });

  it('may be missing: most issuers take the SVID', async () => {
    const missing = sourceOf(() => {
      throw new SecretError('ERR_SECRET_NOT_FOUND', 'The secret is not set.', 'client-key');
    });
    expect(await readClientKey(missing)).toBeUndefined();
  });

  it.each([
    ['of another curve', pem('ec', 'P-384')],
    ['RSA', pem('rsa')],
    ['a word', 'correct-horse-battery-staple'],
    ['base64 of nothing', Buffer.alloc(96).toString('base64')],
    ['a PEM', '-----BEGIN PRIVATE KEY-----'],
  ])('is refused where it is %s, and not shown', async (_, text) => {
    await expect(readClientKey(sourceOf(() => text))).rejects.toMatchObject({
      code: 'ERR_CLIENT_KEY',
      message: expect.not.stringContaining(text),
    });
  });

  it('passes on why the secret cannot be read', async () => {
    const open = sourceOf(() => {
      throw new SecretError('ERR_SECRET_FILE_MODE', 'Others may read it.', 'client-key');
    });
    await expect(readClientKey(open)).rejects.toMatchObject({ code: 'ERR_SECRET_FILE_MODE' });
  });
});
