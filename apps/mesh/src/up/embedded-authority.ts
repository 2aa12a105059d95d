import { join } from 'node:path';
import type { AgentDirectory, MeshConfig } from '@mesh/agent';
import { EmbeddedAuthority } from '@mesh/authority';
import { serializeBundleDocument } from '@mesh/identity';
import type { Logger } from '@mesh/observability';
import type { StateFolder } from '../state/state-folder.js';

/** Starts the embedded SPIFFE authority for every agent, and keeps its public bundle in the state folder. */
export async function startAuthority(
  config: MeshConfig,
  directory: AgentDirectory,
  state: StateFolder,
  logger: Logger,
): Promise<EmbeddedAuthority> {
  const authority = await EmbeddedAuthority.start({
    trustDomain: config.trustDomain,
    directory: state.sockets,
    workloads: directory.names().map((name) => ({ name, id: directory.spiffeIdOf(name) })),
    svidTtlSeconds: config.svidTtlSeconds,
    log: logger,
  });
  const keep = () => {
    const { trustDomain, authorities } = authority.bundle();
    state.write(
      join(state.bundles, `${trustDomain.name}.json`),
      serializeBundleDocument({ trustDomain, x509Authorities: authorities }),
    );
  };
  try {
    keep();
  } catch (error) {
    authority.close();
    throw error;
  }
  authority.onBundle(keep);
  return authority;
}
