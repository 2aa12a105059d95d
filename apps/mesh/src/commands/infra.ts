import { startAgent, type RunningAgent } from '@mesh/agent/nest';
import { agentsOf, apiOf, gatewayAt, settingsOf } from '../state/running-mesh.js';
import { stopOnSignals, type Stop } from '../stop.js';
import { chooseAddresses } from '../up/addresses.js';
import { importAgent, signInOf } from '../up/mesh.js';
import { checkPorts, issuerPorts, portsOfAgent } from '../up/ports.js';
import { publicUrlOf } from '../up/public-url.js';
import { startStandIns, type StandIns } from '../up/stand-ins.js';
import { logUnexpected, prepare, type Flags, type Prepared } from './prepare.js';
import { openLine, signInLine } from './sign-in-line.js';

type Variables = Readonly<Record<string, string>>;

/** Runs the embedded stand-ins and the token service alone, and prints what an agent needs to join. */
export async function infra(flags: Flags): Promise<void> {
  const stop = stopOnSignals();
  const prepared = prepare(flags);
  const { config, directory, state, logger } = prepared;
  const unlock = state.lock('infra');
  try {
    const { tokenService } = directory;
    await checkPorts([
      ...(tokenService === undefined ? [] : portsOfAgent(tokenService, config, directory)),
      ...issuerPorts(config),
    ]);
    let gatewayUrl: string | undefined;
    const standIns = await startStandIns({ ...prepared, gatewayUrl: () => gatewayUrl });
    let service: RunningAgent | undefined;
    try {
      service = await startTokenService(prepared, standIns, stop);
      const addresses = await chooseAddresses(config, directory, service);
      gatewayUrl = addresses.agents.find(({ name }) => name === 'gateway')!.url;
      const shared = { ...configured(prepared), ...addresses.environment };
      const agents = Object.fromEntries(
        directory
          .names()
          .filter((name) => name !== tokenService)
          .map((name) => [name, { ...shared, ...standIns.environmentOf(name) }]),
      );
      state.announceInfra(agents);
      state.announce({
        pid: process.pid,
        shape: 'infra',
        ...gatewayAt(gatewayUrl, config),
        ...signInOf(standIns),
        ...apiOf(config, directory),
        settings: settingsOf(config),
        agents: agentsOf(addresses.agents),
      });
      logger.info({ event: 'infra.ready' }, 'the embedded stand-ins serve');
      process.stderr.write(
        instructions(
          config.trustDomain.name,
          agents,
          openLine(publicUrlOf(config, gatewayUrl), standIns.issuer?.welcome),
          signInLine(signInOf(standIns), state),
        ),
      );
      const signal = await stop.requested;
      logger.info({ event: 'mesh.stopping', signal }, 'the embedded stand-ins stop');
    } finally {
      state.withdraw();
      await service?.close();
      await standIns.close();
    }
  } catch (error) {
    if (!stop.signal.aborted) {
      logUnexpected(logger, error);
      throw error;
    }
  } finally {
    unlock();
  }
}

/** Every agent that calls others needs it, so that it belongs to what each of them finds running. */
async function startTokenService(
  prepared: Prepared,
  standIns: StandIns,
  { signal }: Stop,
): Promise<RunningAgent | undefined> {
  const { tokenService: name } = prepared.directory;
  if (name === undefined) return undefined;
  return startAgent(await importAgent(name), {
    ...prepared,
    workloadApi: standIns.socketOf(name),
    ...(standIns.issuer ? { issuer: standIns.issuer } : {}),
    signal,
  });
}

/** What was configured here, and must be the same in the agents' terminals; paths as they are from anywhere. */
function configured({ config }: Prepared): Variables {
  const fromEnvironment = config
    .rows()
    .filter(({ source }) => source.startsWith('MESH_'))
    .map(({ source, value }): [string, string] => [source, value]);
  return Object.fromEntries(
    Object.entries({ ...config.environment(), ...Object.fromEntries(fromEnvironment) }).filter(
      (entry): entry is [string, string] => /^MESH_(?!LOG_|CONFIG$)./.test(entry[0]) && !!entry[1],
    ),
  );
}

function instructions(
  trustDomain: string,
  agents: Readonly<Record<string, Variables>>,
  open: string,
  signIn: string,
): string {
  const lines = Object.entries(agents).flatMap(([name, variables]) => [
    `  ${name}`,
    `    npm run agent -- ${name}`,
    `    ${Object.entries(variables).map(assignment).join(' ')} npx nest start ${name} --watch`,
    '',
  ]);
  return [
    '',
    `Authority, issuer and token service of ${trustDomain} run. Start each agent in a terminal of its own, in the project's folder:`,
    '',
    ...lines,
    `Open, once the gateway runs: ${open}`,
    `Sign in: ${signIn}`,
    'Stop: Ctrl-C',
    '',
    '',
  ].join('\n');
}

/** As a shell takes it. */
function assignment([variable, value]: [string, string]): string {
  const quoted = /^[\w./:@,+-]+$/.test(value) ? value : `'${value.replaceAll("'", `'\\''`)}'`;
  return `${variable}=${quoted}`;
}
