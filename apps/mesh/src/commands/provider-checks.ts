import type { AgentDirectory, MeshConfig } from '@mesh/agent';
import type { StateFolder } from '../state/state-folder.js';
import type { Finding } from './doctor.js';

export async function* providerChecks(
  _config: MeshConfig,
  _state: StateFolder,
  _directory: AgentDirectory,
): AsyncGenerator<Finding> {}
