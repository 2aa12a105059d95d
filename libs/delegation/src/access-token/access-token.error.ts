import { MeshError, type MeshErrorOptions } from '@mesh/errors';

/** Which rule of access tokens is broken. */
export type AccessTokenErrorCode =
  | 'ERR_ACCESS_TOKEN_MISSING'
  | 'ERR_ACCESS_TOKEN_MALFORMED'
  | 'ERR_ACCESS_TOKEN_TYPE'
  | 'ERR_ACCESS_TOKEN_ALGORITHM'
  | 'ERR_ACCESS_TOKEN_HEADER'
  | 'ERR_ACCESS_TOKEN_KEY_UNKNOWN'
  | 'ERR_ACCESS_TOKEN_SIGNATURE'
  | 'ERR_ACCESS_TOKEN_ISSUER'
  | 'ERR_ACCESS_TOKEN_AUDIENCE'
  | 'ERR_ACCESS_TOKEN_EXPIRED'
  | 'ERR_ACCESS_TOKEN_NOT_YET_VALID'
  | 'ERR_ACCESS_TOKEN_CLAIM'
  | 'ERR_ACCESS_TOKEN_BOUND'
  | 'ERR_ACCESS_TOKEN_CLIENT'
  | 'ERR_ACCESS_TOKEN_SCOPE'
  | 'ERR_ACCESS_TOKEN_PERSON'
  | 'ERR_ACCESS_TOKEN_ROLE'
  | 'ERR_ACCESS_TOKEN_KEYS_UNAVAILABLE';

/** An access token is refused, or the issuer's keys are not at hand. The message never quotes the token. */
export class AccessTokenError extends MeshError {
  constructor(
    readonly code: AccessTokenErrorCode,
    message: string,
    options?: MeshErrorOptions,
  ) {
    super(message, options);
  }
}

/** The person signed in is not allowed the operation. */
export class AccessTokenScopeError extends AccessTokenError {
  constructor(readonly missingScope: string) {
    super('ERR_ACCESS_TOKEN_SCOPE', `The scope ${missingScope} is missing.`);
  }
}
