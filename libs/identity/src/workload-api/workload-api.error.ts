import { status } from '@grpc/grpc-js';
import { MeshError, type MeshErrorOptions } from '@mesh/errors';

export type WorkloadApiErrorCode =
  | 'ERR_WORKLOAD_API_UNAVAILABLE'
  | 'ERR_WORKLOAD_API_DENIED'
  | 'ERR_WORKLOAD_API_REFUSED'
  | 'ERR_WORKLOAD_API_CLOSED'
  | 'ERR_WORKLOAD_API_MESSAGE_MALFORMED'
  | 'ERR_WORKLOAD_API_FIELD_MISSING'
  | 'ERR_WORKLOAD_API_SVID_INVALID'
  | 'ERR_WORKLOAD_API_ID_MISMATCH'
  | 'ERR_WORKLOAD_API_BUNDLE_INVALID'
  | 'ERR_WORKLOAD_API_BUNDLE_CONFLICT';

/** A call to the Workload API failed, or what came back breaks the standard; `cause` says how. */
export class WorkloadApiError extends MeshError {
  constructor(
    readonly code: WorkloadApiErrorCode,
    message: string,
    options?: MeshErrorOptions,
    /** gRPC status code, where the call ended with one. */
    readonly grpcStatus?: status,
  ) {
    super(message, options);
  }
}

/** The error of a call that ended with a gRPC status. Its details are in `cause`: they hold paths. */
export function errorOfStatus(end: {
  readonly code: status;
  readonly details: string;
}): WorkloadApiError {
  const error = (code: WorkloadApiErrorCode, message: string) =>
    new WorkloadApiError(code, message, { cause: new Error(end.details) }, end.code);
  switch (end.code) {
    case status.INVALID_ARGUMENT:
      return error('ERR_WORKLOAD_API_REFUSED', 'The Workload API does not take this call.');
    case status.PERMISSION_DENIED:
      return error(
        'ERR_WORKLOAD_API_DENIED',
        'The Workload API has no identity for this workload.',
      );
    default:
      return error('ERR_WORKLOAD_API_UNAVAILABLE', 'The Workload API is not reachable.');
  }
}
