import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { StateFolder } from '../state/state-folder.js';
import { lockState } from '../state/state-lock.js';
import { settings } from './prepare.js';

/** Removes the state folder (keys, passwords, index, public bundles), after asking; nothing that no mesh made. */
export async function reset(flags: { readonly yes?: true }): Promise<void> {
  const state = new StateFolder(settings().state);
  if (!state.exists()) {
    process.stderr.write(`There is nothing to remove: ${state.path} does not exist.\n`);
    return;
  }
  state.checkNothingForeign();
  const unlock = lockState(state.path, 'reset');
  process.once('exit', unlock);
  if (flags.yes || (await agreed(state.path))) {
    state.remove(unlock);
    process.stderr.write(`Removed ${state.path}.\n`);
  } else {
    process.stderr.write('Nothing was removed.\n');
    process.exitCode = 1;
  }
}

/** Only a `y` agrees; the end of the input does not. */
async function agreed(path: string): Promise<boolean> {
  process.stderr.write(`Remove ${path} with its keys, passwords, search index and bundles? [y/N] `);
  const lines = createInterface({ input: process.stdin });
  const answer = await Promise.race([
    once(lines, 'line').then(([line]) => String(line)),
    once(lines, 'close').then(() => ''),
  ]);
  lines.close();
  return /^y(es)?$/i.test(answer.trim());
}
