import { isDeepStrictEqual } from 'node:util';
import type { SpiffeId } from '@mesh/spiffe';
import type { AccessToken } from '../access-token/access-token.js';
import { qualifiedSubject } from '../person.js';
import { scopeBeyond } from '../scope.js';
import type { ContextObject } from '../txn-token/issue-txn-token.js';
import { TxnTokenError } from '../txn-token/txn-token.error.js';
import type { TxnToken } from '../txn-token/txn-token.js';
import type { TxnTokenVerifier } from '../txn-token/verify-txn-token.js';
import { ACCESS_TOKEN_TYPE, TOKEN_EXCHANGE_GRANT, TXN_TOKEN_TYPE } from './exchange-request.js';
import { TokenAnswerError } from './token-answer.error.js';

/** Sends a form to the token service and gives the `access_token` of its answer; throws where it refuses. */
export type TokenEndpoint = (form: URLSearchParams) => Promise<string>;

/**
 * Obtains transaction tokens for one workload. What comes back is verified like any other token, and must be what was
 * asked for: a token service that answers something else is no better than a false one.
 */
export class TokenClient {
  constructor(
    private readonly endpoint: TokenEndpoint,
    private readonly verifier: TxnTokenVerifier,
    private readonly own: SpiffeId,
  ) {}

  /**
   * The first token of a transaction.
   * @param person Verified, with the text of the access token.
   * @param details `request_details`, which become `tctx`.
   * @param context `request_context`, which becomes `rctx.asserted`: this workload's word.
   * @throws TxnTokenError, TokenAnswerError, and what the endpoint throws
   */
  async issue(
    person: { readonly token: AccessToken; reveal(): string },
    scope: readonly string[],
    details: ContextObject,
    context: ContextObject = {},
  ): Promise<TxnToken> {
    const form = this.#form(ACCESS_TOKEN_TYPE, person.reveal(), scope);
    if (Object.keys(details).length > 0) form.set('request_details', JSON.stringify(details));
    if (Object.keys(context).length > 0) form.set('request_context', JSON.stringify(context));
    const token = await this.#obtain(form, scope);
    const { issuer, subject } = person.token;
    const asAsked =
      token.subject === qualifiedSubject(issuer, subject) &&
      token.actors.length === 1 &&
      isDeepStrictEqual(token.transactionContext, details);
    if (asAsked) return token;
    throw new TokenAnswerError(
      'The token is for another person or transaction than was asked for.',
    );
  }

  /**
   * The token that stands in for one that this workload was called with, so that it may call others.
   * @throws TxnTokenError, TokenAnswerError, and what the endpoint throws
   */
  async replace(token: TxnToken, scope: readonly string[]): Promise<TxnToken> {
    const replacement = await this.#obtain(
      this.#form(TXN_TOKEN_TYPE, token.reveal(), scope),
      scope,
    );
    const kept =
      replacement.txn === token.txn &&
      replacement.subject === token.subject &&
      replacement.expiresAt <= token.expiresAt &&
      isDeepStrictEqual(replacement.actors.slice(1).map(String), token.actors.map(String)) &&
      isDeepStrictEqual(replacement.transactionContext, token.transactionContext) &&
      isDeepStrictEqual(replacement.requesterContext, token.requesterContext);
    if (kept) return replacement;
    throw new TokenAnswerError('The replacement is of another transaction than the token.');
  }

  #form(type: string, token: string, scope: readonly string[]): URLSearchParams {
    return new URLSearchParams({
      grant_type: TOKEN_EXCHANGE_GRANT,
      requested_token_type: TXN_TOKEN_TYPE,
      audience: this.own.trustDomain.name,
      scope: scope.join(' '),
      subject_token: token,
      subject_token_type: type,
    });
  }

  async #obtain(form: URLSearchParams, scope: readonly string[]): Promise<TxnToken> {
    const text = await this.endpoint(form);
    let token: TxnToken;
    try {
      token = this.verifier.verify(text, this.own);
    } catch (cause) {
      if (!(cause instanceof TxnTokenError)) throw cause;
      throw new TokenAnswerError('The token service answered with a token that does not hold.', {
        cause,
      });
    }
    if (scopeBeyond(token.scope, scope) === undefined) return token;
    throw new TokenAnswerError('The token has more scopes than were asked for.');
  }
}
