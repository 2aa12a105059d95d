import { MeshError, type MeshErrorOptions } from '@mesh/errors';
import {
  matchId,
  matchMemberOf,
  matchOneOf,
  type SpiffeId,
  type SpiffeIdMatcher,
  type TrustDomain,
  type VerifiedChain,
} from '@mesh/spiffe';

/** A peer whose chain is verified. */
export interface VerifiedPeer {
  readonly id: SpiffeId;
  readonly chain: VerifiedChain;
}

/**
 * Decides whether a verified peer may talk to this workload: returns if so, and throws AuthorizationError
 * `ERR_PEER_NOT_AUTHORIZED` if not. There is no default: whoever opens a connection names one.
 */
export type Authorizer = (peer: VerifiedPeer) => void;

/** The peer is who it says, and not who is expected. */
export class AuthorizationError extends MeshError {
  readonly code = 'ERR_PEER_NOT_AUTHORIZED';

  constructor(
    readonly peerId: SpiffeId,
    message: string,
    options?: MeshErrorOptions,
  ) {
    super(message, options);
  }
}

/** Any workload of any trust domain there is a bundle for. Write beside the call why that is enough. */
export function authorizeAny(): Authorizer {
  return () => undefined;
}

/** This workload alone. */
export function authorizeId(id: SpiffeId): Authorizer {
  return authorizeMatching(matchId(id));
}

/** One of these; nobody, if none is named. */
export function authorizeOneOf(...ids: readonly SpiffeId[]): Authorizer {
  return authorizeMatching(matchOneOf(ids));
}

/** Any workload of this trust domain. */
export function authorizeMemberOf(trustDomain: TrustDomain): Authorizer {
  return authorizeMatching(matchMemberOf(trustDomain));
}

function authorizeMatching(matcher: SpiffeIdMatcher): Authorizer {
  return ({ id }) => {
    try {
      matcher(id);
    } catch (cause) {
      throw new AuthorizationError(id, `The peer ${id.toString()} is not authorized here.`, {
        cause,
      });
    }
  };
}
