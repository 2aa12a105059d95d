import { type Clock, systemClock } from '@mesh/identity';
import { compactVerify, decodeJwt, decodeProtectedHeader, type JWTPayload } from 'jose';
import { BoundedMap } from '../bounded-map.js';
import { digestOfText } from '../digest-of-text.js';
import { parseScope } from '../scope.js';
import { AccessTokenError, type AccessTokenErrorCode } from './access-token.error.js';
import type { AccessToken } from './access-token.js';
import {
  type AccessTokenAlgorithm,
  type FetchDocument,
  IssuerKeys,
  type IssuerKeysOptions,
} from './issuer-keys.js';

export interface AccessTokenVerifierOptions extends IssuerKeysOptions {
  /** How far the issuer's clock may be ahead, in seconds; `exp` has no such grace. Default 30, 0 to 120. */
  readonly clockSkewSeconds?: number;
  readonly clock?: Pick<Clock, 'now'>;
}

const MAX_LENGTH = 16 * 1024;
const MAX_NAMES = 128;
const MAX_TEXT = 255;
const ALGORITHMS: readonly string[] = ['ES256', 'ES384', 'RS256', 'PS256'];
const TYPES = ['at+jwt', 'application/at+jwt'];
const REFUSED_HEADERS = ['jwk', 'jku', 'x5c', 'x5u', 'crit', 'b64'];

interface Verdict {
  readonly token: AccessToken;
  readonly notBefore: number;
  readonly generation: object;
}

/**
 * Verifies JWT access tokens (RFC 9068) of one OpenID issuer for one audience. A signature already seen is not computed
 * again while the issuer's keys stay the same; times are looked at each time.
 *
 * @example
 * const tokens = new AccessTokenVerifier('https://login.example.org', 'https://mesh.example.org/api', fetchDocument);
 * const { subject, scope } = await tokens.verify(bearer, { signal });
 */
export class AccessTokenVerifier {
  readonly #keys: IssuerKeys;
  readonly #clock: Pick<Clock, 'now'>;
  readonly #skew: number;
  readonly #verdicts = new BoundedMap<Verdict>(1000);

  /** @param audience The mesh's API, as `aud` of the tokens. */
  constructor(
    readonly issuer: string,
    readonly audience: string,
    fetchDocument: FetchDocument,
    options: AccessTokenVerifierOptions = {},
  ) {
    const { clock = systemClock, clockSkewSeconds = 30 } = options;
    if (!(clockSkewSeconds >= 0 && clockSkewSeconds <= 120)) {
      throw new RangeError('clockSkewSeconds is not from 0 to 120.');
    }
    this.#clock = clock;
    this.#skew = clockSkewSeconds;
    this.#keys = new IssuerKeys(issuer, fetchDocument, clock, options);
  }

  /**
   * Resolves when there are keys to verify with: fetches them where there are none, or they are too old.
   * @throws AccessTokenError `ERR_ACCESS_TOKEN_KEYS_UNAVAILABLE`
   */
  async ready(options: { readonly signal?: AbortSignal } = {}): Promise<void> {
    await this.#keys.generation(options.signal);
  }

  /** @throws AccessTokenError with one code a rule */
  async verify(
    text: string,
    options: { readonly signal?: AbortSignal } = {},
  ): Promise<AccessToken> {
    const { signal } = options;
    if (text.length > MAX_LENGTH) throw malformed();
    const current = await this.#keys.generation(signal);
    const hash = digestOfText(text);
    const known = this.#verdicts.get(hash);
    if (known?.generation === current) {
      this.#assertTimes(known.token.expiresAt, known.notBefore);
      return known.token;
    }
    const { kid, algorithm } = headerOf(text);
    const { key, generation } = await this.#keys.keyFor(kid, algorithm, signal);
    try {
      await compactVerify(text, key, { algorithms: [algorithm] });
    } catch {
      throw refuse('SIGNATURE', "The access token's signature is wrong.");
    }
    const claims = claimsOf(text);
    if (claims.iss !== this.issuer)
      throw refuse('ISSUER', 'The access token is by another issuer.');
    const audiences = typeof claims.aud === 'string' ? [claims.aud] : claims.aud;
    if (!Array.isArray(audiences) || !audiences.includes(this.audience)) {
      throw refuse('AUDIENCE', 'The access token is for another API.');
    }
    if (claims['cnf'] !== undefined) {
      throw refuse('BOUND', 'The access token is bound to a key (cnf).');
    }
    const token = tokenOf(claims);
    const notBefore = Math.max(secondsOf(claims, 'iat'), optionalSecondsOf(claims, 'nbf') ?? 0);
    this.#assertTimes(token.expiresAt, notBefore);
    this.#verdicts.set(hash, { token, notBefore, generation });
    return token;
  }

