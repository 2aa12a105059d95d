/** One thing that was looked at. */
export interface Finding {
  readonly what: string;
  readonly state: 'ok' | 'wrong' | 'skipped';
  /** What was seen, and for `wrong` what to do. One line. */
  readonly detail: string;
}

export function ok(what: string, detail: string): Finding {
  return { what, state: 'ok', detail };
}

export function wrong(what: string, detail: string): Finding {
  return { what, state: 'wrong', detail };
}

export function skipped(what: string, detail: string): Finding {
  return { what, state: 'skipped', detail };
}
