import { MeshError, type MeshErrorOptions } from '@mesh/errors';

export type BundleErrorCode =
  'ERR_BUNDLE_NOT_FOUND' | 'ERR_BUNDLE_MALFORMED' | 'ERR_BUNDLE_TOO_LARGE';

/** A trust bundle cannot be read, or there is none for a trust domain. */
export class BundleError extends MeshError {
  constructor(
    readonly code: BundleErrorCode,
    message: string,
    options?: MeshErrorOptions,
  ) {
    super(message, options);
  }
}
