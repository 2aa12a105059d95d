import { join } from 'node:path';
import { constants } from 'node:os';
import { createLogger } from '@mesh/observability';
import { FileSecretSource } from '@mesh/secrets';
import { MeshError } from '@mesh/errors';
import { AgentDirectory } from '../agent-file/agent-directory.js';
import { loadConfig } from '../config/config.js';
import { ConfigError } from '../config/config.error.js';
import type { AgentDefinition } from './agent-definition.js';
import { startAgent } from './start-agent.js';

/** npm passes a Ctrl-C on that the terminal sends to all: within this it is the same one, in milliseconds. */
const SAME_SIGNAL_MS = 500;

/**
 * The main program of one agent in a process of its own: configuration from file and environment, identity from
 * `SPIFFE_ENDPOINT_SOCKET`. SIGINT, SIGTERM and SIGHUP stop it in order, a second one at once; so does the end of the
 * process that started it, if that one opened an IPC channel. A failure is one line and exit code 1.
 */
export async function runAgent(definition: AgentDefinition): Promise<void> {
  const stop = stopWhenTold();
  try {
    const config = loadConfig();
    if (config.spiffeEndpointSocket === undefined) {
      throw new ConfigError(
        'SPIFFE_ENDPOINT_SOCKET',
        `SPIFFE_ENDPOINT_SOCKET is not set. ${definition.name} needs the address of its Workload API, such as unix:///run/spire/api.sock.`,
      );
    }
    const running = await startAgent(definition, {
      config,
      directory: AgentDirectory.load(config.agents, config.trustDomain),
      logger: createLogger({ level: config.logLevel, format: config.logFormat }),
      secrets: new FileSecretSource(join(config.state, 'secrets')),
      workloadApi: config.spiffeEndpointSocket,
      signal: stop,
    });
    await aborted(stop);
    await running.close();
  } catch (error) {
    if (stop.aborted) process.exit(0);
    process.stderr.write(`${definition.name}: ${describe(error)}\n`);
    process.exit(1);
  }
  process.exit(0);
}

function stopWhenTold(): AbortSignal {
  const stop = new AbortController();
  let since: number | undefined;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      since ??= performance.now();
      if (performance.now() - since > SAME_SIGNAL_MS) process.exit(128 + constants.signals[signal]);
      stop.abort();
    });
  }
  // Also when the launcher is killed: nothing is left behind.
  process.once('disconnect', () => stop.abort());
  return stop.signal;
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/** One line for a person; what is no error of ours keeps its stack, since it is a bug. */
export function describe(error: unknown): string {
  if (error instanceof MeshError) return `${error.message} (${error.code})`;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
