import { exitCodeOf, stopOnSignals } from '../stop.js';
import { CommandError } from './command.error.js';
import { logUnexpected, prepare } from './prepare.js';
import { apiClientOf, signIn } from './sign-in/sign-in.js';

export interface TokenFlags {
  readonly as?: string;
  readonly scope?: string;
}

/** Signs a person in at the running mesh and prints the access token, for curl and the like. */
export async function token({ as, scope }: TokenFlags): Promise<void> {
  const stop = stopOnSignals();
  const { directory, state, logger } = prepare({}, { quiet: true });
  const running = state.running();
  if (running === undefined) {
    throw new CommandError(
      'ERR_MESH_NOT_RUNNING',
      `No mesh serves on the state folder ${state.path}. Start one: ./mesh up`,
    );
  }
  try {
    const accessToken = await signIn(
      { ...running, state },
      {
        as,
        scope: scope ?? running.apiScopes.join(' '),
        clientId: apiClientOf(directory),
        signal: stop.signal,
        say: (line) => process.stderr.write(`${line}\n`),
      },
    );
    process.stdout.write(`${accessToken}\n`);
  } catch (error) {
    if (!stop.signal.aborted) {
      logUnexpected(logger, error);
      throw error;
    }
    process.exitCode = exitCodeOf(await stop.requested);
  }
}
