import { MeshError } from '@mesh/errors';

/** A call to the outside is not one that may be made. */
export class EgressError extends MeshError {
  constructor(
    readonly code: 'ERR_EGRESS_URL_INVALID' | 'ERR_EGRESS_HOST_UNDECLARED',
    message: string,
  ) {
    super(message);
  }
}
