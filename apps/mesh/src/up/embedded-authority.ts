import { mkdirSync } from 'node:fs';
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
    log: {
      info: ({ workloads, ...fields }: Record<string, unknown>, message: string) =>
        logger.info({ ...fields, count: workloads }, message),
      warn: ({ workloads, ...fields }: Record<string, unknown>, message: string) =>
        logger.warn({ ...fields, count: workloads }, message),
    },
  });
  mkdirSync(state.bundles, { recursive: true, mode: 0o700 });
  const keep = () => {
    const { trustDomain, authorities } = authority.bundle();
    state.write(
      join(state.bundles, `${trustDomain.name}.json`),
      serializeBundleDocument({ trustDomain, x509Authorities: authorities }),
    );
  };
  keep();
  authority.onBundle(keep);
  return authority;
}
