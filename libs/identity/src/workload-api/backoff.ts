/** Exponential backoff: the wait doubles from `baseMs` with each failure, up to `maxMs`. */
export interface BackoffOptions {
  /** Milliseconds before the first retry. */
  readonly baseMs: number;
  /** The longest wait in milliseconds. */
  readonly maxMs: number;
}

/**
 * The wait before retry number `retry` (from 0) in milliseconds. Between half and all of the exponential wait, so
 * that workloads which lost the same endpoint do not come back at the same moment.
 */
export function backoffMs(options: BackoffOptions, retry: number, random: () => number): number {
  const full = Math.min(options.maxMs, options.baseMs * 2 ** Math.min(retry, 30));
  return Math.round(full / 2 + (random() * full) / 2);
}
