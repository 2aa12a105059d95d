import type { ErrorEntry } from '../error-entry.js';

/** Codes of people's sign-in and of their sessions. */
export const signInCodes = {
  ERR_SIGN_IN_STATE: {
    status: 400,
    title: 'The answer of the issuer belongs to no sign-in of this browser',
    remedy:
      'Sign in again, and allow cookies: a sign-in works once, within ten minutes, in the browser that began it.',
  },
  ERR_SIGN_IN_ISSUER: {
    status: 400,
    title: 'The answer comes from another issuer than was asked',
    remedy:
      'Sign in again; if it comes back, somebody may be mixing up issuers: tell the operator.',
  },
  ERR_SIGN_IN_REFUSED: {
    status: 403,
    title: 'The issuer refused the sign-in',
    remedy: 'Sign in again, and agree to what is asked for; see whether the account may have it.',
  },
  ERR_SIGN_IN_FAILED: {
    status: 502,
    title: 'The sign-in came to nothing',
    remedy: 'See whether the issuer of the configuration (./mesh config) can be reached.',
  },
  ERR_SIGN_IN_UNAVAILABLE: {
    status: 503,
    title: 'The issuer that people sign in at cannot be reached',
    remedy: 'Try again in a moment; see whether the issuer of the configuration runs.',
  },
  ERR_SIGN_IN_CLIENT: {
    status: 503,
    title: 'The issuer and the gateway have no way of client authentication in common',
    remedy:
      'Let the issuer offer tls_client_auth over mTLS, or private_key_jwt with ES256, and store the secret client-key.',
  },
  ERR_SIGN_IN_TARGET: {
    status: 400,
    title: 'What follows the sign-in is no page of this mesh',
    remedy: 'Give `to` as a path of this mesh, such as /verify.',
  },
  ERR_SIGN_IN_BUSY: {
    status: 503,
    title: 'Too many sessions are open',
    remedy: 'Try again in a few minutes.',
  },
  ERR_CLIENT_KEY: {
    status: 500,
    title: "The gateway's key for the issuer cannot be used",
    remedy:
      'Store a P-256 private key (PKCS #8, DER, base64) as the secret client-key; the message has the command.',
  },
  ERR_SESSION_COOKIE: {
    status: 400,
    title: 'The request has two cookies of the session',
    remedy: "Remove this site's cookies, and sign in again: another page of this host set one.",
  },
  ERR_CSRF_TOKEN: {
    status: 403,
    title: 'The request does not prove that a page of this mesh sent it',
    remedy: 'Send X-CSRF-Token as the sign-in gave it to the page; sign in again where it is lost.',
  },
  ERR_CSRF_ORIGIN: {
    status: 403,
    title: 'The request comes from a page of another origin',
    remedy: "Send it from the mesh's own pages: Origin must be its public address.",
  },
  ERR_LOGOUT_TOKEN: {
    status: 400,
    title: 'The logout token does not hold',
    remedy:
      'Send a fresh logout token of the configured issuer, for this client, once (OpenID Connect Back-Channel Logout 1.0).',
  },
} as const satisfies Record<string, ErrorEntry>;
