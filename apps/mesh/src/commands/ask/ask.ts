import { BodyInvalidError, parseContract } from '@mesh/agent';
import { ResearchRequestDto, type Depth } from '@mesh/contracts';
import { differences } from '../../state/running-mesh.js';
import { exitCodeOf, stopOnSignals } from '../../stop.js';
import { logUnexpected, prepare, type Flags, type Prepared } from '../prepare.js';
import { CommandError } from '../command.error.js';
import { isReady } from '../../up/is-ready.js';
import { startOwnMesh } from './own-mesh.js';
import { readable } from './readable.js';
import { research } from './research.js';

export interface AskFlags extends Flags {
  readonly depth: Depth;
  readonly json?: true;
}

/** A mesh that answers, whoever started it. */
export interface AskedMesh {
  readonly gatewayUrl: string;
  close(): Promise<void>;
}

/** Runs the main job once: progress on stderr, answer and sources on stdout. */
export async function ask(text: string, flags: AskFlags): Promise<void> {
  const request = parse(text, flags.depth);
  const stop = stopOnSignals();
  const prepared = prepare(flags, { quiet: true });
  let mesh: AskedMesh | undefined;
  try {
    mesh = (await runningMesh(prepared)) ?? (await startOwnMesh(prepared, flags, stop.signal, say));
    const { deadlineMs } = prepared.directory.get('gateway').limits;
    const answer = await research(mesh.gatewayUrl, request, {
      signal: stop.signal,
      deadlineMs,
      say,
    });
    process.stdout.write(flags.json ? `${JSON.stringify(answer, null, 2)}\n` : readable(answer));
  } catch (error) {
    if (!stop.signal.aborted) {
      logUnexpected(prepared.logger, error);
      throw error;
    }
    process.exitCode = exitCodeOf(await stop.requested);
  } finally {
    await mesh?.close();
  }
}

/** What the gateway would refuse is refused before anything is started for it. */
function parse(question: string, depth: Depth): ResearchRequestDto {
  try {
    return parseContract(ResearchRequestDto, { question, depth });
  } catch (error) {
    if (!(error instanceof BodyInvalidError)) throw error;
    const faults = error.members.map(({ message }) => message).join('; ');
    throw new CommandError(error.code, `The ${faults}.`, { cause: error });
  }
}

/** The mesh that runs on this state folder, unless this command was told something that it is not. */
async function runningMesh({ state, config }: Prepared): Promise<AskedMesh | undefined> {
  const running = state.running();
  if (running === undefined) return undefined;
  const others = differences(config, running);
  if (others.length > 0) {
    say(`The running mesh has another setting for: ${others.join(', ')}. It is left alone.`);
    return undefined;
  }
  // With `infra` the agents are started by others, or not.
  const probe = running.agents['gateway']!.managementUrl;
  if (running.shape === 'infra' && !(await isReady(probe))) return undefined;
  return { gatewayUrl: running.gatewayUrl, close: () => Promise.resolve() };
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}
