import { SpiffeIdError } from './spiffe-id.error.js';
import type { SpiffeId } from './spiffe-id.js';
import type { TrustDomain } from './trust-domain.js';

/** Returns for an ID that is expected; throws SpiffeIdError `ERR_SPIFFE_ID_NOT_MATCHED` for any other. */
export type SpiffeIdMatcher = (id: SpiffeId) => void;

/** Any ID of any trust domain. Write beside the call why that is enough. */
export function matchAny(): SpiffeIdMatcher {
  return () => undefined;
}

export function matchId(expected: SpiffeId): SpiffeIdMatcher {
  return (id) => {
    if (!id.equals(expected)) throw notMatched(id, expected.toString());
  };
}

/** One of these; none, if the list is empty. */
export function matchOneOf(expected: readonly SpiffeId[]): SpiffeIdMatcher {
  const known = new Set(expected.map(String));
  return (id) => {
    if (!known.has(id.toString())) throw notMatched(id, [...known].join(' or ') || 'none at all');
  };
}

export function matchMemberOf(trustDomain: TrustDomain): SpiffeIdMatcher {
  return (id) => {
    if (!id.memberOf(trustDomain)) throw notMatched(id, `a member of ${trustDomain.name}`);
  };
}

function notMatched(id: SpiffeId, expected: string): SpiffeIdError {
  return new SpiffeIdError(
    'ERR_SPIFFE_ID_NOT_MATCHED',
    `${id.toString()} is not what is expected: ${expected}.`,
  );
}
