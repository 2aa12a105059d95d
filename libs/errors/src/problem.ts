import { errorEntry, type ErrorCode } from './codes.js';
import { MeshError } from './mesh-error.js';

/** One member of a body that breaks its contract. `path` is dotted (`sources.0.url`). */
export interface ProblemMember {
  readonly path: string;
  readonly message: string;
}

/** `application/problem+json` (RFC 9457) as every listener of the mesh sends it. */
export interface Problem {
  /** Relative reference to the code's entry: `/errors#ERR_…` at the gateway, the same anchor in docs/errors.md. */
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: ErrorCode;
  readonly correlationId: string;
  readonly errors?: readonly ProblemMember[];
}

/** Errors that name the members at fault implement this. */
export interface HasMembers {
  readonly members: readonly ProblemMember[];
}

/**
 * The problem that a caller may see. Anything that is no `MeshError` becomes `ERR_INTERNAL` without a word of
 * its message: it may hold a path or a secret.
 */
export function problemOf(error: unknown, correlationId: string): Problem {
  const known = error instanceof MeshError;
  const code: ErrorCode = known ? error.code : 'ERR_INTERNAL';
  const entry = errorEntry(code);
  return {
    type: `/errors#${code.toLowerCase()}`,
    title: entry?.title ?? code,
    status: known ? error.status : 500,
    detail: known ? error.message : 'Something failed inside the agent.',
    code,
    correlationId,
    ...(known && 'members' in error ? { errors: (error as unknown as HasMembers).members } : {}),
  };
}
