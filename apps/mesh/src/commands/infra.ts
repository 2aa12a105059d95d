import { startAuthority } from '../up/embedded-authority.js';
import { prepare, type Flags } from './prepare.js';
import { untilStopped } from './until-stopped.js';

/** Runs the embedded stand-ins alone and prints what an agent needs to join. */
export async function infra(flags: Flags): Promise<void> {
  const { config, directory, state, logger } = prepare(flags);
  const unlock = state.lock('infra');
  const stop = new AbortController();
  const stopped = untilStopped(stop);
  try {
    const authority = await startAuthority(config, directory, state, logger);
    const agents = Object.fromEntries(
      directory.names().map((name) => [name, { SPIFFE_ENDPOINT_SOCKET: authority.socketOf(name) }]),
    );
    state.announce({
      pid: process.pid,
      shape: 'infra',
      agents: Object.fromEntries(
        directory
          .names()
          .map((name) => [name, { spiffeId: directory.spiffeIdOf(name).toString() }]),
      ),
    });
    state.announceInfra(agents);
    process.stderr.write(
      `\nThe embedded authority of ${config.trustDomain} runs. Start each agent in a terminal of its own:\n\n`,
    );
    for (const [name, { SPIFFE_ENDPOINT_SOCKET }] of Object.entries(agents)) {
      process.stderr.write(
        `  ${name}\n    npm run agent -- ${name}\n    SPIFFE_ENDPOINT_SOCKET=${SPIFFE_ENDPOINT_SOCKET} npx nest start ${name} --watch\n\n`,
      );
    }
    process.stderr.write('Stop: Ctrl-C\n');
    await stopped;
    await authority.close();
  } finally {
    state.withdraw();
    unlock();
  }
}
