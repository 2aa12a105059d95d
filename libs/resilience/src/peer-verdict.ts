import { MeshError } from '@mesh/errors';

/**
 * What an error says of the peer that was called:
 * - `failure`: it is down, overloaded or broken;
 * - `refused`: it answered, and the call was at fault;
 * - `unknown`: nothing.
 */
export type PeerVerdict = 'failure' | 'refused' | 'unknown';

/**
 * Errors whose status does not tell what they say of the peer implement this. A rejected API key shows as 502 to
 * our caller, yet the provider is well (`refused`); a secret that is not set never reached it (`unknown`).
 */
export interface HasPeerVerdict {
  readonly peerVerdict: PeerVerdict;
}

/** Without a word of its own, status 429 and >= 500 and network errors are failures; any other foreign error is a bug here. */
export function verdictOf(error: unknown): PeerVerdict {
  if (error instanceof MeshError) {
    const own = (error as Partial<HasPeerVerdict>).peerVerdict;
    return own ?? (error.status === 429 || error.status >= 500 ? 'failure' : 'refused');
  }
  return networkCode(error) === undefined ? 'unknown' : 'failure';
}

/** The `code` of an error, for metrics and health; its class for an error without one. Never its message. */
export function codeOf(error: unknown): string {
  if (error instanceof MeshError) return error.code;
  return networkCode(error) ?? (error instanceof Error ? error.name : 'unknown');
}

// Node and undici give network errors a textual code; fetch hides it one cause deeper.
function networkCode(error: unknown): string | undefined {
  for (const candidate of [error, (error as { cause?: unknown } | undefined)?.cause]) {
    const code = (candidate as { code?: unknown } | undefined)?.code;
    if (typeof code === 'string' && /^(E[A-Z]+|UND_ERR_[A-Z_]+)$/.test(code)) return code;
  }
  return undefined;
}
