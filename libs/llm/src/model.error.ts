import { MeshError, type MeshErrorOptions } from '@mesh/errors';
import type { HasPeerVerdict, PeerVerdict } from '@mesh/resilience';

export type ModelErrorCode =
  | 'ERR_MODEL_KEY_MISSING'
  | 'ERR_MODEL_KEY_REFUSED'
  | 'ERR_MODEL_NOT_FOUND'
  | 'ERR_MODEL_REQUEST_REFUSED'
  | 'ERR_MODEL_PRECONDITION'
  | 'ERR_MODEL_RATE_LIMITED'
  | 'ERR_MODEL_QUOTA_SPENT'
  | 'ERR_MODEL_UNAVAILABLE'
  | 'ERR_MODEL_TIMEOUT'
  | 'ERR_MODEL_PROMPT_BLOCKED'
  | 'ERR_MODEL_ANSWER_BLOCKED'
  | 'ERR_MODEL_ANSWER_EMPTY'
  | 'ERR_MODEL_ANSWER_CUT'
  | 'ERR_MODEL_ANSWER_BROKEN_OFF'
  | 'ERR_MODEL_RESPONSE_INVALID';

/** The provider is down, overloaded or broken; whatever else it answered with, the call was at fault. */
const FAILURES: ReadonlySet<ModelErrorCode> = new Set([
  'ERR_MODEL_RATE_LIMITED',
  'ERR_MODEL_UNAVAILABLE',
  'ERR_MODEL_TIMEOUT',
  'ERR_MODEL_ANSWER_BROKEN_OFF',
  'ERR_MODEL_RESPONSE_INVALID',
]);

export interface ModelErrorDetails {
  /** HTTP status that the provider answered with. */
  readonly providerStatus?: number;
  /** The provider's own word for it (`SAFETY`, `API_KEY_INVALID`), capitals and underscores alone. */
  readonly reason?: string;
}

/**
 * A model that could not write. Neither message nor cause holds the key, the question, a source or what the provider
 * wrote, but for its `reason`.
 */
export class ModelError extends MeshError implements HasPeerVerdict {
  readonly providerStatus: number | undefined;
  readonly reason: string | undefined;

  constructor(
    readonly code: ModelErrorCode,
    message: string,
    options: MeshErrorOptions & ModelErrorDetails = {},
  ) {
    super(message, options);
    this.providerStatus = options.providerStatus;
    this.reason = options.reason;
  }

  get peerVerdict(): PeerVerdict {
    if (this.code === 'ERR_MODEL_KEY_MISSING') return 'unknown';
    return FAILURES.has(this.code) ? 'failure' : 'refused';
  }
}
