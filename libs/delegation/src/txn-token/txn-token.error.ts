import { MeshError, type MeshErrorOptions } from '@mesh/errors';

/** Which rule of transaction tokens is broken. */
export type TxnTokenErrorCode =
  | 'ERR_TOKEN_MISSING'
  | 'ERR_TOKEN_MALFORMED'
  | 'ERR_TOKEN_TOO_LARGE'
  | 'ERR_TOKEN_TYPE'
  | 'ERR_TOKEN_ALGORITHM'
  | 'ERR_TOKEN_HEADER'
  | 'ERR_TOKEN_HEADER_KEY'
  | 'ERR_TOKEN_CRITICAL'
  | 'ERR_TOKEN_CHAIN'
  | 'ERR_TOKEN_ISSUER'
  | 'ERR_TOKEN_SIGNATURE'
  | 'ERR_TOKEN_CLAIM'
  | 'ERR_TOKEN_AUDIENCE'
  | 'ERR_TOKEN_EXPIRED'
  | 'ERR_TOKEN_NOT_YET_VALID'
  | 'ERR_TOKEN_LIFETIME'
  | 'ERR_TOKEN_ACTOR'
  | 'ERR_TOKEN_ACTOR_LOOP'
  | 'ERR_TOKEN_ACTOR_DEPTH'
  | 'ERR_TOKEN_SCOPE'
  | 'ERR_TOKEN_PERSON'
  | 'ERR_TOKEN_TRANSACTION';

/** A transaction token is refused. The message never quotes the token. */
export class TxnTokenError extends MeshError {
  constructor(
    readonly code: TxnTokenErrorCode,
    message: string,
    options?: MeshErrorOptions,
  ) {
    super(message, options);
  }
}

/** The token does not hold the scope of an operation. */
export class MissingScopeError extends TxnTokenError {
  constructor(readonly missingScope: string) {
    super('ERR_TOKEN_SCOPE', `The scope ${missingScope} is missing.`);
  }
}
