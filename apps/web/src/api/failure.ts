import { errorEntry } from '@mesh/errors';

/** Why something could not be done, ready to be shown. */
export interface Failure {
  readonly title: string;
  readonly detail?: string;
  /** What the reader can do about it. */
  readonly advice?: string;
  /** Of the mesh (`ERR_…`), or of this page where the mesh never said one. */
  readonly code: string;
  /** Finds the request in every agent's log. */
  readonly correlationId?: string;
  /** HTTP status; 0 where no response came. */
  readonly status: number;
  /** Milliseconds since the epoch from which a new try makes sense. */
  readonly retryAt?: number;
}

/** Thrown by whatever asks the mesh. */
export class FailureError extends Error {
  constructor(readonly failure: Failure) {
    super(failure.title);
  }
}

/** What happened on this side of the wire; the mesh has no code for it. */
const ownFailures = {
  UNREACHABLE: {
    title: 'The mesh cannot be reached',
    advice: 'See whether you are online and whether the mesh still runs, then try again.',
  },
  CONNECTION_LOST: {
    title: 'The connection was lost while the answer was being written',
    detail: 'What had arrived was not signed yet, so it has been withdrawn.',
    advice: 'Ask again. Nothing of the unfinished answer is kept.',
  },
  STREAM_TOO_LARGE: {
    title: 'More arrived than an answer can hold',
    detail: 'The answer was withdrawn before it filled this browser’s memory.',
    advice: 'Ask again, and tell the operator the correlation ID if it comes back.',
  },
  RESPONSE_UNREADABLE: {
    title: 'The response is not what the mesh sends',
    advice: 'Something between this browser and the mesh may have changed it. Reload the page.',
  },
  OTHER_ISSUER: {
    title: 'The place to sign out at is not the issuer’s',
    advice: 'You are signed out here. Sign out at the issuer by yourself.',
  },
} as const;

/** Codes of this page's own. */
export type OwnCode = keyof typeof ownFailures;

/** A failure that the mesh never told of. */
export function ownFailure(
  code: OwnCode,
  { correlationId, status = 0 }: { correlationId?: string; status?: number } = {},
): Failure {
  return { ...ownFailures[code], code, status, ...(correlationId && { correlationId }) };
}

/** To a person, where the remedy of the code speaks to an operator. */
const advice: Record<string, string> = {
  ERR_ACCESS_TOKEN_MISSING: 'Sign in.',
  ERR_BODY_INVALID: 'Ask in 1 to 2000 characters.',
  ERR_BODY_TOO_LARGE: 'Ask in 1 to 2000 characters.',
  ERR_CSRF_ORIGIN: 'Open the mesh at its own address, and try again.',
  ERR_CSRF_TOKEN: 'Sign in again: this page no longer holds what belongs to your session.',
  ERR_DEADLINE_EXCEEDED: 'Try again, with the fast depth if the deep one takes too long.',
  ERR_RATE_LIMITED: 'Wait a moment, then try again.',
  ERR_SCOPE_INSUFFICIENT: 'Ask at a depth that your account may, or ask for the right to this one.',
  ERR_SESSION_ENDED: 'Sign in again; your question is kept in this tab.',
};

/** Characters of any text of a problem that are shown. */
const SHOWN = 600;

/**
 * The failure that a problem (RFC 9457) describes, whoever sent it: each member is checked.
 * @param retryAfter `Retry-After` in seconds or as a date
 */
export function failureOf(
  problem: unknown,
  { status, correlationId, retryAfter }: ResponseFacts,
  now: number,
): Failure {
  const { code, title, detail, correlationId: id } = membersOf(problem);
  if (typeof code !== 'string' || !/^ERR_[A-Z0-9_]{1,60}$/.test(code)) {
    return ownFailure('RESPONSE_UNREADABLE', { correlationId, status });
  }
  const wait = retryAfter === undefined ? undefined : retryTime(retryAfter, now);
  const remedy = advice[code] ?? errorEntry(code)?.remedy;
  const shownId = isCorrelationId(id) ? id : correlationId;
  return {
    code,
    status,
    title: text(title) ?? errorEntry(code)?.title ?? code,
    ...(text(detail) && { detail: text(detail) }),
    ...(remedy && { advice: remedy }),
    ...(shownId && { correlationId: shownId }),
    ...(wait !== undefined && { retryAt: wait }),
  };
}

/** What is known of a response besides its problem. */
export interface ResponseFacts {
  readonly status: number;
  /** Of the request. */
  readonly correlationId?: string;
  readonly retryAfter?: string;
}

/** Whatever was thrown, as something to show. */
export function failureFrom(error: unknown, correlationId?: string): Failure {
  if (error instanceof FailureError) return error.failure;
  return ownFailure('UNREACHABLE', { correlationId });
}

export function isCorrelationId(id: unknown): id is string {
  return typeof id === 'string' && /^[A-Za-z0-9._-]{8,64}$/.test(id);
}

/** RFC 9110 10.2.3; at most an hour. */
function retryTime(header: string, now: number): number | undefined {
  const at = /^\d{1,9}$/.test(header) ? now + Number(header) * 1000 : Date.parse(header);
  return Number.isNaN(at) ? undefined : Math.min(Math.max(at, now), now + 3_600_000);
}

function text(value: unknown): string | undefined {
  if (typeof value !== 'string' || value === '') return undefined;
  return value.length > SHOWN ? `${value.slice(0, SHOWN)}…` : value;
}

/** The members of what may be anything; none where it is no object. */
export function membersOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
