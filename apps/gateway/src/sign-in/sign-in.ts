import type { AccessToken, AccessTokenVerifier } from '@mesh/delegation';
import type { BrowserCookie } from './browser-cookie.js';
import type { BrowserSessions } from './browser-sessions.js';
import type { IssuerClient } from './issuer-client.js';
import { PENDING_SECONDS, type PendingSignIns } from './pending-sign-ins.js';
import { SignInError } from './sign-in.error.js';
import { isOtherName, parsePageDigest, parseSignInTarget } from './sign-in-target.js';

export interface SignInOptions {
  readonly issuer: IssuerClient;
  readonly pending: PendingSignIns;
  readonly sessions: BrowserSessions;
  readonly accessTokens: Pick<AccessTokenVerifier, 'verify'>;
  /** @throws AccessTokenError for a token that is no session's, or of a person that the gateway does not act for */
  readonly admit: (token: AccessToken) => void;
  readonly publicUrl: () => string;
  /** Knows the browser between the two halves of a sign-in. */
  readonly signInCookie: () => BrowserCookie;
  readonly sessionCookie: () => BrowserCookie;
  /** How long the session's cookie is kept, in seconds. */
  readonly cookieSeconds: number;
}

/** Where the browser goes, and which cookies it keeps. */
export interface BrowserAnswer {
  readonly location: string;
  readonly cookies: readonly string[];
}

/** Sign-in by a browser: authorization code with PKCE, `state`, `nonce` and `iss`, bound to the browser by a cookie. */
export class SignIn {
  constructor(private readonly options: SignInOptions) {}

  /**
   * To the issuer; by way of the public address, if it is not there that the browser is.
   * @param page Digest of a secret that the page which begins it keeps to itself: the session opens for that page alone.
   * @throws SignInError, ClientKeyError
   */
  async begin(
    to: unknown,
    { cookie: cookies, host }: { readonly cookie?: string; readonly host?: string },
    page?: unknown,
  ): Promise<BrowserAnswer> {
    const { issuer, pending, publicUrl, signInCookie } = this.options;
    const target = parseSignInTarget(to, publicUrl());
    const digest = parsePageDigest(page);
    if (isOtherName(host, publicUrl())) {
      const query = new URLSearchParams({ to: target }).toString();
      return { location: `${publicUrl()}/sign-in?${query}`, cookies: [] };
    }
    const cookie = signInCookie();
    // Before anything is kept: while the issuer is down nothing piles up.
    await issuer.ready();
    const begun = pending.begin(target, cookie.valuesIn(cookies), digest);
    return {
      location: await issuer.authorizationUrl(begun),
      cookies: [cookie.set(begun.cookie, PENDING_SECONDS)],
    };
  }

  /**
   * Back from the issuer. A session that the browser had before ends.
   * @throws SignInError, AccessTokenError
   */
  async finish(query: URLSearchParams, cookies: string | undefined): Promise<BrowserAnswer> {
    const { issuer, pending, sessions, accessTokens, admit, signInCookie, sessionCookie } =
      this.options;
    const [state, ...more] = query.getAll('state');
    if (state === undefined || more.length > 0) {
      throw new SignInError('ERR_SIGN_IN_STATE', 'The answer has not one state.');
    }
    const begun = pending.take(state, signInCookie().valuesIn(cookies));
    const tokens = await issuer.redeem(query, begun);
    const cookie = sessionCookie();
    try {
      const token = await accessTokens.verify(tokens.accessToken);
      if (token.subject !== tokens.person.subject) {
        throw new SignInError('ERR_SIGN_IN_FAILED', 'The tokens are of two persons.');
      }
      admit(token);
      await sessions.endOfCookies(cookie.valuesIn(cookies), 'signed in again');
      const { id, csrf } = await sessions.start(tokens, token, begun.page);
      // In the fragment, which is sent to no server and stands in no log.
      const handedOver = new URLSearchParams({ csrf, to: begun.to }).toString();
      return {
        location: `/signed-in#${handedOver}`,
        cookies: [cookie.set(id, this.options.cookieSeconds)],
      };
    } catch (error) {
      // Nobody will use it.
      if (tokens.refreshToken) void issuer.revoke(tokens.refreshToken).catch(() => undefined);
      throw error;
    }
  }

  /** Where a browser goes whose session is over here: to sign out at the issuer too, where it can be reached. */
  async signedOutLocation(): Promise<string> {
    const location = await this.options.issuer.endSessionUrl().catch(() => undefined);
    return location ?? '/signed-out';
  }
}
