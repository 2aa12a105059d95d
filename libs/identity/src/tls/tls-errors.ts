import { MeshError, type MeshErrorOptions } from '@mesh/errors';

/**
 * A connection to or from a peer that was refused before a byte of HTTP was served. On the client nothing was
 * sent, so `retry` is `safe`. The cause holds the rule that was broken.
 */
export class PeerConnectionError extends MeshError {
  constructor(
    readonly code:
      | 'ERR_PEER_UNREACHABLE'
      | 'ERR_PEER_HANDSHAKE_FAILED'
      | 'ERR_PEER_CERTIFICATE_MISSING'
      | 'ERR_PEER_UNTRUSTED'
      | 'ERR_PEER_NOT_AUTHORIZED'
      | 'ERR_PEER_CHAIN_HIDDEN',
    message: string,
    options: Omit<MeshErrorOptions, 'retry'> = {},
  ) {
    super(message, { ...options, retry: 'safe' });
  }
}

/** A verified connection that ended while a request was on it: it may or may not have been processed. */
export class ConnectionEndedError extends MeshError {
  constructor(
    readonly code:
      | 'ERR_CONNECTION_LOST'
      | 'ERR_CONNECTION_EXPIRED'
      | 'ERR_CONNECTION_DISTRUSTED'
      | 'ERR_CONNECTION_WITHDRAWN',
    message: string,
    options: MeshErrorOptions = {},
  ) {
    super(message, { retry: 'if-idempotent', ...options });
  }
}

/** A request on a pool that its owner closed. */
export class PoolClosedError extends MeshError {
  readonly code = 'ERR_POOL_CLOSED';

  constructor() {
    super('The pool of connections to this peer is closed.', { retry: 'safe' });
  }
}
