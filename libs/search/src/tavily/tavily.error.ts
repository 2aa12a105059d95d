import { MeshError, type MeshErrorOptions } from '@mesh/errors';
import type { HasPeerVerdict, PeerVerdict } from '@mesh/resilience';

export type TavilyErrorCode =
  | 'ERR_SEARCH_KEY_REFUSED'
  | 'ERR_SEARCH_REQUEST_REFUSED'
  | 'ERR_SEARCH_RATE_LIMITED'
  | 'ERR_SEARCH_PLAN_LIMIT'
  | 'ERR_SEARCH_UNAVAILABLE'
  | 'ERR_SEARCH_TIMEOUT'
  | 'ERR_SEARCH_RESPONSE_INVALID';

/** Tavily answered, and the call was at fault: the circuit breaker has no part in it. */
const REFUSALS: ReadonlySet<TavilyErrorCode> = new Set([
  'ERR_SEARCH_KEY_REFUSED',
  'ERR_SEARCH_REQUEST_REFUSED',
  'ERR_SEARCH_PLAN_LIMIT',
]);

/** A call to Tavily that failed. Neither message nor cause holds the key, the question or what Tavily wrote. */
export class TavilyError extends MeshError implements HasPeerVerdict {
  constructor(
    readonly code: TavilyErrorCode,
    message: string,
    /** HTTP status that Tavily answered with, if it did. */
    readonly providerStatus?: number,
    options?: MeshErrorOptions,
  ) {
    super(message, options);
  }

  get peerVerdict(): PeerVerdict {
    return REFUSALS.has(this.code) ? 'refused' : 'failure';
  }
}
