import { createLogger } from '@mesh/observability';
import { FileSecretSource } from '@mesh/secrets';
import { join } from 'node:path';
import { MeshError } from '@mesh/errors';
import { AgentDirectory } from '../agent-file/agent-directory.js';
import { loadConfig } from '../config/config.js';
import { ConfigError } from '../config/config.error.js';
import type { AgentDefinition } from './agent-definition.js';
import { startAgent, type RunningAgent } from './start-agent.js';

/**
 * The main program of one agent in a process of its own: configuration from file and environment, identity from
 * `SPIFFE_ENDPOINT_SOCKET`. SIGINT and SIGTERM stop it in order; a failure is one line and exit code 1.
 */
export async function runAgent(definition: AgentDefinition): Promise<void> {
  const stop = new AbortController();
  let running: RunningAgent | undefined;
  const onSignal = () => {
    stop.abort();
    void running?.close().then(() => process.exit(0));
  };
  process.once('SIGINT', onSignal);
  process.once('SIGTERM', onSignal);
  try {
    const config = loadConfig();
    if (config.spiffeEndpointSocket === undefined) {
      throw new ConfigError(
        'SPIFFE_ENDPOINT_SOCKET',
        `SPIFFE_ENDPOINT_SOCKET is not set. ${definition.name} needs the address of its Workload API, such as unix:///run/spire/api.sock.`,
      );
    }
    running = await startAgent(definition, {
      config,
      directory: AgentDirectory.load(config.agents, config.trustDomain),
      logger: createLogger({ level: config.logLevel, format: config.logFormat }),
      secrets: new FileSecretSource(join(config.state, 'secrets')),
      workloadApi: config.spiffeEndpointSocket,
      signal: stop.signal,
    });
  } catch (error) {
    if (stop.signal.aborted) process.exit(0);
    process.stderr.write(`${definition.name}: ${describe(error)}\n`);
    process.exit(1);
  }
}

/** One line for a person; what is no error of ours keeps its stack, since it is a bug. */
export function describe(error: unknown): string {
  if (error instanceof MeshError) return `${error.message} (${error.code})`;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
