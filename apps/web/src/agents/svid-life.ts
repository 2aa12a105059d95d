/** Where an SVID stands in its life; times in milliseconds since the epoch. */
export interface SvidLife {
  readonly ageMs: number;
  /** Until it is replaced, at half of its validity; 0 once that is due. */
  readonly rotatesInMs: number;
  /** From 0, just issued, to 1, to be replaced. */
  readonly progress: number;
  readonly expired: boolean;
}

export function svidLife(
  { notBefore, notAfter }: { readonly notBefore: string; readonly notAfter: string },
  now: number,
): SvidLife {
  const start = Date.parse(notBefore);
  const end = Date.parse(notAfter);
  const half = (end - start) / 2;
  const ageMs = Math.max(0, now - start);
  return {
    ageMs,
    rotatesInMs: Math.max(0, half - ageMs),
    progress: half > 0 ? Math.min(1, ageMs / half) : 1,
    expired: now > end,
  };
}

/** `45 s`, `12 min`, `3 h 20 min`, `2 d 4 h`. */
export function duration(ms: number): string {
  const seconds = Math.round(ms / 1000);
  if (seconds < 120) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 120) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${hours} h ${minutes % 60} min`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}
