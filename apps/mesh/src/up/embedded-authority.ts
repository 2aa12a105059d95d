import { join } from 'node:path';
import { EmbeddedAuthority } from '@mesh/authority';
import { serializeBundleDocument, type SpiffeId } from '@mesh/identity';
import { keepTrust } from '../state/trust-records.js';
import { federatedBundles } from './federation.js';
import type { StandInOptions } from './stand-ins.js';

/**
 * Starts the embedded SPIFFE authority for every agent and the embedded issuer, and keeps its public bundle and what
 * answers are verified against in the state folder.
 */
export async function startAuthority(
  { config, directory, state, logger }: StandInOptions,
  issuer: SpiffeId | undefined,
): Promise<EmbeddedAuthority> {
  const root = directory.spiffeIdOf('gateway');
  const edges = directory.workloadEdges();
  const authority = await EmbeddedAuthority.start({
    trustDomain: config.trustDomain,
    directory: state.sockets,
    workloads: [
      ...directory.names().map((name) => ({ name, id: directory.spiffeIdOf(name) })),
      ...(issuer === undefined ? [] : [{ name: ISSUER_SOCKET, id: issuer }]),
    ],
    federation: federatedBundles(config),
    svidTtlSeconds: config.svidTtlSeconds,
    log: logger,
  });
  const keep = () => {
    const { trustDomain, authorities } = authority.bundle();
    const bundle = { trustDomain, x509Authorities: authorities };
    const file = join(state.bundles, `${trustDomain.name}.json`);
    state.write(file, serializeBundleDocument(bundle));
    keepTrust(state, { bundle, root, edges }, new Date(), logger);
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

/** Name of the embedded issuer's own socket of the Workload API. */
export const ISSUER_SOCKET = 'issuer';
