/** By OpenID Connect, as the API's description names it. */
export const SIGN_IN = 'sign-in';
/** By an access token had another way. */
export const BEARER = 'bearer';
