import { MeshError, type MeshErrorOptions } from '@mesh/errors';

export type TrustDocumentErrorCode =
  'ERR_TRUST_DOCUMENT_MALFORMED' | 'ERR_TRUST_DOCUMENT_TYPE' | 'ERR_TRUST_DOCUMENT_FOREIGN_ID';

/** A trust document or an archive document cannot be read. */
export class TrustDocumentError extends MeshError {
  constructor(
    readonly code: TrustDocumentErrorCode,
    message: string,
    options?: MeshErrorOptions,
  ) {
    super(message, options);
  }
}
