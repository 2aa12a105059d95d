import { AccessTokenError, AccessTokenScopeError, TxnTokenError } from '@mesh/delegation';

/** The `WWW-Authenticate` of a refusal that a token could change (RFC 9110 11.6.1, RFC 6750 3). */
export function challenge(error: unknown): { 'www-authenticate'?: string } {
  if (error instanceof AccessTokenScopeError) {
    return bearer(`error="insufficient_scope", scope="${error.missingScope}"`);
  }
  if (error instanceof AccessTokenError && error.status === 401) {
    // Who sent none is not told that it is invalid.
    return bearer(error.code === 'ERR_ACCESS_TOKEN_MISSING' ? undefined : 'error="invalid_token"');
  }
  if (error instanceof TxnTokenError && error.status === 401) {
    return { 'www-authenticate': 'Txn-Token' };
  }
  return {};
}

function bearer(parameters: string | undefined): { 'www-authenticate': string } {
  const more = parameters === undefined ? '' : `, ${parameters}`;
  return { 'www-authenticate': `Bearer realm="mesh"${more}` };
}
