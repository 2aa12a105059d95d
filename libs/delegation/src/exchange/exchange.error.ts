import { MeshError, type MeshErrorOptions } from '@mesh/errors';

/** Why a token request is refused, other than for its subject token. */
export type ExchangeErrorCode =
  | 'ERR_EXCHANGE_MALFORMED'
  | 'ERR_EXCHANGE_PARAMETER_REPEATED'
  | 'ERR_EXCHANGE_PARAMETER_MISSING'
  | 'ERR_EXCHANGE_PARAMETER_UNSUPPORTED'
  | 'ERR_EXCHANGE_PARAMETER_VALUE'
  | 'ERR_EXCHANGE_GRANT_TYPE'
  | 'ERR_EXCHANGE_TARGET'
  | 'ERR_EXCHANGE_SCOPE_INVALID'
  | 'ERR_EXCHANGE_SCOPE_WIDER'
  | 'ERR_EXCHANGE_SCOPE_UNREACHABLE'
  | 'ERR_EXCHANGE_CLIENT'
  | 'ERR_EXCHANGE_NO_EDGE'
  | 'ERR_EXCHANGE_PERSON'
  | 'ERR_EXCHANGE_LIFETIME';

/** A token request is refused. */
export class ExchangeError extends MeshError {
  constructor(
    readonly code: ExchangeErrorCode,
    message: string,
    options?: MeshErrorOptions,
  ) {
    super(message, options);
  }
}
