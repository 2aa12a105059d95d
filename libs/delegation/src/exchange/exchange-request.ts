import type { TrustDomain } from '@mesh/spiffe';
import { parseScope } from '../scope.js';
import type { ContextObject } from '../txn-token/issue-txn-token.js';
import { ExchangeError, type ExchangeErrorCode } from './exchange.error.js';

/** RFC 8693 2.1 */
export const TOKEN_EXCHANGE_GRANT = 'urn:ietf:params:oauth:grant-type:token-exchange';
/** RFC 8693 3 */
export const ACCESS_TOKEN_TYPE = 'urn:ietf:params:oauth:token-type:access_token';
/** draft-ietf-oauth-transaction-tokens */
export const TXN_TOKEN_TYPE = 'urn:ietf:params:oauth:token-type:txn_token';

/** Of the form, in characters. */
export const MAX_REQUEST_LENGTH = 32 * 1024;
const MAX_PARAMETERS = 32;
const MAX_CONTEXT_LENGTH = 2048;
const MAX_CONTEXT_MEMBERS = 16;
const MEMBER = /^[a-z][a-z0-9_]{0,31}$/;
/** What the WHATWG's and RFC 6749's (appendix B) encoders leave; anything else is escaped. */
const FORM = /^(?:[A-Za-z0-9*._~!'()=&+-]|%[0-9A-Fa-f]{2})*$/;

/** A token request (RFC 8693 2.1) that is well-formed. */
export interface ExchangeRequest {
  readonly subjectTokenType: 'access_token' | 'txn_token';
  readonly subjectToken: string;
  readonly scope: readonly string[];
  /** `request_details`; undefined where there are none. */
  readonly details: ContextObject | undefined;
  /** `request_context`; undefined where there is none. */
  readonly context: ContextObject | undefined;
}

/**
 * Reads the body of a token request, `application/x-www-form-urlencoded`: each parameter once; one without a value counts
 * as left out and an unknown one is ignored (RFC 6749 3.2). `request_details` and `request_context` are flat JSON objects
 * of at most 2048 characters and 16 members. On a replacement they are refused: the token keeps what it has.
 * @throws ExchangeError
 */
export function parseExchangeRequest(
  body: string,
  trustDomain: TrustDomain,
  knowsScope: (scope: string) => boolean,
): ExchangeRequest {
  const form = parseForm(body);
  const need = (name: string) =>
    form.get(name) ?? refuse('ERR_EXCHANGE_PARAMETER_MISSING', `${name} is missing.`);
  if (need('grant_type') !== TOKEN_EXCHANGE_GRANT) {
    return refuse('ERR_EXCHANGE_GRANT_TYPE', `grant_type is not ${TOKEN_EXCHANGE_GRANT}.`);
  }
  if (need('requested_token_type') !== TXN_TOKEN_TYPE) {
    return refuse('ERR_EXCHANGE_PARAMETER_VALUE', `requested_token_type is not ${TXN_TOKEN_TYPE}.`);
  }
  if (form.has('resource') || need('audience') !== trustDomain.name) {
    return refuse('ERR_EXCHANGE_TARGET', `The audience is not ${trustDomain}.`);
  }
  for (const name of ['actor_token', 'actor_token_type']) {
    // The actor is the TLS peer, and nobody else's word.
    if (form.has(name)) {
      return refuse('ERR_EXCHANGE_PARAMETER_UNSUPPORTED', `${name} is not supported.`);
    }
  }
  const scope = parseScope(need('scope'));
  if (scope === undefined) {
    return refuse('ERR_EXCHANGE_SCOPE_INVALID', 'The scope is malformed.');
  }
  const unknown = scope.find((one) => !knowsScope(one));
  if (unknown !== undefined) {
    return refuse('ERR_EXCHANGE_SCOPE_INVALID', `The scope ${unknown} is unknown.`);
  }
  const subjectTokenType = subjectTypeOf(need('subject_token_type'));
  const details = contextOf(form, 'request_details');
  const context = contextOf(form, 'request_context');
  if (subjectTokenType === 'txn_token' && (details ?? context) !== undefined) {
    return refuse(
      'ERR_EXCHANGE_PARAMETER_UNSUPPORTED',
      'request_details and request_context stay as they were when a token is replaced.',
    );
  }
  return { subjectTokenType, subjectToken: need('subject_token'), scope, details, context };
}

function subjectTypeOf(type: string): ExchangeRequest['subjectTokenType'] {
  switch (type) {
    case ACCESS_TOKEN_TYPE:
      return 'access_token';
    case TXN_TOKEN_TYPE:
      return 'txn_token';
    default:
      return refuse(
        'ERR_EXCHANGE_PARAMETER_VALUE',
        'subject_token_type is neither an access token nor a transaction token.',
      );
  }
}

function parseForm(body: string): ReadonlyMap<string, string> {
  if (body.length > MAX_REQUEST_LENGTH || !FORM.test(body)) throw malformed();
  const pairs = body.split('&');
  if (pairs.length > MAX_PARAMETERS) throw malformed();
  const form = new Map<string, string>();
  const seen = new Set<string>();
  for (const pair of pairs) {
    const [name, value, ...more] = pair.split('=').map(decoded);
    if (!name || value === undefined || more.length > 0) throw malformed();
    if (seen.has(name)) {
      return refuse('ERR_EXCHANGE_PARAMETER_REPEATED', 'A parameter stands twice.');
    }
    seen.add(name);
    if (value !== '') form.set(name, value);
  }
  return form;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    // Not UTF-8.
    throw malformed();
  }
}

function contextOf(form: ReadonlyMap<string, string>, name: string): ContextObject | undefined {
  const text = form.get(name);
  if (text === undefined) return undefined;
  let value: unknown;
  try {
    value = text.length > MAX_CONTEXT_LENGTH ? undefined : JSON.parse(text);
  } catch {
    value = undefined;
  }
  return isContextObject(value)
    ? value
    : refuse(
        'ERR_EXCHANGE_PARAMETER_VALUE',
        `${name} is not a flat JSON object of at most ${MAX_CONTEXT_MEMBERS} members.`,
      );
}

function isContextObject(value: unknown): value is ContextObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const members = Object.entries(value);
  return (
    members.length <= MAX_CONTEXT_MEMBERS &&
    members.every(
      ([name, one]) => MEMBER.test(name) && ['string', 'number', 'boolean'].includes(typeof one),
    )
  );
}

function malformed(): ExchangeError {
  return new ExchangeError('ERR_EXCHANGE_MALFORMED', 'The body is not a form that could be read.');
}

function refuse(code: ExchangeErrorCode, message: string): never {
  throw new ExchangeError(code, message);
}
