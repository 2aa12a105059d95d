// Runs on any Node >= 18: node: imports only.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { innerNode } from './inner-node.mjs';
import { withLock } from './lock.mjs';
import { root, SetupError } from './setup.mjs';

/** The compiled main of an app, out of the all-in-one build, which holds every agent. */
export const builtMain = (app) => join(root, 'dist/apps/mesh/apps', app, 'src/main.js');

/**
 * Compiles the all-in-one app if a source or the configuration changed since the last time. One build
 * serves `./mesh`, `npm run agent` and the tests: building each app apart compiles each library again.
 */
export async function buildChanged() {
  if (isBuilt(sources())) return;
  await withLock(
    join(root, '.setup.lock'),
    () => console.error('Another start is building; waiting for it…'),
    () => {
      const digest = sources();
      if (isBuilt(digest)) return;
      console.error('Building…');
      rmSync(stamp(), { force: true });
      const nest = join(root, 'node_modules/@nestjs/cli/bin/nest.js');
      const result = spawnSync(innerNode(root), [nest, 'build', 'mesh'], {
        cwd: root,
        stdio: ['ignore', 2, 2],
      });
      if (result.status !== 0) throw new SetupError('The build failed: see above.');
      writeFileSync(stamp(), digest);
    },
  );
}

/** Inside the folder that a build by hand empties: what is left of a build that was broken off is not taken for one. */
const stamp = () => join(root, 'dist/apps/mesh/.build');

function isBuilt(digest) {
  return (
    existsSync(stamp()) && readFileSync(stamp(), 'utf8') === digest && existsSync(builtMain('mesh'))
  );
}

/** Digest of everything the compiler reads: by content, so that a checkout of the same state builds nothing. */
function sources() {
  const hash = createHash('sha256');
  const files = ['nest-cli.json', 'package-lock.json', 'tsconfig.json'].map((name) =>
    join(root, name),
  );
  for (const kind of ['apps', 'libs']) {
    for (const project of readdirSync(join(root, kind), { withFileTypes: true })) {
      // The web app is built by a tool of its own.
      if (!project.isDirectory() || project.name === 'web') continue;
      const folder = join(root, kind, project.name);
      files.push(...['tsconfig.app.json', 'tsconfig.lib.json'].map((name) => join(folder, name)));
      files.push(...compiledIn(join(folder, 'src')));
    }
  }
  for (const file of files.sort()) {
    if (existsSync(file)) hash.update(`${relative(root, file)}\0`).update(readFileSync(file));
  }
  return hash.digest('hex');
}

function compiledIn(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return compiledIn(path);
    return entry.name.endsWith('.ts') && !entry.name.endsWith('.spec.ts') ? [path] : [];
  });
}
