import type { Clock } from '@mesh/identity';
import { createRemoteJWKSet, customFetch, errors, jwtVerify, type JWTVerifyGetKey } from 'jose';
import type { IssuerClient } from './issuer-client.js';
import type { SessionOwner } from './session-store.js';
import { LogoutTokenError, SignInError } from './sign-in.error.js';

const EVENT = 'http://schemas.openid.net/event/backchannel-logout';
const TYPES = [undefined, 'jwt', 'logout+jwt', 'application/logout+jwt'];
const ALGORITHMS = ['ES256', 'ES384', 'RS256', 'PS256'];
const MAX_LENGTH = 8 * 1024;
const MAX_TEXT = 255;
/** After its `iat`, in seconds. */
const MAX_AGE = 300;
/** How far the issuer's clock may differ, in seconds. */
const SKEW = 30;
/** IDs of tokens that are remembered at most; the oldest are forgotten first. */
const MAX_SEEN = 10_000;

/** Verifies logout tokens of the issuer (OpenID Connect Back-Channel Logout 1.0, 2.6). */
export class LogoutTokens {
  /** `jti` of tokens that were taken, with when they end in milliseconds. */
  readonly #seen = new Map<string, number>();
  #keys: { readonly uri: string; readonly get: JWTVerifyGetKey } | undefined;

  constructor(
    private readonly issuer: Pick<IssuerClient, 'metadata' | 'fetch' | 'issuerUrl' | 'clientId'>,
    private readonly clock: Pick<Clock, 'now'>,
  ) {}

  /**
   * Whose sessions the issuer has ended.
   * @throws LogoutTokenError; SignInError where the issuer's keys cannot be had
   */
  async verify(text: string): Promise<SessionOwner> {
    if (text.length > MAX_LENGTH) throw new LogoutTokenError('The logout token is too long.');
    const { payload, protectedHeader } = await this.#verified(text);
    const { sub, sid, jti, iat, events, nonce } = payload;
    if (!TYPES.includes(protectedHeader.typ?.toLowerCase())) {
      throw new LogoutTokenError('The token is of another type than logout+jwt.');
    }
    // An ID token has none, and what has one may be an ID token.
    if (!isObject(events) || !isObject(events[EVENT]) || nonce !== undefined) {
      throw new LogoutTokenError('The token does not tell of a logout.');
    }
    if ((sub === undefined && sid === undefined) || !isText(sub) || !isText(sid)) {
      throw new LogoutTokenError('The token does not say who is logged out.');
    }
    if (jti === undefined || !isText(jti) || (this.#seen.get(jti) ?? 0) > this.clock.now()) {
      throw new LogoutTokenError('The token has no ID of its own.');
    }
    // Older ones are refused anyway.
    this.#remember(jti, (iat! + MAX_AGE + SKEW) * 1000);
    return { issuer: this.issuer.issuerUrl, subject: sub, sid: sid as string | undefined };
  }

  async #verified(text: string) {
    try {
      return await jwtVerify(text, (header, token) => this.#key(header, token), {
        issuer: this.issuer.issuerUrl,
        audience: this.issuer.clientId,
        algorithms: ALGORITHMS,
        currentDate: new Date(this.clock.now()),
        clockTolerance: SKEW,
        maxTokenAge: MAX_AGE,
        requiredClaims: ['exp'],
      });
    } catch (error) {
      if (error instanceof SignInError) throw error;
      // Its errors hold the claims.
      const reason = error instanceof errors.JOSEError ? error.code : 'unknown';
      throw new LogoutTokenError(`The logout token does not hold (${reason}).`);
    }
  }

  async #key(...[header, token]: Parameters<JWTVerifyGetKey>) {
    const { jwks_uri: uri } = await this.issuer.metadata();
    if (uri === undefined) {
      throw new SignInError('ERR_SIGN_IN_FAILED', 'The issuer announces no keys.');
    }
    if (this.#keys?.uri !== uri) {
      const get = createRemoteJWKSet(new URL(uri), {
        [customFetch]: (url, { headers, method, signal }) =>
          this.issuer.fetch(url, {
            method,
            headers: Object.fromEntries(headers),
            body: undefined,
            redirect: 'manual',
            signal,
          }),
      });
      this.#keys = { uri, get };
    }
    return this.#keys.get(header, token);
  }

  #remember(jti: string, until: number): void {
    const now = this.clock.now();
    for (const [id, end] of this.#seen) {
      if (end > now && this.#seen.size < MAX_SEEN) break;
      this.#seen.delete(id);
    }
    this.#seen.set(jti, until);
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isText(value: unknown): boolean {
  return (
    value === undefined || (typeof value === 'string' && value !== '' && value.length <= MAX_TEXT)
  );
}
