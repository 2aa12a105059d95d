// npm run agent -- NAME: runs one agent from source, beside `./mesh infra` or real infrastructure.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { become } from './become.mjs';
import { builtMain } from './build.mjs';
import { prepare } from './prepare.mjs';
import { root } from './setup.mjs';

const [name, ...args] = process.argv.slice(2);
const agents = readdirSync(join(root, 'apps')).filter((app) =>
  existsSync(join(root, 'apps', app, 'agent.yaml')),
);
if (!agents.includes(name)) {
  console.error(`mesh: name one of the agents: npm run agent -- ${agents.join(' | ')}`);
  process.exit(1);
}
const joined = process.env.SPIFFE_ENDPOINT_SOCKET ? {} : joinInfra();
// What the person set for this agent stands.
become(await prepare(), [builtMain(name), ...args], { ...joined, ...set(process.env) });

/** Without the variables that are there and empty: they count as not set. */
function set(env) {
  return Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));
}

/** What `./mesh infra` left for this agent. Said aloud, since nothing falls back to a stand-in by itself. */
function joinInfra() {
  const file = join(resolve(process.env.MESH_STATE || join(root, '.mesh')), 'infra.json');
  let infra;
  try {
    infra = JSON.parse(readFileSync(file, 'utf8'));
    process.kill(infra.pid, 0);
  } catch {
    console.error(
      'mesh: SPIFFE_ENDPOINT_SOCKET is not set and no `./mesh infra` is running: start it in another ' +
        'terminal, or set SPIFFE_ENDPOINT_SOCKET to the Workload API of this agent.',
    );
    process.exit(1);
  }
  const joining = infra.agents?.[name];
  if (joining === undefined) {
    console.error(
      `mesh: the running \`./mesh infra\` runs ${name} itself, or has no identity for it: then restart it.`,
    );
    process.exit(1);
  }
  for (const [variable, value] of Object.entries(joining)) {
    console.error(`mesh: ${variable}=${value} (from the running \`./mesh infra\`)`);
  }
  return joining;
}
