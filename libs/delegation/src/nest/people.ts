import type { SpiffeId } from '@mesh/spiffe';
import type { AccessToken } from '../access-token/access-token.js';
import type { AccessTokenVerifier } from '../access-token/access-token-verifier.js';
import { AccessTokenError } from '../access-token/access-token.error.js';
import type { ExchangePolicy } from '../exchange/exchange-policy.js';
import { personOf } from '../person.js';
import type { ContextualRequest } from './delegation.guard.js';

/** A person who is signed in, by the access token of the request. */
export interface SignedInPerson {
  readonly token: AccessToken;
  /** The token's text: for the token service and nobody else. */
  reveal(): string;
}

/** RFC 6750 2.1; the scheme's name in any case (RFC 9110 11.1). */
const BEARER = /^Bearer +([A-Za-z0-9._~+/-]+=*)$/i;
const persons = new WeakMap<object, SignedInPerson>();

/** Who is signed in on this request; undefined before it was looked at. */
export function signedInPersonOf(request: object): SignedInPerson | undefined {
  return persons.get(request);
}

/** Node keeps the first of two headers without a word; whoever stands in front may go by the other. */
function bearerOf({ raw, headers }: ContextualRequest): string {
  const given = raw.rawHeaders.filter(
    (name, index) => index % 2 === 0 && name.toLowerCase() === 'authorization',
  );
  const header = headers['authorization'];
  if (given.length === 0 || typeof header !== 'string' || !/^Bearer\b/i.test(header)) {
    throw new AccessTokenError('ERR_ACCESS_TOKEN_MISSING', 'Nobody is signed in.');
  }
  const text = given.length === 1 ? BEARER.exec(header)?.[1] : undefined;
  if (text !== undefined) return text;
  throw new AccessTokenError(
    'ERR_ACCESS_TOKEN_MALFORMED',
    'Authorization is not one bearer token.',
  );
}

/** Finds out who sends a request: by its bearer token (RFC 6750), by nothing else. */
export class People {
  constructor(
    private readonly self: SpiffeId,
    private readonly accessTokens: Pick<AccessTokenVerifier, 'verify'>,
    private readonly policy: Pick<ExchangePolicy, 'clientOf' | 'mayActFor'>,
  ) {}

  /**
   * Verifies the bearer token of a request, before its body is read.
   * @throws AccessTokenError
   */
  async authenticate(request: ContextualRequest, signal: AbortSignal): Promise<void> {
    const text = bearerOf(request);
    const token = await this.accessTokens.verify(text, { signal });
    // Of the browser's back end too, whose tokens never come from outside.
    if (this.policy.clientOf(this.self, token.clientId) !== 'api') {
      throw new AccessTokenError(
        'ERR_ACCESS_TOKEN_CLIENT',
        'Access tokens of this client are not taken as bearer tokens.',
      );
    }
    if (!this.policy.mayActFor(this.self, personOf(token))) {
      throw new AccessTokenError(
        'ERR_ACCESS_TOKEN_PERSON',
        'This service does not act for this person.',
      );
    }
    persons.set(request, { token, reveal: () => text });
  }
}
