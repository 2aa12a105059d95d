import { AgentDirectory, type MeshConfig } from '@mesh/agent';
import { MeshError } from '@mesh/errors';
import { StateFolder } from '../../state/state-folder.js';
import { failureLine } from '../../failure-line.js';
import { federatedBundles } from '../../up/federation.js';
import { checkDocuments } from '../check-documents.js';
import { settings } from '../prepare.js';
import { ok, skipped, wrong, type Finding } from './finding.js';
import { checkIdentities } from './identities.js';
import { checkClock, checkNode } from './machine.js';
import { checkListeners } from './listeners.js';
import { checkProviders } from './providers.js';
import { checkSockets } from './sockets.js';
import { checkRights } from './rights.js';
import { checkSignIn } from './sign-in.js';
import { checkTls } from './tls.js';

const MARKS = { ok: '✔', wrong: '✘', skipped: '–' } as const;

/** Looks for what newcomers get wrong, and says what to do; exit code 1 if something is wrong. */
export async function doctor(): Promise<void> {
  let faults = 0;
  for await (const { what, state, detail } of findings()) {
    process.stdout.write(`${MARKS[state]} ${what}: ${detail.replace(/\s+/g, ' ')}\n`);
    if (state === 'wrong') faults += 1;
  }
  process.stdout.write(faults === 0 ? '\nNothing is wrong.\n' : `\n${faults} to mend.\n`);
  if (faults > 0) process.exitCode = 1;
}

async function* findings(): AsyncGenerator<Finding> {
  yield checkNode();
  yield checkClock();
  let config: MeshConfig;
  let directory: AgentDirectory;
  try {
    config = settings();
    directory = AgentDirectory.load(config.agents, config.trustDomain);
  } catch (error) {
    if (!(error instanceof MeshError)) throw error;
    yield wrong('configuration', failureLine(error));
    yield skipped('the rest', 'once the configuration is valid');
    return;
  }
  yield ok('configuration', `valid; agents: ${directory.names().join(', ')}`);
  const state = new StateFolder(config.state);
  const running = state.running();
  yield checkRights(state);
  yield* checkSockets(config, state, directory);
  yield* checkListeners(config, directory, running);
  yield checkTls(config);
  yield* checkIdentities(config, state, directory, running);
  yield* checkSignIn(config, state, running);
  if (config.federation !== undefined) yield checkFederation(config);
  yield checkFolder(config);
  yield* checkProviders(config, state);
}

function checkFolder(config: MeshConfig): Finding {
  if (config.search !== 'documents') return skipped('documents', `${config.search} is searched`);
  try {
    checkDocuments(config);
    return ok('documents', config.documents);
  } catch (error) {
    return wrong('documents', failureLine(error));
  }
}

function checkFederation(config: MeshConfig): Finding {
  try {
    const names = federatedBundles(config).map(({ trustDomain }) => trustDomain.name);
    return ok('federation', `with ${names.join(', ') || 'no other trust domain yet'}`);
  } catch (error) {
    return wrong('federation', failureLine(error));
  }
}
