import { mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { loopbackTls, type MeshConfig } from '@mesh/agent';
import { LoopbackCa } from '@mesh/authority';
import type { Logger } from '@mesh/observability';
import type { StateFolder } from '../state/state-folder.js';

/** Between two looks whether the certificate is to be renewed, in milliseconds. */
const LOOK_MS = 3_600_000;

/**
 * Makes the certificate of `MESH_TLS=loopback`, and renews it while the mesh runs; the gateway takes the new one by
 * itself. Its CA is kept beside it, so that whoever trusts that once is done.
 * @returns ends the renewing
 */
export function keepLoopbackCertificate(
  config: MeshConfig,
  state: StateFolder,
  logger: Pick<Logger, 'error'>,
): () => void {
  if (config.tls !== 'loopback') return () => undefined;
  renewLoopbackCertificate(state, Date.now());
  const timer = setInterval(() => {
    try {
      renewLoopbackCertificate(state, Date.now());
    } catch (err) {
      // A full disk is no reason to end: the certificate is renewed a month early.
      logger.error({ event: 'tls.refused', err }, 'the certificate could not be renewed');
    }
  }, LOOK_MS).unref();
  return () => clearInterval(timer);
}

/** Makes what is missing, broken or about to end. @param now Milliseconds since the epoch. */
export function renewLoopbackCertificate(state: StateFolder, now: number): void {
  const { authority, certificate, key } = loopbackTls(state.path);
  const folder = dirname(authority);
  const authorityKey = join(folder, 'ca-key.pem');
  mkdirSync(folder, { recursive: true, mode: 0o700 });

  let ca = readCa(authority, authorityKey);
  if (!ca?.isGood(now)) {
    ca = LoopbackCa.create(now);
    const pem = ca.toPem();
    state.write(authorityKey, pem.key);
    state.write(authority, pem.certificate);
  }
  if (isFresh(ca, certificate, key, now)) return;
  const leaf = ca.issue(now);
  state.write(key, leaf.key);
  state.write(certificate, leaf.certificate);
}

function readCa(certificate: string, key: string): LoopbackCa | undefined {
  try {
    return LoopbackCa.parse({
      certificate: readFileSync(certificate, 'utf8'),
      key: readFileSync(key, 'utf8'),
    });
  } catch {
    return undefined; // there is none yet, or a crash left half of one
  }
}

function isFresh(ca: LoopbackCa, certificate: string, key: string, now: number): boolean {
  try {
    return ca.isFresh(
      { certificate: readFileSync(certificate, 'utf8'), key: readFileSync(key, 'utf8') },
      now,
    );
  } catch {
    return false; // as above
  }
}
