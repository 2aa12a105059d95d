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

/** What SPIRE and the embedded authority set notBefore back by, for clocks that are behind. */
const BACKDATED_MS = 10_000;

/** The share of the rest for which a connection is used whose certificates are past half of their life. */
const LATE_SHARE = 1 / 64;

/**
 * The wind-down of a connection between two chains. The client goes first, so that the server closes nothing that
 * is about to carry a request: closing idle connections at once loses requests.
 *
 * All margins are shares of the SVID's lifetime, so they fit one hour and six seconds alike: the client retires at
 * half of it, where workloads rotate, which leaves a request half a lifetime to finish; the server follows at a
 * quarter and an eighth before the end. Where a workload is late in rotating, the shares are of what remains.
 */
export function connectionLifetime(own: Validity, peer: Validity, now: number): ConnectionLifetime {
  const [a, b] = [windDown(own, now), windDown(peer, now)];
  return {
    retireAt: Math.min(a.retireAt, b.retireAt),
    drainAt: Math.min(a.drainAt, b.drainAt),
    closeIdleAt: Math.min(a.closeIdleAt, b.closeIdleAt),
    endAt: Math.min(a.endAt, b.endAt),
  };
}

function windDown({ notBefore, notAfter }: Validity, now: number): ConnectionLifetime {
  const endAt = notAfter.getTime();
  const remaining = Math.max(0, endAt - now);
  const length = endAt - notBefore.getTime();
  // A short-lived SVID that was set back is past half of its validity when it is issued, not of its life.
  const life =
    [length, length - BACKDATED_MS].find((guess) => guess / 2 <= remaining && guess > 0) ??
    2 * remaining * (1 - LATE_SHARE);
  return {
    retireAt: endAt - life / 2,
    drainAt: endAt - life / 4,
    closeIdleAt: endAt - life / 8,
    endAt,
  };
}
