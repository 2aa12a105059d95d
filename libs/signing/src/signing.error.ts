import { MeshError, type MeshErrorOptions } from '@mesh/errors';

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
