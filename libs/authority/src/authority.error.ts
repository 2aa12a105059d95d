import { MeshError, type MeshErrorOptions } from '@mesh/errors';

export type AuthorityErrorCode =
  | 'ERR_AUTHORITY_PRODUCTION'
  | 'ERR_AUTHORITY_TRUST_DOMAIN'
  | 'ERR_AUTHORITY_TTL'
  | 'ERR_AUTHORITY_FEDERATION'
  | 'ERR_AUTHORITY_WORKLOAD_NAME'
  | 'ERR_AUTHORITY_WORKLOAD_ID'
  | 'ERR_AUTHORITY_WORKLOAD_EXISTS'
  | 'ERR_AUTHORITY_WORKLOAD_UNKNOWN'
  | 'ERR_AUTHORITY_CA_STATE'
  | 'ERR_AUTHORITY_DIRECTORY'
  | 'ERR_AUTHORITY_SOCKET_PATH_TOO_LONG'
  | 'ERR_AUTHORITY_SOCKET_OCCUPIED'
  | 'ERR_AUTHORITY_SOCKET_IN_USE'
  | 'ERR_AUTHORITY_SOCKET_FAILED'
  | 'ERR_AUTHORITY_CLOSED';

/** The embedded authority refuses to start, or to do what it was asked. */
export class AuthorityError extends MeshError {
  constructor(
    readonly code: AuthorityErrorCode,
    message: string,
    options?: MeshErrorOptions,
  ) {
    super(message, options);
  }
}
