import { createInterface } from 'node:readline/promises';
import { StateFolder } from '../state/state-folder.js';
import { StateError } from '../state/state.error.js';
import { settings } from './prepare.js';

/** Removes the state folder (secrets, index, public bundles), after asking. */
export async function reset(flags: { readonly yes?: true }): Promise<void> {
  const state = new StateFolder(settings().state);
  if (!state.exists()) {
    process.stderr.write(`There is nothing to remove: ${state.path} does not exist.\n`);
    return;
  }
  const holder = state.holder();
  if (holder) {
    throw new StateError(
      'ERR_STATE_LOCKED',
      `A mesh runs on this state folder (process ${holder.pid}). Stop it first.`,
    );
  }
  state.checkOurs();
  if (!flags.yes && !(await agreed(state.path))) {
    process.stderr.write('Nothing was removed.\n');
    process.exitCode = 1;
    return;
  }
  state.remove();
  process.stderr.write(`Removed ${state.path}.\n`);
}

async function agreed(path: string): Promise<boolean> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await terminal.question(
      `Remove ${path} with its secrets, index and bundles? [y/N] `,
    );
    return /^y(es)?$/i.test(answer.trim());
  } finally {
    terminal.close();
  }
}
