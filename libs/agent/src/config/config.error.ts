import { MeshError, type MeshErrorOptions } from '@mesh/errors';

/** A configuration value is not valid. One line that names the setting as it was given and what it should hold. */
export class ConfigError extends MeshError {
  readonly code = 'ERR_CONFIG_INVALID';

  constructor(
    /** Variable, flag, or file with position and key, that was given; else the setting's key. */
    readonly setting: string,
    message: string,
    options?: MeshErrorOptions,
  ) {
    super(message, options);
  }
}
