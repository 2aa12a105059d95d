import { MeshError, type MeshErrorOptions } from '@mesh/errors';

export type X509SourceErrorCode =
  | 'ERR_SVID_UNAVAILABLE'
  | 'ERR_SVID_EXPIRED'
  | 'ERR_SVID_WITHDRAWN'
  | 'ERR_SVID_NOT_PICKED'
  | 'ERR_SOURCE_CLOSED';

/** A source has no X.509-SVID or bundle that may be used. */
export class X509SourceError extends MeshError {
  constructor(
    readonly code: X509SourceErrorCode,
    message: string,
    options?: MeshErrorOptions,
  ) {
    super(message, options);
  }
}
