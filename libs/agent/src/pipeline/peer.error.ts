import { MeshError, type ErrorCode, type MeshErrorOptions } from '@mesh/errors';
import type { HasPeerVerdict, PeerVerdict } from '@mesh/resilience';

/** A call to another agent failed. */
export class PeerCallError extends MeshError implements HasPeerVerdict {
  /** Whether it is held against the peer: not where it refused what it was sent. */
  readonly peerVerdict: PeerVerdict;

  constructor(
    readonly code:
      'ERR_PEER_UNREACHABLE' | 'ERR_PEER_FAILED' | 'ERR_PEER_REFUSED' | 'ERR_PEER_RESPONSE_INVALID',
    /** Name of the called agent. */
    readonly peer: string,
    message: string,
    options: MeshErrorOptions & { readonly peerVerdict?: PeerVerdict } = {},
  ) {
    super(message, options);
    this.peerVerdict = options.peerVerdict ?? 'failure';
  }
}

/** An error of another agent that is passed on as it is (`relay` of its code's entry). */
export class RelayedError extends MeshError implements HasPeerVerdict {
  /** The agent answered: that a provider behind it failed says nothing against it. */
  readonly peerVerdict = 'refused';

  constructor(
    readonly code: ErrorCode,
    readonly peer: string,
    message: string,
    options?: MeshErrorOptions,
  ) {
    super(message, options);
  }
}

/** A call to a peer on nobody's behalf that is not declared as the agent's own business: a mistake of its code. */
export class UndelegatedCallError extends MeshError {
  readonly code = 'ERR_CALL_UNDELEGATED';
}
