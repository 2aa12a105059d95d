import { MeshError, type MeshErrorOptions } from '@mesh/errors';

export type EndpointAddressErrorCode =
  | 'ERR_ENDPOINT_UNSET'
  | 'ERR_ENDPOINT_MALFORMED'
  | 'ERR_ENDPOINT_SCHEME'
  | 'ERR_ENDPOINT_AUTHORITY'
  | 'ERR_ENDPOINT_HOST'
  | 'ERR_ENDPOINT_PORT'
  | 'ERR_ENDPOINT_PATH'
  | 'ERR_ENDPOINT_PATH_TOO_LONG'
  | 'ERR_ENDPOINT_COMPONENT';

/** The address of the SPIFFE Workload Endpoint breaks a rule of the standard. */
export class EndpointAddressError extends MeshError {
  constructor(
    readonly code: EndpointAddressErrorCode,
    message: string,
    options?: MeshErrorOptions,
  ) {
    super(message, options);
  }
}
