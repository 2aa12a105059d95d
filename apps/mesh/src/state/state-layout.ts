import { existsSync, lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/**
 * What a mesh makes in its state folder, by subfolder ('' is the folder itself): files, also those that a crash left
 * half written. Whatever is not listed here is somebody else's.
 */
const FILES: Readonly<Record<string, RegExp>> = {
  '': /^((running\.json|infra\.json|lock)(\.dead)?(\.\d+)?|issuer-passwords\.json(\.[0-9a-f]{16})?)$/,
  /** Sockets of the Workload API, one an agent. */
  run: /\.sock$/,
  /** Keys of providers, one a file. */
  secrets: /^\.?[a-z][a-z0-9-]{0,63}(\.[0-9a-f]{16})?$/,
  /** The search index. */
  index: /^[a-z0-9-]+\.json(\.[0-9a-f]+\.tmp)?$/,
  /** Public bundles, one a trust domain. */
  bundles: /^[a-z0-9._-]+\.json(\.\d+)?$/,
  /** The certificate for this machine, and its CA. */
  tls: /^(ca|ca-key|loopback|loopback-key)\.pem(\.\d+)?$/,
  /** What answers are verified against. */
  trust: /^(mesh-(trust|archive)\.json(\.aside)?|lock(\.dead)?)(\.\d+)?$/,
};

/** Paths in the folder, relative to it, that no mesh made. */
export function foreignIn(folder: string): string[] {
  return Object.entries(FILES).flatMap(([name, files]) => {
    const path = join(folder, name);
    if (!existsSync(path) || !lstatSync(path).isDirectory()) return [];
    return readdirSync(path, { withFileTypes: true })
      .filter((entry) =>
        entry.isDirectory() ? name !== '' || !(entry.name in FILES) : !files.test(entry.name),
      )
      .map((entry) => join(name, entry.name));
  });
}
