import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

const VERSION = '26.7.3';
const NAME = `keycloak-${VERSION}`;
const ARTIFACT = `org.keycloak:keycloak-quarkus-dist:${VERSION}:zip`;
/** Its oldest Java. */
const JAVA = 17;

/** Keycloak cannot be had on this machine. */
export class NoKeycloak extends Error {}

/**
 * Folder of a Keycloak that is unpacked and built for its database in memory; got by Maven the first time, into the
 * user's cache.
 * @throws NoKeycloak
 */
export async function installedKeycloak(say: (line: string) => void): Promise<string> {
  await assertJava();
  const cache = join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'mesh');
  const home = join(cache, NAME);
  if (existsSync(home)) return home;
  say(`Getting ${ARTIFACT} by Maven: 177 MB, 20 s to minutes…`);
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(join(cache, 'unpacking-'));
  try {
    const goal = ['dependency:unpack', `-Dartifact=${ARTIFACT}`, `-DoutputDirectory=${folder}`];
    await run('mvn', ['-B', '-q', ...goal]).catch((cause: unknown) => {
      throw new NoKeycloak('Maven cannot get it', { cause });
    });
    say('Building it, 20 s…');
    await run('sh', [join(folder, NAME, 'bin/kc.sh'), 'build', '--db=dev-mem']);
    renameSync(join(folder, NAME), home);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return home;
}

async function assertJava(): Promise<void> {
  const { stderr } = await run('java', ['-version']).catch((cause: unknown) => {
    throw new NoKeycloak('there is no Java', { cause });
  });
  const major = Number(/version "(\d+)/.exec(stderr)?.[1]);
  if (!(major >= JAVA)) throw new NoKeycloak(`Java is older than ${JAVA}`);
}
