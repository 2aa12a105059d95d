import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { chooseAddresses } from './addresses.js';
import { AgentExitedError } from './agent-exited.error.js';
import { isReady } from './is-ready.js';
import { closingOrder, signInOf, type MeshOptions, type RunningAgents } from './mesh.js';
import { startStandIns } from './stand-ins.js';

/** An agent that has not ended by then is killed, in milliseconds; by itself it takes 5 s at most. */
const STOP_MS = 10_000;
/** Between two looks whether an agent is ready, in milliseconds. */
const LOOK_MS = 100;

/**
 * Split: one process an agent, with the embedded stand-ins in this one. Agents end when this process does, however it
 * ends: by its word, by `kill -9` through the IPC channel that then closes.
 */
export async function startSplit(options: MeshOptions): Promise<RunningAgents> {
  const { config, directory, signal } = options;
  let gatewayUrl: string | undefined;
  const standIns = await startStandIns({ ...options, gatewayUrl: () => gatewayUrl });
  const children = new Map<string, ChildProcess>();
  const { promise: failed, reject } = Promise.withResolvers<never>();
  failed.catch(() => undefined);
  const ending = new AbortController();
  const killAll = () => {
    for (const child of children.values()) child.kill('SIGKILL');
  };
  process.once('exit', killAll);

  const close = async () => {
    ending.abort();
    try {
      for (const name of closingOrder(directory)) await end(children.get(name));
    } finally {
      process.off('exit', killAll);
      await standIns.close();
    }
  };

  try {
    const { agents, environment } = await chooseAddresses(config, directory);
    gatewayUrl = agents.find(({ name }) => name === 'gateway')?.url;
    for (const { name } of agents) {
      const child = start(name, {
        ...config.environment(),
        ...environment,
        ...standIns.environmentOf(name),
      });
      children.set(name, child);
      child.once('exit', (code, how) => {
        if (ending.signal.aborted) return;
        ending.abort();
        reject(new AgentExitedError(name, how ?? `exit code ${code}`));
      });
    }
    const wait = AbortSignal.any([ending.signal, ...(signal ? [signal] : [])]);
    await Promise.race([
      failed,
      Promise.all(agents.map(({ managementUrl }) => untilReady(managementUrl, wait))),
    ]);
    return { agents, ...signInOf(standIns), welcome: standIns.issuer?.welcome, close, failed };
  } catch (error) {
    await close();
    throw error;
  }
}

function start(name: string, env: Record<string, string | undefined>): ChildProcess {
  const main = fileURLToPath(new URL(`../../../${name}/src/main.js`, import.meta.url));
  return spawn(process.execPath, [main], {
    env,
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    // A group of its own: a terminal's Ctrl-C reaches this process alone, which then stops them in order.
    detached: true,
  });
}

async function end(child: ChildProcess | undefined): Promise<void> {
  if (!child || child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
  await ended;
  clearTimeout(timer);
}

async function untilReady(managementUrl: string, signal: AbortSignal): Promise<void> {
  while (!(await isReady(managementUrl))) await delay(LOOK_MS, undefined, { signal });
}
