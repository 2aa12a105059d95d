import type { Delegation, RequestContext } from '@mesh/contracts';
import type { TxnToken } from './txn-token/txn-token.js';

/** How logs name a person: by the pseudonym, or by the subject, `<issuer>#<sub of the access token>`. */
export type PersonNaming = 'pseudonym' | 'subject';

const tokens = new WeakMap<RequestContext, TxnToken>();

/**
 * Binds a verified token to the request that is served on its behalf: once, for good. From then on it follows the
 * request's context into the clients of other agents by itself, and every log line names it. The request's deadline
 * is never later than the token's end.
 *
 * @throws Error where the request has one: a mistake of the program
 */
export function bindDelegation(
  context: RequestContext,
  token: TxnToken,
  naming: PersonNaming,
): void {
  if (tokens.has(context)) throw new Error('The request is delegated already.');
  tokens.set(context, token);
  context.delegation = describeDelegation(token, naming);
  context.deadline = Math.min(context.deadline, token.expiresAt * 1000);
}

/** What logs say of a token. */
export function describeDelegation(token: TxnToken, naming: PersonNaming): Delegation {
  return Object.freeze({
    userId: naming === 'subject' ? token.subject : token.userId,
    txn: token.txn,
    actors: Object.freeze(token.actors.map(String)),
    tokenHash: token.hash,
  });
}

/** The token on whose behalf a request is served; undefined before it was verified, and where there is none. */
export function delegationOf(context: RequestContext): TxnToken | undefined {
  return tokens.get(context);
}
