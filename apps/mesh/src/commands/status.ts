import { request } from 'undici';
import { StateFolder } from '../state/state-folder.js';
import type { RunningAgentInfo, RunningMesh } from '../state/running-mesh.js';
import { issuerFault } from '../up/issuer-fault.js';
import { CommandError } from './command.error.js';
import { settings } from './prepare.js';
import { signInLine } from './sign-in-line.js';
import { table } from './table.js';

/** How long an agent may take to tell its health, in milliseconds. */
const ANSWER_MS = 5_000;

/** What Terminus says of one thing. */
type Detail = Readonly<Record<string, unknown>> & { readonly status?: string };

interface AgentStatus extends RunningAgentInfo {
  readonly name: string;
  readonly status: 'up' | 'down' | 'not running';
  readonly details: Readonly<Record<string, Detail>>;
}

/** Shows the running agents; exit code 1 if one of a mesh is not up. */
export async function status(flags: { readonly json?: true }): Promise<void> {
  const state = new StateFolder(settings().state);
  const running = state.running();
  if (!running) {
    const holder = state.holder();
    throw new CommandError(
      'ERR_MESH_NOT_RUNNING',
      holder
        ? `./mesh ${holder.command} (process ${holder.pid}) has not begun to serve yet, or is stopping.`
        : `No mesh runs on the state folder ${state.path}. Start one: ./mesh up`,
    );
  }
  const agents = await Promise.all(
    Object.entries(running.agents).map(async ([name, agent]) => ({
      name,
      ...agent,
      ...(await health(agent.managementUrl)),
    })),
  );
  const fault = await issuerFault(running.issuerUrl);
  const issuer = fault === undefined ? 'up' : 'down';
  process.stdout.write(
    flags.json
      ? `${JSON.stringify({ ...running, issuer, agents }, null, 2)}\n`
      : readable(running, agents, fault, state),
  );
  // With `infra` each agent is started by a person, or not.
  const expected = running.shape === 'infra' ? [] : agents;
  if (fault !== undefined || expected.some(({ status }) => status !== 'up')) process.exitCode = 1;
}

async function health(managementUrl: string): Promise<Pick<AgentStatus, 'status' | 'details'>> {
  try {
    const { statusCode, body } = await request(`${managementUrl}/health`, {
      headersTimeout: ANSWER_MS,
      bodyTimeout: ANSWER_MS,
    });
    const { details } = (await body.json()) as Partial<AgentStatus>;
    return { status: statusCode === 200 ? 'up' : 'down', details: details ?? {} };
  } catch {
    return { status: 'not running', details: {} }; // that is what is reported
  }
}

function readable(
  running: RunningMesh,
  agents: readonly AgentStatus[],
  fault: string | undefined,
  state: StateFolder,
): string {
  const trouble = agents.flatMap(({ name, details }) =>
    Object.entries(details)
      .filter(([, detail]) => detail.status !== 'up')
      .map(([what, detail]) => `${name}: ${what} is ${causes(detail)}\n`),
  );
  if (fault !== undefined) trouble.push(`issuer: ${fault}\n`);
  return [
    `${running.shape}, process ${running.pid}\n\n`,
    table([
      ['AGENT', 'STATUS', 'SPIFFE ID', 'SVID FOR', 'ROTATIONS', 'URL'],
      ...agents.map(({ name, status, spiffeId, url, details: { identity } }) => [
        name,
        status,
        spiffeId,
        typeof identity?.['secondsToExpiry'] === 'number'
          ? `${identity['secondsToExpiry']} s`
          : '-',
        typeof identity?.['rotations'] === 'number' ? String(identity['rotations']) : '-',
        url,
      ]),
    ]),
    ...(trouble.length > 0 ? ['\n', ...trouble] : []),
    `\nSign in: ${signInLine(running, state)}\n`,
  ].join('');
}

function causes({ status, ...more }: Detail): string {
  const rest = Object.entries(more).map(([key, value]) => `${key} ${inWords(value)}`);
  return `${status ?? 'unknown'}${rest.length > 0 ? ` (${rest.join(', ')})` : ''}`;
}

/** Nested values as `breaker open, reason ERR_PEER_UNREACHABLE`. */
function inWords(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value);
  return Object.entries(value)
    .map(([key, inner]) => `${key} ${inWords(inner)}`)
    .join(', ');
}
