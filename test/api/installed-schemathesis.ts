import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

const VERSION = '4.32.5';

/** Schemathesis cannot be had on this machine. */
export class NoSchemathesis extends Error {}

/**
 * Path of the program, got from PyPI the first time, into a virtual environment in the user's cache.
 * @throws NoSchemathesis
 */
export async function installedSchemathesis(say: (line: string) => void): Promise<string> {
  const cache = join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'mesh');
  const home = join(cache, `schemathesis-${VERSION}`);
  const done = join(home, 'installed');
  if (!existsSync(done)) {
    say(`Getting schemathesis ${VERSION} from PyPI: 15 s to a minute…`);
    mkdirSync(cache, { recursive: true });
    rmSync(home, { recursive: true, force: true });
    // Its programs name the folder that they were made in: it cannot be moved to its place afterwards.
    await step('there is no Python 3 with venv', 'python3', ['-m', 'venv', home]);
    const install = ['install', '--quiet', '--disable-pip-version-check'];
    await step('pip cannot get it', join(home, 'bin/pip'), [
      ...install,
      `schemathesis==${VERSION}`,
    ]);
    mkdirSync(done);
  }
  return join(home, 'bin/st');
}

async function step(failure: string, program: string, args: readonly string[]): Promise<void> {
  await run(program, args).catch((cause: unknown) => {
    throw new NoSchemathesis(failure, { cause });
  });
}
