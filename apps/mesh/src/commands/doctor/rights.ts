import { accessSync, constants, existsSync, lstatSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { StateFolder } from '../../state/state-folder.js';
import { ok, wrong, type Finding } from './finding.js';

/** The state folder and all in it are this user's alone, and can be written. */
export function checkRights(state: StateFolder): Finding {
  const what = 'state folder';
  if (!state.exists()) {
    const parent = existing(state.path);
    return isWritable(parent)
      ? ok(what, `${state.path} is made at the first start`)
      : wrong(what, `${state.path} cannot be made: ${parent} may not be written; set MESH_STATE`);
  }
  if (!lstatSync(state.path).isDirectory())
    return wrong(what, `${state.path} is no folder: set MESH_STATE to a folder`);
  const isForeign = (path: string) => lstatSync(path).uid !== process.getuid?.();
  // Another user's folder cannot be looked into.
  const paths = isForeign(state.path) ? [state.path] : [state.path, ...below(state.path)];
  const foreign = paths.filter(isForeign);
  if (foreign.length > 0)
    return wrong(
      what,
      `${some(foreign)} belongs to another user: sudo chown -R "$USER" ${state.path}, or set MESH_STATE`,
    );
  const open = paths.filter((path) => (lstatSync(path).mode & 0o077) !== 0);
  if (open.length > 0)
    return wrong(what, `others may reach ${some(open)}: chmod -R go= ${state.path}`);
  return isWritable(state.path)
    ? ok(what, `${state.path}, for this user alone`)
    : wrong(what, `${state.path} may not be written: chmod u+rwx ${state.path}`);
}

function below(folder: string): string[] {
  return readdirSync(folder, { recursive: true })
    .map((name) => join(folder, String(name)))
    .filter((path) => existsSync(path));
}

function existing(path: string): string {
  return existsSync(path) ? path : existing(dirname(path));
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK | constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function some(paths: readonly string[]): string {
  const first = paths.slice(0, 3).join(', ');
  return paths.length > 3 ? `${first} and ${paths.length - 3} more` : first;
}
