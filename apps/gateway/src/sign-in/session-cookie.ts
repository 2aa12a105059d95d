import { BrowserCookie } from './browser-cookie.js';

/** A cookie as it is at the mesh's public address, which is known once the gateway listens. */
export type CookieOf = () => BrowserCookie;

/** The provider of the session's cookie. */
export const SESSION_COOKIE = Symbol('SESSION_COOKIE');

/** The session's cookie at a public address. */
export function sessionCookieAt(publicUrl: string): BrowserCookie {
  return cookieAt(publicUrl, 'mesh-session');
}

/** The cookie that knows the browser between the two halves of a sign-in. */
export function signInCookieAt(publicUrl: string): BrowserCookie {
  return cookieAt(publicUrl, 'mesh-sign-in');
}

function cookieAt(publicUrl: string, name: string): BrowserCookie {
  return new BrowserCookie(name, publicUrl.startsWith('https:'));
}
