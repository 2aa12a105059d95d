import { BodyInvalidError, parseContract, type AgentDirectory } from '@mesh/agent';
import { ResearchRequestDto, type Depth } from '@mesh/contracts';
import { differences, type RunningMesh } from '../../state/running-mesh.js';
import { columnsOf, printableJson } from '../../printable.js';
import { exitCodeOf, stopOnSignals } from '../../stop.js';
import { isReady } from '../../up/is-ready.js';
import { isOthersPort } from '../../up/port-owner.js';
import { CommandError } from '../command.error.js';
import { logUnexpected, prepare, type Flags, type Prepared } from '../prepare.js';
import { apiClientOf, assertNoAccount, signIn, type MeshIssuer } from '../sign-in/sign-in.js';
import { startOwnMesh } from './own-mesh.js';
import { readable } from './readable.js';
import { research, type AskedGateway } from './research.js';
import { verifyDelivered } from './verify-delivered.js';

export interface AskFlags extends Flags {
  readonly depth: Depth;
  readonly as?: string;
  readonly json?: true;
}

/** A mesh that answers, whoever started it. */
export interface AskedMesh extends MeshIssuer, AskedGateway {
  close(): Promise<void>;
}

/** Runs the main job once: progress on stderr, answer and sources on stdout. */
export async function ask(text: string, flags: AskFlags): Promise<void> {
  const request = parse(text, flags.depth);
  const stop = stopOnSignals();
  const prepared = prepare(flags, { quiet: true });
  const { directory } = prepared;
  let mesh: AskedMesh | undefined;
  try {
    mesh = (await runningMesh(prepared)) ?? (await ownMesh(prepared, flags, stop.signal));
    const clientId = apiClientOf(directory);
    const accessToken = await signIn(mesh, {
      as: flags.as,
      clientId,
      // A token carries what was asked for, and no more.
      scope: scopeOf(mesh, directory, `research:${flags.depth}`),
      signal: stop.signal,
      say,
    });
    const { deadlineMs } = directory.get('gateway').limits;
    const options = { accessToken, signal: stop.signal, deadlineMs, say };
    const delivered = await research(mesh, request, options);
    const answer = await verifyDelivered(delivered, clientId, mesh.state);
    process.stdout.write(
      flags.json
        ? `${printableJson(delivered.document)}\n`
        : readable(answer, columnsOf(process.stdout)),
    );
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

/** All that answering takes in the mesh that is asked; an agent that was made since it was started has no part in it. */
function scopeOf({ apiScopes }: AskedMesh, directory: AgentDirectory, action: string): string {
  return directory
    .scopesFor('gateway', action)
    .filter((scope) => apiScopes.includes(scope))
    .join(' ');
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
  if (running.shape === 'infra' && !(await isJoined(running))) return undefined;
  return { ...running, state, close: () => Promise.resolve() };
}

/** With `infra` the gateway is started in another terminal, or not at all, and its port is free for anybody until then. */
async function isJoined({ gatewayUrl, agents }: RunningMesh): Promise<boolean> {
  if (!(await isReady(agents['gateway']!.managementUrl))) return false;
  const { port: given, protocol } = new URL(gatewayUrl);
  const port = Number(given || (protocol === 'https:' ? 443 : 80));
  if (!isOthersPort(port)) return true;
  say(`A process of another user has the gateway's port ${port}. It gets no token.`);
  return false;
}

async function ownMesh(
  prepared: Prepared,
  flags: AskFlags,
  signal: AbortSignal,
): Promise<AskedMesh> {
  const { issuerUrl } = prepared.config;
  if (issuerUrl !== undefined) assertNoAccount(flags.as, issuerUrl);
  return startOwnMesh(prepared, flags, signal, say);
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}
