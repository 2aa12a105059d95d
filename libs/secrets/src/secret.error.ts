import { MeshError, type MeshErrorOptions } from '@mesh/errors';

export type SecretErrorCode =
  | 'ERR_SECRET_NOT_FOUND'
  | 'ERR_SECRET_NOT_DECLARED'
  | 'ERR_SECRET_NAME_INVALID'
  | 'ERR_SECRET_FILE_MODE'
  | 'ERR_SECRET_FILE_OWNER'
  | 'ERR_SECRET_FILE_TYPE'
  | 'ERR_SECRET_UNREADABLE'
  | 'ERR_SECRET_EMPTY'
  | 'ERR_SECRET_TOO_LARGE'
  | 'ERR_SECRET_CHARACTER'
  | 'ERR_SECRET_SOURCE_DEVELOPMENT'
  | 'ERR_SECRET_SOURCE_CLOSED';

/** A secret that cannot be had. Its message holds neither the secret nor an absolute path; its cause may hold a path. */
export class SecretError extends MeshError {
  /** For the circuit breaker of the call that wanted the secret: its peer was not reached. */
  readonly peerVerdict = 'unknown';

  constructor(
    readonly code: SecretErrorCode,
    message: string,
    /** The secret's name; undefined where it was malformed, for a key pasted as a name must not be repeated. */
    readonly secretName?: string,
    options?: MeshErrorOptions,
  ) {
    super(message, options);
  }
}
