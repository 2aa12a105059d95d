import type { AgentDirectory, MeshConfig } from '@mesh/agent';
import {
  startAgent,
  type AgentDefinition,
  type Progress,
  type RunningAgent,
} from '@mesh/agent/nest';
import type { Logger } from '@mesh/observability';
import type { SecretSource } from '@mesh/secrets';
import type { StateFolder } from '../state/state-folder.js';
import { startAuthority } from './embedded-authority.js';

export interface MeshOptions {
  readonly config: MeshConfig;
  readonly directory: AgentDirectory;
  readonly state: StateFolder;
  readonly logger: Logger;
  readonly secrets: SecretSource;
  /** Any free ports instead of the configured ones. */
  readonly anyPort?: boolean;
  readonly onProgress?: (progress: Progress) => void;
  readonly signal?: AbortSignal;
}

/** What `up` and `ask` run, whatever the shape. */
export interface RunningAgents {
  readonly agents: readonly Pick<RunningAgent, 'name' | 'spiffeId' | 'url' | 'managementUrl'>[];
  /** Rejects when an agent ends by itself. */
  readonly failed: Promise<never>;
  close(): Promise<void>;
}

/**
 * All in one: every agent as its own Nest application in this process, each with its own SPIFFE identity and port,
 * real mTLS between them.
 */
export async function startAllInOne(options: MeshOptions): Promise<RunningAgents> {
  const { config, directory, state, logger } = options;
  const authority = await startAuthority(config, directory, state, logger);
  const running: RunningAgent[] = [];
  const close = async () => {
    for (const name of closingOrder(directory))
      await running.find((agent) => agent.name === name)?.close();
    authority.close();
  };
  try {
    const starts = await Promise.allSettled(
      directory.names().map(async (name) => {
        const agent = await startAgent(await importAgent(name), {
          config,
          directory,
          logger,
          secrets: options.secrets,
          workloadApi: authority.socketOf(name),
          peerUrl: (peer) =>
            running.find((agent) => agent.name === peer)?.url ?? config.peerUrl(peer, directory),
          ...(options.anyPort ? { anyPort: true } : {}),
          ...(options.onProgress ? { onProgress: options.onProgress } : {}),
          ...(options.signal ? { signal: options.signal } : {}),
        });
        running.push(agent);
      }),
    );
    const failed = starts.find((start) => start.status === 'rejected');
    if (failed) throw failed.reason;
    return { agents: running, close, failed: new Promise(() => undefined) };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The fixed export by which an app is found: `agent` of `apps/NAME/src/agent.ts`. */
async function importAgent(name: string): Promise<AgentDefinition> {
  const module = (await import(new URL(`../../../${name}/src/agent.js`, import.meta.url).href)) as {
    agent: AgentDefinition;
  };
  return module.agent;
}

/** Callers before those they call: a request that is under way ends from its outer end. */
export function closingOrder(directory: AgentDirectory): string[] {
  const order: string[] = [];
  const seen = new Set<string>();
  const visit = (name: string) => {
    if (seen.has(name)) return;
    seen.add(name);
    for (const called of directory.peersOf(name)) visit(called);
    order.push(name);
  };
  for (const name of directory.names()) visit(name);
  return order.reverse();
}
