import { MeshError, type MeshErrorOptions } from '@mesh/errors';

/** Which rule of SPIFFE-ID a text breaks. */
export type SpiffeIdErrorCode =
  | 'ERR_SPIFFE_ID_EMPTY'
  | 'ERR_SPIFFE_ID_TOO_LONG'
  | 'ERR_SPIFFE_ID_SCHEME'
  | 'ERR_SPIFFE_ID_PATH_CHARACTER'
  | 'ERR_SPIFFE_ID_PATH_SEGMENT_EMPTY'
  | 'ERR_SPIFFE_ID_PATH_SEGMENT_DOTS'
  | 'ERR_SPIFFE_ID_PATH_TRAILING_SLASH'
  | 'ERR_SPIFFE_ID_PATH_LEADING_SLASH'
  | 'ERR_SPIFFE_ID_NOT_MATCHED'
  | 'ERR_TRUST_DOMAIN_EMPTY'
  | 'ERR_TRUST_DOMAIN_CHARACTER'
  | 'ERR_TRUST_DOMAIN_TOO_LONG';

/** A text is no SPIFFE ID or trust domain, or an ID is not the one that was expected. */
export class SpiffeIdError extends MeshError {
  constructor(
    readonly code: SpiffeIdErrorCode,
    message: string,
    options?: MeshErrorOptions,
  ) {
    super(message, options);
  }
}
