import type { SpiffeId } from '@mesh/spiffe';
import type { AccessToken } from '../access-token/access-token.js';
import type { AccessTokenVerifier } from '../access-token/access-token-verifier.js';
import { AccessTokenError } from '../access-token/access-token.error.js';
import type { ClientKind, ExchangePolicy } from '../exchange/exchange-policy.js';
import { personOf } from '../person.js';
import type { ContextualRequest } from './delegation.guard.js';

/** A person who is signed in, by the access token of the request. */
export interface SignedInPerson {
  readonly token: AccessToken;
  /** The token's text: for the token service and nobody else. */
  reveal(): string;
  /** Where the person is signed in by a browser's session and not by a token of the request. */
  readonly session?: Session;
}

/** A browser's session, as far as requests know it. */
export interface Session {
  /** Hash of its ID, base64url: for logs, and for the transaction. */
  readonly hash: string;
  /** Aborts when it ends; its reason is a `MeshError`. */
  readonly ended: AbortSignal;
}

/** Sessions of browsers, kept by a service that is their OpenID client. */
export interface Sessions {
  /**
   * The session that a request was sent with, and the access token that stands for the person now; undefined where it
   * came without one.
   * @throws MeshError where the session is over, or the request does not prove that a page of this service sent it
   */
  find(
    request: ContextualRequest,
    signal: AbortSignal,
  ): Promise<{ readonly session: Session; readonly accessToken: string } | undefined>;
}

/** RFC 6750 2.1; the scheme's name in any case (RFC 9110 11.1). */
const BEARER = /^Bearer +([A-Za-z0-9._~+/-]+=*)$/i;
const persons = new WeakMap<object, SignedInPerson>();

/** Who is signed in on this request; undefined before it was looked at. */
export function signedInPersonOf(request: object): SignedInPerson | undefined {
  return persons.get(request);
}

/**
 * The bearer token of a request; undefined where it has no `Authorization` at all. Node keeps the first of two headers
 * without a word; whoever stands in front may go by the other.
 */
function bearerOf({ raw, headers }: ContextualRequest): string | undefined {
  const given = raw.rawHeaders.filter(
    (name, index) => index % 2 === 0 && name.toLowerCase() === 'authorization',
  );
  if (given.length === 0) return undefined;
  const header = headers['authorization'];
  if (typeof header !== 'string' || !/^Bearer\b/i.test(header)) throw missing();
  const text = given.length === 1 ? BEARER.exec(header)?.[1] : undefined;
  if (text !== undefined) return text;
  throw new AccessTokenError(
    'ERR_ACCESS_TOKEN_MALFORMED',
    'Authorization is not one bearer token.',
  );
}

function missing(): AccessTokenError {
  return new AccessTokenError('ERR_ACCESS_TOKEN_MISSING', 'Nobody is signed in.');
}

/**
 * Whether a service takes a verified access token. Tokens of sessions never come from outside, and only they stand for a
 * session.
 * @throws AccessTokenError `ERR_ACCESS_TOKEN_CLIENT`, `ERR_ACCESS_TOKEN_PERSON`
 */
export function assertAdmitted(
  token: AccessToken,
  client: ClientKind,
  self: SpiffeId,
  policy: Pick<ExchangePolicy, 'clientOf' | 'mayActFor'>,
): void {
  if (policy.clientOf(self, token.clientId) !== client) {
    throw new AccessTokenError(
      'ERR_ACCESS_TOKEN_CLIENT',
      'Access tokens of this client are not taken here.',
    );
  }
  if (!policy.mayActFor(self, personOf(token))) {
    throw new AccessTokenError(
      'ERR_ACCESS_TOKEN_PERSON',
      'This service does not act for this person.',
    );
  }
}

/**
 * Finds out who sends a request: by its bearer token (RFC 6750) where it has one, else by the session of a browser where
 * there are sessions, by nothing else.
 */
export class People {
  constructor(
    private readonly self: SpiffeId,
    private readonly accessTokens: Pick<AccessTokenVerifier, 'verify'>,
    private readonly policy: Pick<ExchangePolicy, 'clientOf' | 'mayActFor'>,
    private readonly sessions?: Sessions,
  ) {}

  /**
   * Verifies who sends a request, before its body is read.
   * @throws AccessTokenError, and what `Sessions` throws
   */
  async authenticate(request: ContextualRequest, signal: AbortSignal): Promise<SignedInPerson> {
    const bearer = bearerOf(request);
    // A token that was sent on purpose is what counts; a cookie comes along by itself.
    const found = bearer === undefined ? await this.sessions?.find(request, signal) : undefined;
    const text = bearer ?? found?.accessToken;
    if (text === undefined) throw missing();
    const token = await this.accessTokens.verify(text, { signal });
    assertAdmitted(token, found ? 'session' : 'api', this.self, this.policy);
    const person = { token, reveal: () => text, ...(found ? { session: found.session } : {}) };
    persons.set(request, person);
    return person;
  }
}
