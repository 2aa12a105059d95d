import { agentsOf, apiOf, gatewayAt, settingsOf } from '../state/running-mesh.js';
import { stopOnSignals } from '../stop.js';
import { startAllInOne, type RunningAgents } from '../up/mesh.js';
import { checkPorts, portsOf } from '../up/ports.js';
import { publicUrlOf } from '../up/public-url.js';
import { startSplit } from '../up/split.js';
import { checkDocuments } from './check-documents.js';
import { logUnexpected, prepare, type Flags, type Prepared } from './prepare.js';
import { showProgress } from './progress.js';
import { openLine, signInLine } from './sign-in-line.js';

/** Starts the mesh and keeps it running until a signal. */
export async function up(flags: Flags & { readonly split?: true }): Promise<void> {
  const stop = stopOnSignals();
  const prepared = prepare(flags);
  const { config, directory, state, logger } = prepared;
  checkDocuments(config);
  const unlock = state.lock('up');
  const progress = showProgress();
  let mesh: RunningAgents | undefined;
  try {
    await checkPorts(portsOf(config, directory));
    await tellMissingKeys(prepared);
    mesh = await (flags.split ? startSplit : startAllInOne)({
      ...prepared,
      onProgress: progress.show,
      signal: stop.signal,
    });
    announce(mesh, prepared, flags.split ? 'split' : 'all in one');
    const signal = await Promise.race([stop.requested, mesh.failed]);
    logger.info({ event: 'mesh.stopping', signal }, 'the mesh stops');
  } catch (error) {
    if (!stop.signal.aborted) {
      logUnexpected(logger, error);
      throw error;
    }
  } finally {
    progress.end();
    state.withdraw();
    await mesh?.close();
    unlock();
  }
  logger.info({ event: 'mesh.stopped' }, 'the mesh is closed');
}

/** Agents start without a key, so that it can be set while they run: a person should know. */
async function tellMissingKeys({ config, secrets }: Prepared): Promise<void> {
  const used = [
    ...(config.model === 'gemini' ? ['gemini'] : []),
    ...(config.search === 'tavily' ? ['tavily'] : []),
  ];
  if (used.length === 0) return;
  const stored = await secrets.list();
  for (const name of used.filter((name) => !stored.includes(name))) {
    process.stderr.write(`No key of ${name} is stored yet: ./mesh secret set ${name}\n`);
  }
}

function announce(
  mesh: RunningAgents,
  { config, directory, state, logger }: Prepared,
  shape: 'split' | 'all in one',
): void {
  const { url } = mesh.agents.find(({ name }) => name === 'gateway')!;
  state.announce({
    pid: process.pid,
    shape,
    ...gatewayAt(url, config),
    issuerUrl: mesh.issuerUrl,
    embeddedIssuer: mesh.embeddedIssuer,
    ...apiOf(config, directory),
    settings: settingsOf(config),
    agents: agentsOf(mesh.agents),
  });
  logger.info({ event: 'mesh.ready', url }, 'the mesh is ready');
  const publicUrl = publicUrlOf(config, url);
  const width = Math.max(...mesh.agents.map(({ name }) => name.length));
  process.stderr.write(
    [
      '',
      `Ready: ${url} (API at ${publicUrl}/docs; for this machine alone)`,
      ...mesh.agents.map(
        (agent) =>
          `  ${agent.name.padEnd(width)}  ${agent.url}  health ${agent.managementUrl}/health`,
      ),
      `Sign in: ${signInLine(mesh, state)}`,
      'Ask:   ./mesh ask "How does a workload get its SVID?"',
      'Stop:  Ctrl-C',
      '',
      `Open:  ${openLine(publicUrl, mesh.welcome)}`,
      '',
      '',
    ].join('\n'),
  );
}
