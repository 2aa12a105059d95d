import {
  MeshError,
  type HasMembers,
  type MeshErrorOptions,
  type ProblemMember,
} from '@mesh/errors';

/** A request broke a rule of the pipeline. */
export class RequestError extends MeshError {
  constructor(
    readonly code:
      | 'ERR_BODY_MALFORMED'
      | 'ERR_BODY_TYPE'
      | 'ERR_BODY_TOO_LARGE'
      | 'ERR_CALLER_DENIED'
      | 'ERR_HEADER_INVALID'
      | 'ERR_HOST_UNKNOWN'
      | 'ERR_NONCE_REUSED'
      | 'ERR_NOT_ACCEPTABLE'
      | 'ERR_HEADERS_TOO_LARGE'
      | 'ERR_REQUEST_MALFORMED'
      | 'ERR_REQUEST_TIMEOUT'
      | 'ERR_ROUTE_NOT_FOUND'
      | 'ERR_ROUTE_UNDECLARED'
      | 'ERR_METHOD_NOT_ALLOWED',
    message: string,
    options?: MeshErrorOptions,
  ) {
    super(message, options);
  }
}

/** A body breaks its contract; `members` says where, never with the value. */
export class BodyInvalidError extends MeshError implements HasMembers {
  readonly code = 'ERR_BODY_INVALID';

  constructor(readonly members: readonly ProblemMember[]) {
    super(
      members
        .map(({ path, message }) => (path === '' ? message : `${path}: ${message}`))
        .slice(0, 3)
        .join('; '),
    );
  }
}

/** The request's own end: its deadline, its caller's leaving, the end of the session it came with, or the agent's shutdown. */
export class RequestEndedError extends MeshError {
  constructor(
    readonly code:
      'ERR_DEADLINE_EXCEEDED' | 'ERR_REQUEST_ABORTED' | 'ERR_SESSION_ENDED' | 'ERR_AGENT_STOPPING',
    message: string,
    options?: MeshErrorOptions,
  ) {
    super(message, options);
  }
}
