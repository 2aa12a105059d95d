import { ConfigError } from '../config/config.error.js';
import type { MeshConfig } from '../config/config.js';
import type { TlsFiles } from '../tls/tls-files.js';
import { isLoopback } from './listen.js';

/**
 * Where a listener for people has its certificate from; undefined where it serves plain HTTP, which nobody on the way
 * may read or change: on loopback alone.
 * @throws ConfigError
 */
export function peopleTls(config: MeshConfig, name: string): TlsFiles | undefined {
  const { bind, tls, publicUrl } = config;
  const files = config.tlsFiles();
  if (files === undefined) {
    if (isLoopback(bind)) return undefined;
    throw new ConfigError(
      'bind',
      `${name} serves people over plain HTTP, so it listens on loopback alone: 127.0.0.1, not ${bind}. For other machines set MESH_TLS=files with MESH_TLS_CERTIFICATE and MESH_TLS_KEY.`,
    );
  }
  if (publicUrl !== undefined && !publicUrl.startsWith('https:')) {
    throw new ConfigError(
      'publicUrl',
      `MESH_PUBLIC_URL must begin with https where MESH_TLS is ${tls}: ${name} serves no plain HTTP then.`,
    );
  }
  const host = publicHostOf(publicUrl);
  if (tls === 'loopback' && !(isLoopback(bind) && (host === undefined || isOwnName(host)))) {
    throw new ConfigError(
      'tls',
      'The certificate of MESH_TLS=loopback is for this machine alone: MESH_BIND must be on loopback and MESH_PUBLIC_URL at localhost, or set MESH_TLS=files.',
    );
  }
  return files;
}

/** People reach the gateway by TLS: its own, or that of a proxy on this machine. */
export function isSecure({ tls, publicUrl }: MeshConfig): boolean {
  return tls !== 'off' || publicUrl?.startsWith('https:') === true;
}

/** The name that people open; undefined where it was not said. */
export function publicHostOf(publicUrl: string | undefined): string | undefined {
  return publicUrl === undefined ? undefined : new URL(publicUrl).hostname;
}

/** One that the certificate for this machine holds. */
function isOwnName(host: string): boolean {
  return ['localhost', 'mesh.localhost', '127.0.0.1', '[::1]'].includes(host);
}
