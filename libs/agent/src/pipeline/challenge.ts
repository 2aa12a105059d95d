import { AccessTokenScopeError } from '@mesh/delegation';
import { MeshError } from '@mesh/errors';
import { RelayedError } from './peer.error.js';

/** The `WWW-Authenticate` of a refusal that a token could change (RFC 9110 15.5.2, RFC 6750 3). */
export function challenge(error: unknown): { 'www-authenticate'?: string } {
  if (error instanceof AccessTokenScopeError) {
    return bearer(`error="insufficient_scope", scope="${error.missingScope}"`);
  }
  // An agent behind missed it.
  if (error instanceof RelayedError && error.code === 'ERR_TOKEN_SCOPE') {
    return bearer('error="insufficient_scope"');
  }
  if (!(error instanceof MeshError) || error.status !== 401) return {};
  if (error.code.startsWith('ERR_TOKEN_')) return { 'www-authenticate': 'Txn-Token' };
  // Who sent none is not told that it is invalid.
  return bearer(error.code === 'ERR_ACCESS_TOKEN_MISSING' ? undefined : 'error="invalid_token"');
}

function bearer(parameters: string | undefined): { 'www-authenticate': string } {
  const more = parameters === undefined ? '' : `, ${parameters}`;
  return { 'www-authenticate': `Bearer realm="mesh"${more}` };
}
