// Runs on any Node >= 18, before node_modules exists: node: imports only.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  atLeast,
  findOnPath,
  innerNode,
  outerNodes,
  outerPath,
  provideInnerNode,
} from './inner-node.mjs';
import { withLock } from './lock.mjs';

export const root = join(dirname(fileURLToPath(import.meta.url)), '..');

/** A plain line for the person who started it; anything else is a defect and keeps its stack. */
export class SetupError extends Error {}

/** Installs what the lockfile names, unless it is there. Progress goes to stderr, nothing to stdout. */
export async function setUp() {
  if (isSetUp()) return;
  if (process.platform === 'win32') {
    throw new SetupError('Windows itself is not supported (Unix sockets): use WSL 2.');
  }
  if (!atLeast(process.versions.node, '18')) {
    throw new SetupError(`Node.js 18 or newer is needed, this is ${process.versions.node}.`);
  }
  await withLock(
    join(root, '.setup.lock'),
    () => console.error('Another start is installing packages; waiting for it…'),
    () => {
      if (isSetUp()) return;
      if (!isInstalled()) install();
      const missing = provideInnerNode(root);
      if (missing !== undefined) throw new SetupError(missing);
      writeFileSync(stamp(), wanted());
    },
  );
}

const stamp = () => join(root, 'node_modules', '.mesh-setup');

function wanted() {
  return createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .update(`${process.platform} ${process.arch}`)
    .digest('hex');
}

function isSetUp() {
  return (
    existsSync(stamp()) && readFileSync(stamp(), 'utf8') === wanted() && existsSync(innerNode(root)) // a link to a Node that was removed since does not exist
  );
}

/** True if a plain `npm ci` or `npm install` has already brought what the lockfile names. */
function isInstalled() {
  const hidden = join(root, 'node_modules', '.package-lock.json');
  if (!existsSync(hidden)) return false;
  const packagesOf = (file) => JSON.parse(readFileSync(file, 'utf8')).packages;
  const there = packagesOf(hidden);
  return Object.entries(packagesOf(join(root, 'package-lock.json')))
    .filter(([path, { optional }]) => path !== '' && !(optional && !(path in there)))
    .every(
      ([path, { version }]) =>
        there[path]?.version === version && existsSync(join(root, path, 'package.json')),
    );
}

function install() {
  console.error('Installing packages (first start, or the lockfile changed)…');
  const [command, ...before] = npm();
  const result = spawnSync(
    command,
    [...before, 'ci', '--no-audit', '--no-fund', '--loglevel=error'],
    { cwd: root, stdio: ['ignore', 2, 2], env: { ...process.env, PATH: outerPath(root) } },
  );
  if (result.status !== 0) throw new SetupError('npm ci failed: see above.');
}

/** The npm that started this, else the one on PATH. */
function npm() {
  const script = process.env.npm_execpath;
  const [node] = outerNodes(root);
  const command =
    script !== undefined && basename(script) === 'npm-cli.js' && node !== undefined
      ? [node, script]
      : [findOnPath('npm', outerPath(root))];
  if (command[0] === undefined) {
    throw new SetupError(
      'npm 10 or newer is needed and not on PATH: https://nodejs.org brings it.',
    );
  }
  const [program, ...before] = command;
  const { stdout } = spawnSync(program, [...before, '--version'], {
    encoding: 'utf8',
    env: { ...process.env, PATH: outerPath(root) },
  });
  const version = stdout?.trim() ?? '';
  if (!/^\d/.test(version) || !atLeast(version, '10')) {
    throw new SetupError(
      `npm 10 or newer is needed, this is ${version || 'one that does not run'}.`,
    );
  }
  return command;
}
