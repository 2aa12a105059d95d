import { MeshError, type MeshErrorOptions } from '@mesh/errors';

export type X509SvidErrorCode = 'ERR_SVID_KEY_MALFORMED' | 'ERR_SVID_KEY_MISMATCH';

/** A private key cannot be read or is not the certificate's. What the certificates break is a `CertificateError`. */
export class X509SvidError extends MeshError {
  constructor(
    readonly code: X509SvidErrorCode,
    message: string,
    options?: MeshErrorOptions,
  ) {
    super(message, options);
  }
}
