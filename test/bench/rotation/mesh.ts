// The all-in-one mesh on free ports, for MeshProcess: `mesh.ts STATE_FOLDER TTL_SECONDS`.
import 'reflect-metadata';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { AgentDirectory, loadConfig } from '@mesh/agent';
import { createLogger } from '@mesh/observability';
import { FileSecretSource } from '@mesh/secrets';
import { StateFolder } from '../../../apps/mesh/src/state/state-folder.js';
import { startAllInOne } from '../../../apps/mesh/src/up/mesh.js';
import { UNLIMITED } from '../../kit/unlimited.js';
import type { Memory, MemoryQuestion, MeshReady } from './mesh-process.js';

const LOOKS = 5;
/** Between two looks at the memory, in milliseconds. */
const LOOK_MS = 200;

const [folder, ttl] = process.argv.slice(2) as [string, string];
const config = loadConfig({
  cwd: folder,
  env: { MESH_STATE: folder, MESH_SVID_TTL: ttl, ...UNLIMITED },
});
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
const ready: MeshReady = {
  agents: mesh.agents.map(({ name, url, managementUrl }) => ({ name, url, managementUrl })),
  issuerUrl: mesh.issuerUrl,
  passwordsFile: state.passwordsFile,
};
process.send!(ready);

/** What the process holds: V8 gives pages back some time after a collection, so the smallest of a few looks counts. */
async function memory(): Promise<Memory> {
  const looks: Memory[] = [];
  for (let look = 0; look < LOOKS; look++) {
    globalThis.gc!();
    const { rss, heapUsed } = process.memoryUsage();
    looks.push({ residentBytes: rss, heapBytes: heapUsed });
    await delay(LOOK_MS);
  }
  return {
    residentBytes: Math.min(...looks.map(({ residentBytes }) => residentBytes)),
    heapBytes: Math.min(...looks.map(({ heapBytes }) => heapBytes)),
  };
}

process.on('message', (question: MemoryQuestion) => {
  if (question === 'peak') process.send!(process.resourceUsage().maxRSS * 1024);
  else void memory().then((result) => process.send!(result));
});
process.on('disconnect', () => {
  void mesh.close().finally(() => process.exit(0));
});
