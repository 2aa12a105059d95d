import { MAX_REFUSALS, type RefusalDto } from '@mesh/contracts';
import { errorAreas, errorEntry, type ErrorCode } from '@mesh/errors';

/** Statuses that say no to whoever sent a request, and not to the form of it. */
const STATUSES: ReadonlySet<number> = new Set([401, 403, 421, 429]);
/** Others that do so with the status of a malformed request. */
const CODES: ReadonlySet<string> = new Set<string>([
  'ERR_NONCE_REUSED',
  ...Object.keys(errorAreas.delegation).filter((code) => code.startsWith('ERR_EXCHANGE_')),
  ...Object.entries(errorAreas['sign-in'])
    .filter(([, { status }]) => status === 400)
    .map(([code]) => code),
]);

/** Whether a code is about who asks for what: a body at fault is nobody's refusal. */
export function isRefusal(code: ErrorCode): boolean {
  return CODES.has(code) || STATUSES.has(errorEntry(code)!.status);
}

/**
 * The last refusals of one agent, in memory alone. Bounded: anybody can cause them, and of each there is only what the
 * agent itself knows or has verified. Nothing of the person, the body or the address.
 */
export class Refusals {
  readonly #last: RefusalDto[] = [];

  add(refusal: Omit<RefusalDto, 'at'>, now: Date = new Date()): void {
    this.#last.unshift({ at: now.toISOString(), ...refusal });
    this.#last.length = Math.min(this.#last.length, MAX_REFUSALS);
  }

  /** Newest first. */
  list(): RefusalDto[] {
    return [...this.#last];
  }
}
