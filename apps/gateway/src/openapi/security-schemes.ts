/** By OpenID Connect, as the API's description names it. */
export const SIGN_IN = 'sign-in';
/** By an access token had another way. */
export const BEARER = 'bearer';
/** By a browser's session: its cookie, and the secret of its pages; neither is enough. */
export const SESSION = 'session';
export const CSRF = 'csrf';
