import { MeshError, type MeshErrorOptions } from '@mesh/errors';

/** Certificate or key of the listener for people cannot be used. The message is for the operator: it names the file. */
export class TlsFileError extends MeshError {
  constructor(
    readonly code:
      | 'ERR_TLS_FILE_UNREADABLE'
      | 'ERR_TLS_FILE_INVALID'
      | 'ERR_TLS_KEY_MISMATCH'
      | 'ERR_TLS_CERTIFICATE_EXPIRED'
      | 'ERR_TLS_CERTIFICATE_NOT_YET_VALID'
      | 'ERR_TLS_CERTIFICATE_HOST',
    message: string,
    options?: MeshErrorOptions,
  ) {
    super(message, options);
  }
}
