import { MeshError, type MeshErrorOptions } from '@mesh/errors';
import type { HasPeerVerdict, PeerVerdict } from './peer-verdict.js';

export type PolicyErrorCode =
  | 'ERR_BREAKER_OPEN'
  | 'ERR_TRY_TIMEOUT'
  | 'ERR_STREAM_IDLE'
  | 'ERR_DEADLINE_EXCEEDED'
  | 'ERR_POLICY_CLOSED'
  | 'ERR_POLICY_OPTION_INVALID';

/** A call that its policy ended, or never let out. */
export class PolicyError extends MeshError implements HasPeerVerdict {
  constructor(
    readonly code: PolicyErrorCode,
    message: string,
    /** Name of the policy: of the peer or provider that was called. */
    readonly policy: string,
    options?: MeshErrorOptions,
  ) {
    super(message, options);
  }

  get peerVerdict(): PeerVerdict {
    return this.code === 'ERR_TRY_TIMEOUT' || this.code === 'ERR_STREAM_IDLE'
      ? 'failure'
      : 'unknown';
  }
}
