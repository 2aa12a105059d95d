import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { setTimeout as delay } from 'node:timers/promises';
import { request } from 'undici';
import { MeshError } from '@mesh/errors';
import { startAuthority } from './embedded-authority.js';
import { closingOrder, type MeshOptions, type RunningAgents } from './mesh.js';

/** A process of an agent ended although nobody stopped it. */
export class AgentExitedError extends MeshError {
  readonly code = 'ERR_AGENT_EXITED';

  constructor(
    readonly agent: string,
    how: string,
  ) {
    super(`${agent} ended by itself (${how}). Its last lines say why.`);
  }
}

/** Split: one process an agent, with the embedded authority in this one. An agent that ends takes all down. */
export async function startSplit(options: MeshOptions): Promise<RunningAgents> {
  const { config, directory, state, logger, signal } = options;
  const authority = await startAuthority(config, directory, state, logger);
  const children = new Map<string, ChildProcess>();
  let stopping = false;
  const { promise: failed, reject } = Promise.withResolvers<never>();
  failed.catch(() => undefined);

  const close = async () => {
    stopping = true;
    for (const name of closingOrder(directory)) {
      const child = children.get(name);
      if (!child || child.exitCode !== null || child.signalCode !== null) continue;
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
    }
    authority.close();
  };

  for (const name of directory.names()) {
    const child = spawn(
      process.execPath,
      [fileURLToPath(new URL(`../../../${name}/src/main.js`, import.meta.url))],
      {
        stdio: ['ignore', 'inherit', 'inherit'],
        env: {
          ...process.env,
          ...config.environment(),
          SPIFFE_ENDPOINT_SOCKET: authority.socketOf(name),
        },
      },
    );
    children.set(name, child);
    child.once('exit', (code, how) => {
      if (!stopping) reject(new AgentExitedError(name, how ?? `exit code ${code}`));
    });
  }

  const agents = directory.names().map((name) => ({
    name,
    spiffeId: directory.spiffeIdOf(name).toString(),
    url:
      name === 'gateway'
        ? `http://${config.bind}:${config.port(name, directory)}`
        : `https://${config.bind}:${config.port(name, directory)}`,
    managementUrl: `http://${config.bind}:${config.managementPort(name, directory)}`,
  }));
  try {
    await Promise.race([
      failed,
      ...[Promise.all(agents.map((agent) => untilReady(agent.managementUrl, signal)))],
    ]);
  } catch (error) {
    await close();
    throw error;
  }
  return { agents, close, failed };
}

/** Asks the agent's own probe, as Kubernetes would. */
async function untilReady(managementUrl: string, signal: AbortSignal | undefined): Promise<void> {
  for (;;) {
    signal?.throwIfAborted();
    const ready = await request(`${managementUrl}/health/ready`).then(
      async ({ statusCode, body }) => {
        await body.dump();
        return statusCode === 200;
      },
      () => false, // not listening yet
    );
    if (ready) return;
    await delay(100, undefined, signal ? { signal } : {});
  }
}
