import { request } from 'undici';
import { CommandError } from './command.error.js';
import { settings } from './prepare.js';
import { StateFolder } from '../state/state-folder.js';

interface Report {
  readonly name: string;
  readonly spiffeId: string;
  readonly url?: string;
  readonly status: 'up' | 'down' | 'unreachable';
  readonly details: Readonly<Record<string, Record<string, unknown>>>;
}

/** Shows the running agents; exit code 1 if one is not up. */
export async function status(flags: { readonly json?: true }): Promise<void> {
  const running = new StateFolder(settings().state).running();
  if (!running)
    throw new CommandError(
      'ERR_MESH_NOT_RUNNING',
      'No mesh runs on this state folder. Start one: ./mesh up',
    );
  const reports = await Promise.all(
    Object.entries(running.agents).map(async ([name, agent]) => ({
      name,
      ...agent,
      ...(await health(agent.managementUrl)),
    })),
  );
  process.stdout.write(
    flags.json
      ? `${JSON.stringify({ pid: running.pid, shape: running.shape, agents: reports }, null, 2)}\n`
      : `${running.shape}, process ${running.pid}\n${reports.map(line).join('')}`,
  );
  if (running.shape !== 'infra' && reports.some((report) => report.status !== 'up'))
    process.exitCode = 1;
}

async function health(
  managementUrl: string | undefined,
): Promise<Pick<Report, 'status' | 'details'>> {
  if (managementUrl === undefined) return { status: 'unreachable', details: {} };
  try {
    const { statusCode, body } = await request(`${managementUrl}/health`, {
      headersTimeout: 5_000,
      bodyTimeout: 5_000,
    });
    const { details } = (await body.json()) as Pick<Report, 'details'>;
    return { status: statusCode === 200 ? 'up' : 'down', details };
  } catch {
    return { status: 'unreachable', details: {} }; // that is what is reported
  }
}

function line({ name, spiffeId, url, status, details }: Report): string {
  const causes = Object.entries(details).map(([what, { status: state, ...more }]) => {
    const rest = Object.entries(more).map(([key, value]) => `${key} ${String(value)}`);
    return `    ${what}: ${String(state)}${rest.length > 0 ? ` (${rest.join(', ')})` : ''}\n`;
  });
  return `\n${name}: ${status}\n    ${spiffeId}\n${url ? `    ${url}\n` : ''}${causes.join('')}`;
}
