import { TxnTokenError } from './txn-token/txn-token.error.js';
import type { TxnToken } from './txn-token/txn-token.js';

/**
 * Holds what is asked now against what the token was issued for (`tctx`); members of the token that are not asked for
 * are nobody's business here.
 * @throws TxnTokenError `ERR_TOKEN_TRANSACTION`
 */
export function assertTransaction(token: TxnToken, asked: Readonly<Record<string, string>>): void {
  const { transactionContext: issued } = token;
  const other = Object.entries(asked).find(
    ([name, value]) => !Object.hasOwn(issued, name) || issued[name] !== value,
  );
  if (other === undefined) return;
  throw new TxnTokenError(
    'ERR_TOKEN_TRANSACTION',
    `The token was issued for another ${other[0]} than is asked for.`,
  );
}
