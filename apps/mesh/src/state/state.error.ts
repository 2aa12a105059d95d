import { MeshError, type MeshErrorOptions } from '@mesh/errors';

/** The state folder cannot be used. */
export class StateError extends MeshError {
  constructor(
    readonly code: 'ERR_STATE_LOCKED' | 'ERR_STATE_FOLDER',
    message: string,
    options?: MeshErrorOptions,
  ) {
    super(message, options);
  }
}
