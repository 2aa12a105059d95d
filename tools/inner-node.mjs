// Runs on any Node >= 18, before node_modules exists: node: imports only.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { delimiter, dirname, join, relative, sep } from 'node:path';

/** Where every tool, npm script and `nest start` finds the Node of the project. */
export const innerNode = (root) => join(root, 'node_modules', '.bin', 'node');

/** PATH without this project's node_modules/.bin: what the machine itself has. */
export function outerPath(root, path = process.env.PATH ?? '') {
  const bin = join(root, 'node_modules', '.bin');
  return path
    .split(delimiter)
    .filter((folder) => folder !== '' && folder !== bin)
    .join(delimiter);
}

/** Absolute path of a program on `path`, or undefined. */
export function findOnPath(name, path) {
  return path
    .split(delimiter)
    .map((folder) => join(folder, name))
    .find((file) => existsSync(file));
}

/** True if `a` is at least `b`; both like `26.10.0`. */
export function atLeast(a, b) {
  const [left, right] = [a, b].map((version) => version.split('.').map(Number));
  for (let i = 0; i < right.length; i++) {
    const difference = (left[i] ?? 0) - right[i];
    if (difference !== 0) return difference > 0;
  }
  return true;
}

/**
 * Makes sure that node_modules/.bin/node runs and is new enough. The lockfile brings one for Linux on
 * x64 and arm64 (glibc); elsewhere it becomes a link to the Node that the machine has, if that one fits.
 * Returns undefined, or the sentence that says what is missing.
 */
export function provideInnerNode(root) {
  const inner = innerNode(root);
  const wanted = readFileSync(join(root, '.nvmrc'), 'utf8').trim();
  if (existsSync(inner) && atLeast(versionOf(inner) ?? '0', wanted)) return undefined;
  // npm 10 takes the link away again with the package of the other processor, whose program has the same name.
  const packaged = join(
    root,
    'node_modules',
    `node-${process.platform}-${process.arch}`,
    'bin',
    'node',
  );
  const fitting = [packaged, ...outerNodes(root)].find((node) =>
    atLeast((existsSync(node) ? versionOf(node) : undefined) ?? '0', wanted),
  );
  if (fitting === undefined) {
    return (
      `Node.js ${wanted} or newer is needed, and the package that brings it does not run on ` +
      `${process.platform}-${process.arch}: install it (nvm install ${wanted}, or https://nodejs.org) and start again.`
    );
  }
  rmSync(inner, { force: true });
  mkdirSync(join(root, 'node_modules', '.bin'), { recursive: true });
  symlinkSync(fitting === packaged ? relative(dirname(inner), packaged) : fitting, inner);
  return undefined;
}

/** The Node that runs `npm ci`: never the one inside node_modules, which `npm ci` deletes first. */
export function outerNodes(root) {
  const inside = realpathSync(root) + sep + 'node_modules' + sep;
  return [process.execPath, process.env.npm_node_execpath, findOnPath('node', outerPath(root))]
    .filter((node) => node !== undefined && existsSync(node))
    .map((node) => realpathSync(node))
    .filter((node) => !node.startsWith(inside));
}

function versionOf(node) {
  const result = spawnSync(node, ['--version'], { encoding: 'utf8' });
  return result.status === 0 ? result.stdout.trim().replace(/^v/, '') : undefined;
}
