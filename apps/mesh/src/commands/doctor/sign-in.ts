import { existsSync } from 'node:fs';
import type { MeshConfig } from '@mesh/agent';
import { SamplePasswords } from '@mesh/issuer';
import { failureLine } from '../../failure-line.js';
import type { RunningMesh } from '../../state/running-mesh.js';
import type { StateFolder } from '../../state/state-folder.js';
import { issuerFault } from '../../up/issuer-fault.js';
import { ok, skipped, wrong, type Finding } from './finding.js';

/** Where people sign in, and the passwords of the sample accounts there. */
export async function* checkSignIn(
  config: MeshConfig,
  state: StateFolder,
  running: RunningMesh | undefined,
): AsyncGenerator<Finding> {
  yield checkIssuer(config, running);
  if (config.issuerUrl === undefined) yield checkPasswords(state);
}

async function checkIssuer(config: MeshConfig, running: RunningMesh | undefined): Promise<Finding> {
  const what = 'issuer';
  try {
    config.issuer();
  } catch (error) {
    return wrong(what, failureLine(error));
  }
  const url = running?.issuerUrl ?? config.issuerUrl;
  if (url === undefined) return skipped(what, 'the embedded one runs with a mesh, and none runs');
  const fault = await issuerFault(url);
  return fault === undefined
    ? ok(what, url)
    : wrong(what, `${url}: ${fault}; start it, or set MESH_ISSUER_URL`);
}

async function checkPasswords({ passwordsFile }: StateFolder): Promise<Finding> {
  const what = 'sample accounts';
  // Looking must not make them.
  if (!existsSync(passwordsFile)) {
    return skipped(what, 'their passwords are made at the first start');
  }
  try {
    await SamplePasswords.open(passwordsFile);
    return ok(what, `their passwords are in ${passwordsFile}`);
  } catch (error) {
    return wrong(what, failureLine(error));
  }
}
