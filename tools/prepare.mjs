// Sets up and builds what changed. `--print-node` then prints the path of the Node to run it with (for ./mesh).
import { realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { buildChanged } from './build.mjs';
import { innerNode } from './inner-node.mjs';
import { root, SetupError, setUp } from './setup.mjs';

/** Returns the Node that runs the result; ends the process with one line if it cannot be had. */
export async function prepare() {
  try {
    await setUp();
    await buildChanged();
    return innerNode(root);
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    console.error(`mesh: ${error.message}`);
    process.exit(1);
  }
}

if (realpathSync(process.argv[1]) === realpathSync(fileURLToPath(import.meta.url))) {
  const node = await prepare();
  if (process.argv.includes('--print-node')) console.log(node);
}
