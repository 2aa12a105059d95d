import { errorAreas, errorEntry, MeshError, type ErrorCode } from '@mesh/errors';
import { printableLine } from './printable.js';

/** Errors whose own message says what to do, since it knows the variable, file or process. */
const COMPLETE: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  ...(Object.keys(errorAreas.mesh) as ErrorCode[]),
  'ERR_CONFIG_INVALID',
  'ERR_AGENT_FILE_INVALID',
  'ERR_AGENT_UNKNOWN',
  'ERR_PORT_IN_USE',
  'ERR_BODY_INVALID',
  'ERR_SIGN_IN_FAILED',
  'ERR_SIGN_IN_REFUSED',
]);

/** A failure in one line, for the person who gave the command: what happened, what to do, the code. */
export function failureLine(error: unknown): string {
  const line =
    error instanceof MeshError
      ? `${error.message}${remedyOf(error.code)} (${error.code})`
      : error instanceof Error
        ? error.message
        : String(error);
  return printableLine(line);
}

function remedyOf(code: ErrorCode): string {
  const entry = COMPLETE.has(code) ? undefined : errorEntry(code);
  return entry === undefined ? '' : ` ${entry.remedy}`;
}
