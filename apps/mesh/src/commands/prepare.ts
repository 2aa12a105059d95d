import { AgentDirectory, loadConfig, type MeshConfig } from '@mesh/agent';
import { MeshError } from '@mesh/errors';
import { createLogger, type Logger } from '@mesh/observability';
import { FileSecretSource } from '@mesh/secrets';
import { StateFolder } from '../state/state-folder.js';

/** Flags that several commands share; each is a setting of the configuration. */
export interface Flags {
  readonly documents?: string;
  readonly model?: string;
  readonly search?: string;
  readonly logLevel?: string;
  readonly logFormat?: string;
}

export interface Prepared {
  readonly config: MeshConfig;
  readonly state: StateFolder;
  readonly directory: AgentDirectory;
  readonly logger: Logger;
  readonly secrets: FileSecretSource;
}

/**
 * What every command starts from. `quiet`: nothing is logged unless a level was asked for, and then to stderr, since
 * stdout holds the command's result.
 */
export function prepare(flags: Flags, options: { quiet?: boolean } = {}): Prepared {
  const config = settings(flags);
  const state = new StateFolder(config.state);
  return {
    config,
    state,
    directory: AgentDirectory.load(config.agents, config.trustDomain),
    logger: createLogger({
      level: options.quiet && flags.logLevel === undefined ? 'silent' : config.logLevel,
      format: config.logFormat,
      destination: options.quiet ? 2 : 1,
    }),
    secrets: new FileSecretSource(state.secrets),
  };
}

/** @param state Another state folder than the configured one. */
export function settings(flags: Flags = {}, state?: string): MeshConfig {
  const { documents, model, search, logLevel, logFormat } = flags;
  return loadConfig({ flags: { documents, model, search, logLevel, logFormat, state } });
}

/** A failure that is none of ours is a bug, or the machine's: its stack goes to the log, the person gets a line. */
export function logUnexpected(logger: Logger, error: unknown): void {
  if (!(error instanceof MeshError)) logger.error({ event: 'error', err: error }, 'it failed');
}
