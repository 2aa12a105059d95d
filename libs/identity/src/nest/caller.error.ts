import { MeshError } from '@mesh/errors';

/** The caller may not do what it asked for, or the route does not say what it does. */
export class CallerError extends MeshError {
  constructor(
    readonly code: 'ERR_CALLER_DENIED' | 'ERR_ROUTE_UNDECLARED',
    message: string,
  ) {
    super(message);
  }
}
