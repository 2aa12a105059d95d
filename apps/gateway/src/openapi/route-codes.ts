import { errorAreas, errorCodes, errorEntry, type ErrorCode } from '@mesh/errors';

/** What any request to any route can end with. */
export const ANY_ROUTE: readonly ErrorCode[] = [
  'ERR_REQUEST_MALFORMED',
  'ERR_HEADER_INVALID',
  'ERR_ROUTE_NOT_FOUND',
  'ERR_METHOD_NOT_ALLOWED',
  'ERR_REQUEST_TIMEOUT',
  'ERR_HOST_UNKNOWN',
  'ERR_HEADERS_TOO_LARGE',
  'ERR_RATE_LIMITED',
  'ERR_INTERNAL',
  'ERR_AGENT_STOPPING',
  'ERR_DEADLINE_EXCEEDED',
];

/** What a request with a body can end with besides, before anything looks at what it says. */
export const WITH_BODY: readonly ErrorCode[] = [
  'ERR_BODY_MALFORMED',
  'ERR_BODY_TOO_LARGE',
  'ERR_BODY_TYPE',
];

/** That the request does not come with a session as it should. */
export const SESSION_CODES: readonly ErrorCode[] = [
  'ERR_SESSION_COOKIE',
  'ERR_SESSION_ENDED',
  'ERR_CSRF_TOKEN',
];

/** What a request for people ends with where nobody is signed in, or the wrong person. */
export const SIGNED_IN: readonly ErrorCode[] = [
  ...codesOf('delegation').filter((code) => code.startsWith('ERR_ACCESS_TOKEN_')),
  ...SESSION_CODES,
  // Of a session whose access token is to be renewed.
  'ERR_SIGN_IN_FAILED',
  'ERR_SIGN_IN_UNAVAILABLE',
  'ERR_SIGN_IN_CLIENT',
];

/** What a call to another agent can end with. */
export const PEER: readonly ErrorCode[] = codesOf('agent').filter((code) =>
  code.startsWith('ERR_PEER_'),
);

/** What agents pass on to someone who is still there. */
export const RELAYED: readonly ErrorCode[] = errorCodes.filter(
  (code) => errorEntry(code)?.relay && code !== 'ERR_REQUEST_ABORTED',
);

/** Those that tell of the search. */
export const RELAYED_OF_SEARCH: readonly ErrorCode[] = RELAYED.filter(
  (code) => code in errorAreas.search,
);

function codesOf(area: keyof typeof errorAreas): ErrorCode[] {
  return Object.keys(errorAreas[area]) as ErrorCode[];
}