  #assertTimes(expiresAt: number, notBefore: number): void {
    const now = this.#clock.now() / 1000;
    // No grace here: a token that is issued for one must end by then as well.
    if (now >= expiresAt) throw refuse('EXPIRED', 'The access token is expired.');
    if (now < notBefore - this.#skew) {
      throw refuse('NOT_YET_VALID', 'The access token is not valid yet.');
    }
  }
}

function headerOf(text: string): { kid: string; algorithm: AccessTokenAlgorithm } {
  let header: Record<string, unknown>;
  try {
    header = decodeProtectedHeader(text);
  } catch {
    throw malformed();
  }
  const { typ, alg, kid } = header;
  // RFC 7515 4.1.9: a media type, so in any case.
  if (typeof typ !== 'string' || !TYPES.includes(typ.toLowerCase())) {
    throw refuse('TYPE', 'The typ of the access token is not at+jwt.');
  }
  if (typeof alg !== 'string' || !ALGORITHMS.includes(alg)) {
    throw refuse('ALGORITHM', "The access token's algorithm is not accepted.");
  }
  const refused = REFUSED_HEADERS.find((name) => Object.hasOwn(header, name));
  if (refused !== undefined) throw refuse('HEADER', `The access token's header has ${refused}.`);
  if (typeof kid !== 'string') throw refuse('KEY_UNKNOWN', 'The access token names no key.');
  return { kid, algorithm: alg as AccessTokenAlgorithm };
}

function claimsOf(text: string): JWTPayload {
  try {
    return decodeJwt(text);
  } catch {
    throw malformed();
  }
}

function tokenOf(claims: JWTPayload): AccessToken {
  const authTime = optionalSecondsOf(claims, 'auth_time');
  const acr = claims['acr'] === undefined ? undefined : textOf(claims, 'acr');
  const amr = claims['amr'] === undefined ? undefined : namesOf(claims, 'amr');
  const sid = claims['sid'] === undefined ? undefined : textOf(claims, 'sid');
  const scope = claims['scope'];
  const scopes =
    scope === undefined || scope === '' ? [] : parseScope(textOf(claims, 'scope', 4096));
  return Object.freeze({
    issuer: textOf(claims, 'iss', 2048),
    subject: textOf(claims, 'sub'),
    clientId: textOf(claims, 'client_id'),
    scope: scopes ?? refuseClaim('scope'),
    expiresAt: secondsOf(claims, 'exp'),
    roles: namesOf(claims, 'roles'),
    groups: namesOf(claims, 'groups'),
    ...(acr === undefined ? {} : { acr }),
    ...(amr === undefined ? {} : { amr }),
    ...(authTime === undefined ? {} : { authTime }),
    ...(sid === undefined ? {} : { sid }),
  });
}

function textOf(claims: JWTPayload, name: string, max = MAX_TEXT): string {
  const value = claims[name];
  return typeof value === 'string' && value !== '' && value.length <= max
    ? value
    : refuseClaim(name);
}

function secondsOf(claims: JWTPayload, name: string): number {
  const value = claims[name];
  return typeof value === 'number' && Number.isFinite(value) && value > 0
    ? value
    : refuseClaim(name);
}

function optionalSecondsOf(claims: JWTPayload, name: string): number | undefined {
  return claims[name] === undefined ? undefined : secondsOf(claims, name);
}

function namesOf(claims: JWTPayload, name: string): readonly string[] {
  const value = claims[name] ?? [];
  const valid =
    Array.isArray(value) &&
    value.length <= MAX_NAMES &&
    value.every((one) => typeof one === 'string' && one !== '' && one.length <= MAX_TEXT);
  return valid ? Object.freeze([...(value as string[])]) : refuseClaim(name);
}

function malformed(): AccessTokenError {
  return refuse('MALFORMED', 'The access token is not a JWT that could be read.');
}

function refuseClaim(name: string): never {
  throw refuse('CLAIM', `The claim ${name} of the access token is missing or malformed.`);
}

type Rule = AccessTokenErrorCode extends `ERR_ACCESS_TOKEN_${infer R}` ? R : never;

function refuse(rule: Rule, message: string): AccessTokenError {
  return new AccessTokenError(`ERR_ACCESS_TOKEN_${rule}`, message);
}
