import { beforeAll, describe, expect, it } from '@jest/globals';
import { mintCa } from '@test/kit';
import { firstToken, svidOf, tts, withCode } from '../test/domain.js';
import { assertTransaction } from './transaction.js';
import type { TxnToken } from './txn-token/txn-token.js';

/** For `{ action: 'research', depth: 'deep' }`. */
let token: TxnToken;
beforeAll(async () => {
  const ca = await mintCa({ trustDomain: 'mesh.test' });
  token = firstToken(await svidOf(ca, tts), new Date());
});

describe('assertTransaction', () => {
  it.each([[{}], [{ depth: 'deep' }], [{ depth: 'deep', action: 'research' }]])(
    'takes what the token was issued for: %j',
    (asked) => {
      expect(() => assertTransaction(token, asked)).not.toThrow();
    },
  );

  it.each([
    [{ depth: 'fast' }],
    [{ depth: 'deep', action: 'draft' }],
    [{ question: 'x' }],
    [{ toString: 'x' }],
    [{ depth: '' }],
  ])('refuses anything else: %j', (asked) => {
    expect(() => assertTransaction(token, asked)).toThrow(withCode('ERR_TOKEN_TRANSACTION'));
  });

  it('names the member, and not what it holds', () => {
    expect(() => assertTransaction(token, { depth: 'planted' })).toThrow(
      'The token was issued for another depth than is asked for.',
    );
  });
});
