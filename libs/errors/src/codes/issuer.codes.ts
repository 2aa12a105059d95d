import type { ErrorEntry } from '../error-entry.js';

/** Codes of the embedded OpenID issuer, and of the sign-in without a browser that goes with it. */
export const issuerCodes = {
  ERR_ISSUER_PRODUCTION: {
    status: 500,
    title: 'The embedded issuer does not run in production',
    remedy: 'Configure an OpenID Connect issuer of your own, Keycloak for example.',
  },
  ERR_ISSUER_ADDRESS: {
    status: 500,
    title: 'The embedded issuer is for loopback alone',
    remedy: 'Give an address of loopback, and a host name that is one or ends in .localhost.',
  },
  ERR_ISSUER_RESOURCE: {
    status: 500,
    title: "The mesh's API is not named by an absolute URI",
    remedy:
      'Give an absolute URI without a fragment (RFC 8707), https://mesh.local/api for example.',
  },
  ERR_ISSUER_TTL: {
    status: 500,
    title: 'A validity that the embedded issuer cannot keep',
    remedy: 'Give an access token 10 to 3600 seconds.',
  },
  ERR_ISSUER_PASSWORD_FILE: {
    status: 500,
    title: 'The file of the sample passwords is open to others, or damaged',
    remedy: 'Remove the file: the next start makes another, with new passwords.',
  },
  ERR_ISSUER_ACCOUNT_UNKNOWN: {
    status: 400,
    title: 'There is no such sample account',
    remedy: 'Name one of analyst, reader and admin.',
  },
  ERR_ISSUER_LISTEN: {
    status: 500,
    title: 'The embedded issuer cannot listen',
    remedy: 'Stop what uses the port, or choose another.',
  },
  ERR_ISSUER_HOST: {
    status: 421,
    title: 'The embedded issuer does not serve that host name',
    remedy: "Use the issuer's own URL.",
  },
  ERR_ISSUER_KEY_STATE: {
    status: 500,
    title: 'There is no old signing key to retire',
    remedy: 'Rotate the keys first.',
  },
  ERR_ISSUER_CLOSED: {
    status: 500,
    title: 'The embedded issuer is closed',
    remedy: 'Nothing: the process is going down.',
  },
  ERR_ISSUER_SIGN_IN_REFUSED: {
    status: 401,
    title: 'The issuer refused the sign-in',
    remedy: 'Look at account, password and scope; after five wrong passwords, wait a minute.',
  },
  ERR_ISSUER_SIGN_IN_FAILED: {
    status: 502,
    title: 'The sign-in at the embedded issuer failed',
    remedy: 'See whether the issuer runs: ./mesh status.',
  },
} as const satisfies Record<string, ErrorEntry>;
