import { MeshError, type ErrorCode } from '@mesh/errors';

/** A command failed; `code` is its own or the one of the problem that the gateway answered with. */
export class CommandError extends MeshError {
  constructor(
    readonly code: ErrorCode,
    message: string,
    options: { cause?: unknown } = {},
  ) {
    super(message, options);
  }
}
