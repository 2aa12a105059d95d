import { MeshError, type MeshErrorOptions } from '@mesh/errors';
import { AnswerError, JsonError } from '@mesh/provenance';

export type SigningErrorCode =
  | 'ERR_SIGNING_IDENTITY'
  | 'ERR_SIGNING_SVID_NOT_VALID'
  | 'ERR_SIGNING_REQUEST'
  | 'ERR_SIGNING_CONTENT'
  | 'ERR_SIGNING_STATEMENT';

/** An agent cannot sign its own answer, which then does not leave. Nothing of the answer stands in the message. */
export class SigningError extends MeshError {
  constructor(
    readonly code: SigningErrorCode,
    message: string,
    options?: MeshErrorOptions,
  ) {
    super(message, options);
  }
}

/** What no verifier would take is this agent's own fault; every other error stays what it is. */
export function signingErrorOf(code: SigningErrorCode, message: string, cause: unknown): unknown {
  const known = cause instanceof JsonError || cause instanceof AnswerError;
  return known ? new SigningError(code, message, { cause }) : cause;
}

/** The result of `work`, or its error as `signingErrorOf` says. */
export function orSigningError<T>(code: SigningErrorCode, message: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    throw signingErrorOf(code, message, cause);
  }
}
