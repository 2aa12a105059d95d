import { join } from 'node:path';
import type { AgentDirectory, MeshConfig } from '@mesh/agent';
import { X509Source, type SpiffeId } from '@mesh/identity';
import { failureLine } from '../../failure-line.js';
import type { RunningMesh } from '../../state/running-mesh.js';
import type { StateFolder } from '../../state/state-folder.js';
import { ISSUER_SOCKET } from '../../up/embedded-authority.js';
import { embeddedIssuerId } from '../../up/embedded-issuer.js';
import { ok, skipped, wrong, type Finding } from './finding.js';

/** How long a Workload API may take, in milliseconds. */
const WORKLOAD_API_MS = 5_000;

/** Asks each Workload API there is which identity it gives, and holds it against the configured one. */
export async function* checkIdentities(
  config: MeshConfig,
  state: StateFolder,
  directory: AgentDirectory,
  running: RunningMesh | undefined,
): AsyncGenerator<Finding> {
  const { spiffeEndpointSocket } = config;
  if (spiffeEndpointSocket !== undefined) {
    const anyAgent = directory.names().map((name) => directory.spiffeIdOf(name));
    yield checkIdentity('identity', spiffeEndpointSocket, anyAgent);
  } else if (running !== undefined) {
    for (const name of directory.names()) {
      const address = `unix://${join(state.sockets, `${name}.sock`)}`;
      yield checkIdentity(`identity of ${name}`, address, [directory.spiffeIdOf(name)]);
    }
    const issuer = embeddedIssuerId(config);
    if (running.embeddedIssuer && issuer !== undefined) {
      const address = `unix://${join(state.sockets, `${ISSUER_SOCKET}.sock`)}`;
      yield checkIdentity('identity of the issuer', address, [issuer]);
    }
  } else {
    yield skipped('identity', 'no mesh runs and SPIFFE_ENDPOINT_SOCKET is not set');
  }
}

async function checkIdentity(
  what: string,
  address: string,
  expected: readonly SpiffeId[],
): Promise<Finding> {
  const timeout = AbortSignal.timeout(WORKLOAD_API_MS);
  let source: X509Source;
  try {
    source = await X509Source.create({ address, signal: timeout });
  } catch (error) {
    const why = timeout.aborted ? 'it does not answer.' : failureLine(error);
    return wrong(what, `the Workload API at ${address} gives none: ${why}`);
  }
  try {
    const { id, notBefore, notAfter } = source.getX509Svid();
    const now = Date.now();
    if (now < notBefore.getTime() || now > notAfter.getTime()) {
      return wrong(
        what,
        `${id.toString()} is not valid now (${notBefore.toISOString()} to ${notAfter.toISOString()}): compare the clocks`,
      );
    }
    return expected.some((one) => one.equals(id))
      ? ok(what, `${id.toString()} until ${notAfter.toISOString()}`)
      : wrong(
          what,
          `the Workload API gives ${id.toString()}, but agent.yaml and MESH_TRUST_DOMAIN say ${expected.join(' or ')}: mend the registration entry, or set MESH_TRUST_DOMAIN`,
        );
  } catch (error) {
    return wrong(what, failureLine(error));
  } finally {
    source.close();
  }
}
