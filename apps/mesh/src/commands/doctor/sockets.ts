import { lstatSync } from 'node:fs';
import { join } from 'node:path';
import type { AgentDirectory, MeshConfig } from '@mesh/agent';
import { MAX_SOCKET_PATH_BYTES, parseEndpointAddress } from '@mesh/identity';
import type { StateFolder } from '../../state/state-folder.js';
import { ok, wrong, type Finding } from './finding.js';

/** Where the sockets are, and whether the kernel takes their paths. */
export function* checkSockets(
  config: MeshConfig,
  state: StateFolder,
  directory: AgentDirectory,
): Generator<Finding> {
  const longest = directory
    .names()
    .map((name) => Buffer.byteLength(join(state.sockets, `${name}.sock`)))
    .reduce((a, b) => Math.max(a, b));
  yield longest <= MAX_SOCKET_PATH_BYTES
    ? ok('socket paths', `${longest} of at most ${MAX_SOCKET_PATH_BYTES} bytes`)
    : wrong(
        'socket paths',
        `${longest} bytes, and the kernel takes ${MAX_SOCKET_PATH_BYTES}: set MESH_STATE to a shorter path`,
      );
  if (config.spiffeEndpointSocket !== undefined) yield given(config.spiffeEndpointSocket);
}

/** The socket that a person named. That something answers there is looked at by asking it for an identity. */
function given(address: string): Finding {
  const what = 'SPIFFE_ENDPOINT_SOCKET';
  const endpoint = parseEndpointAddress(address);
  if (endpoint.scheme === 'tcp') return ok(what, address);
  const stat = lstatSync(endpoint.path, { throwIfNoEntry: false });
  if (stat === undefined)
    return wrong(what, `${endpoint.path} does not exist: start ./mesh infra or the SPIRE agent`);
  return stat.isSocket() || stat.isSymbolicLink()
    ? ok(what, address)
    : wrong(what, `${endpoint.path} is no socket: name the one of the Workload API`);
}
