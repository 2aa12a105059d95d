import type { AgentDirectory, MeshConfig } from '@mesh/agent';
import { failureLine } from '../../failure-line.js';
import type { RunningMesh } from '../../state/running-mesh.js';
import { portError, portsOf } from '../../up/ports.js';
import { ok, wrong, type Finding } from './finding.js';

/** The ports that a mesh would listen on. */
export async function* checkListeners(
  config: MeshConfig,
  directory: AgentDirectory,
  running: RunningMesh | undefined,
): AsyncGenerator<Finding> {
  const what = 'ports';
  if (running !== undefined) {
    yield ok(what, `used by the running mesh (./mesh status shows them)`);
    return;
  }
  const ports = portsOf(config, directory).filter(({ port }) => port !== 0);
  let free = true;
  for (const port of ports) {
    const error = await portError(port);
    if (error === undefined) continue;
    free = false;
    yield wrong(what, failureLine(error));
  }
  if (free) yield ok(what, `${ports.map(({ port }) => port).join(', ') || 'any'} are free`);
}
