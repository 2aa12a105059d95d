// Runs on any Node >= 18: node: imports only.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { innerNode } from './inner-node.mjs';
import { withLock } from './lock.mjs';
import { root, SetupError } from './setup.mjs';

/** The compiled main of an app, out of the all-in-one build, which holds every agent. */
export const builtMain = (app) => join(root, 'dist/apps/mesh/apps', app, 'src/main.js');

/**
 * Compiles the all-in-one app and the web interface, each if a source or the configuration changed since the last
 * time. One build serves `./mesh`, `npm run agent` and the tests: building each app apart compiles each library again.
 */
export async function buildChanged() {
  if (builds.every(isBuilt)) return;
  await withLock(
    join(root, '.setup.lock'),
    () => console.error('Another start is building; waiting for it…'),
    () => {
      const changed = builds.filter((build) => !isBuilt(build));
      if (changed.length > 0) console.error('Building…');
      for (const build of changed) {
        const digest = digestOf(build);
        rmSync(build.stamp, { force: true });
        const [tool, ...args] = build.command;
        const result = spawnSync(innerNode(root), [join(root, 'node_modules', tool), ...args], {
          cwd: root,
          stdio: ['ignore', 2, 2],
        });
        if (result.status !== 0) throw new SetupError('The build failed: see above.');
        writeFileSync(build.stamp, digest);
      }
    },
  );
}

/** Each stamp is inside the folder that a build by hand empties: what is left of a build that was broken off is not taken for one. */
const builds = [
  {
    command: ['@nestjs/cli/bin/nest.js', 'build', 'mesh'],
    stamp: join(root, 'dist/apps/mesh/.build'),
    result: builtMain('mesh'),
    configuration: ['nest-cli.json', 'package-lock.json', 'tsconfig.json'],
    // The web interface is no agent: it has a build of its own.
    projects: () => [
      ...projectsIn('apps').filter((project) => project !== 'apps/web'),
      ...projectsIn('libs'),
    ],
  },
  {
    command: ['vite/bin/vite.js', 'build', 'apps/web', '--logLevel', 'warn'],
    stamp: join(root, 'apps/web/dist/.build'),
    result: join(root, 'apps/web/dist/index.html'),
    configuration: ['index.html', 'vite.config.js', 'budget.js']
      .map((name) => `apps/web/${name}`)
      .concat('package-lock.json', 'tsconfig.json'),
    projects: () => ['apps/web', 'libs/errors', 'libs/provenance', 'libs/spiffe'],
  },
];

function isBuilt(build) {
  return (
    existsSync(build.stamp) &&
    readFileSync(build.stamp, 'utf8') === digestOf(build) &&
    existsSync(build.result)
  );
}

/** Digest of everything the compiler reads: by content, so that a checkout of the same state builds nothing. */
function digestOf({ configuration, projects }) {
  const hash = createHash('sha256');
  const files = projects().flatMap((project) => [
    ...['tsconfig.app.json', 'tsconfig.lib.json', 'tsconfig.json'].map(
      (name) => `${project}/${name}`,
    ),
    ...compiledIn(`${project}/src`),
  ]);
  for (const file of [...configuration, ...files].sort()) {
    const path = join(root, file);
    if (existsSync(path)) hash.update(`${file}\0`).update(readFileSync(path));
  }
  return hash.digest('hex');
}

function projectsIn(kind) {
  return readdirSync(join(root, kind), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => `${kind}/${name}`);
}

function compiledIn(folder) {
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) return compiledIn(path);
    return /\.(tsx?|css|svg)$/.test(entry.name) && !entry.name.endsWith('.spec.ts') ? [path] : [];
  });
}
