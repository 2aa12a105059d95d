/** When a connection winds down, in epoch milliseconds, in the order in which it happens. */
export interface ConnectionLifetime {
  /** The client sends no new request on it. */
  readonly retireAt: number;
  /** The server answers with `Connection: close`. */
  readonly drainAt: number;
  /** The server closes it if it is idle. */
  readonly closeIdleAt: number;
  /** Both sides cut it, whatever runs on it: the earliest notAfter of both chains. */
  readonly endAt: number;
}

/** Validity of one side's chain: from its leaf's notBefore to the earliest notAfter. */
export interface Validity {
  readonly notBefore: Date;
  readonly notAfter: Date;
}

/**
 * The wind-down of a connection between two chains. The client goes first, so that the server closes nothing that
 * is about to carry a request: closing idle connections at once loses requests.
 *
 * All margins are shares of the SVID's lifetime, so they fit one hour and six seconds alike: the client retires at
 * half of it, where workloads rotate, which leaves a request half a lifetime to finish; the server follows at a
 * quarter and an eighth before the end. Where a peer is late in rotating, the shares are of what remains.
 */
export function connectionLifetime(own: Validity, peer: Validity, now: number): ConnectionLifetime {
  const endAt = Math.min(own.notAfter.getTime(), peer.notAfter.getTime());
  const total = Math.min(lengthOf(own), lengthOf(peer));
  const remaining = Math.max(0, endAt - now);
  return {
    retireAt: Math.max(endAt - total / 2, now + remaining / 8),
    drainAt: Math.max(endAt - total / 4, now + remaining / 4),
    closeIdleAt: Math.max(endAt - total / 8, now + remaining / 2),
    endAt,
  };
}

function lengthOf(validity: Validity): number {
  return validity.notAfter.getTime() - validity.notBefore.getTime();
}
