import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigError, type MeshConfig } from '@mesh/agent';
import { MeshError } from '@mesh/errors';
import { parseBundleDocument, TrustDomain, X509Bundle } from '@mesh/identity';

const VARIABLE = 'MESH_FEDERATION';
const SUFFIX = '.json';

/**
 * The bundles of foreign trust domains, from the SPIFFE bundle documents `<trust domain>.json` in the configured folder.
 * @throws ConfigError that names the file
 */
export function federatedBundles({ federation, trustDomain }: MeshConfig): X509Bundle[] {
  if (federation === undefined) return [];
  // What begins with a dot is a mounted ConfigMap's own.
  return namesIn(federation)
    .filter((name) => !name.startsWith('.'))
    .map((name) => bundleIn(join(federation, name), name, trustDomain));
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw refused(`the folder ${folder} cannot be read (${String(code)})`, cause);
  }
}

function bundleIn(file: string, name: string, own: TrustDomain): X509Bundle {
  const what = `${file} is no SPIFFE bundle document of a foreign trust domain`;
  if (!name.endsWith(SUFFIX)) throw refused(`${what}: its name is not <trust domain>${SUFFIX}`);
  let bundle: X509Bundle;
  try {
    const trustDomain = TrustDomain.ofName(name.slice(0, -SUFFIX.length));
    // Opening a pipe would wait for its other end.
    if (!statSync(file).isFile()) throw refused(`${what}: it is not a file`);
    const { x509Authorities } = parseBundleDocument(readFileSync(file, 'utf8'), trustDomain);
    bundle = X509Bundle.of(trustDomain, x509Authorities);
  } catch (cause) {
    if (cause instanceof ConfigError) throw cause;
    const { code, message } = cause as NodeJS.ErrnoException;
    const why = cause instanceof MeshError ? message.replace(/\.$/, '') : `${String(code)}`;
    throw refused(`${what}: ${why}`, cause);
  }
  if (bundle.trustDomain.equals(own)) throw refused(`${what}: it is the own one's`);
  if (bundle.authorities.length === 0) throw refused(`${what}: it has no X.509 authority`);
  return bundle;
}

function refused(what: string, cause?: unknown): ConfigError {
  return new ConfigError(VARIABLE, `${VARIABLE}: ${what}.`, { cause });
}
