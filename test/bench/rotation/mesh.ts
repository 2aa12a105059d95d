// The all-in-one mesh on free ports, for MeshProcess: `mesh.ts STATE_FOLDER TTL_SECONDS`.
import 'reflect-metadata';
import { join } from 'node:path';
import { AgentDirectory, loadConfig } from '@mesh/agent';
import { createLogger } from '@mesh/observability';
import { FileSecretSource } from '@mesh/secrets';
import { StateFolder } from '../../../apps/mesh/src/state/state-folder.js';
import { startAllInOne } from '../../../apps/mesh/src/up/mesh.js';

const [folder, ttl] = process.argv.slice(2) as [string, string];
const config = loadConfig({ cwd: folder, env: { MESH_STATE: folder, MESH_SVID_TTL: ttl } });
const state = new StateFolder(config.state);
state.prepare();
const mesh = await startAllInOne({
  config,
  state,
  directory: AgentDirectory.load(config.agents, config.trustDomain),
  // On the standard output, which is the null device here: logging is part of the load.
  logger: createLogger({ level: 'info', format: 'json' }),
  secrets: new FileSecretSource(join(folder, 'secrets')),
  anyPort: true,
});
process.send!(mesh.agents.map(({ name, url, managementUrl }) => ({ name, url, managementUrl })));

process.on('message', () => {
  // Twice: what the first run's finalizers let go is freed by the second.
  globalThis.gc!();
  globalThis.gc!();
  process.send!(process.memoryUsage.rss());
});
process.on('disconnect', () => {
  void mesh.close().finally(() => process.exit(0));
});
