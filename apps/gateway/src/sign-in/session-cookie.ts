import type { BrowserCookie } from './browser-cookie.js';

/** A cookie as it is at the mesh's public address, which is known once the gateway listens. */
export type CookieOf = () => BrowserCookie;

/** The provider of the session's cookie. */
export const SESSION_COOKIE = Symbol('SESSION_COOKIE');
