import type { AgentDirectory } from '@mesh/agent';
import {
  startAgent,
  type AgentDefinition,
  type Progress,
  type RunningAgent,
} from '@mesh/agent/nest';
import { startStandIns, type StandInOptions, type StandIns } from './stand-ins.js';

export interface MeshOptions extends StandInOptions {
  readonly onProgress?: (progress: Progress) => void;
  /** Ends the start. */
  readonly signal?: AbortSignal;
}

/** What `up` and `ask` run, whatever the shape. */
export interface RunningAgents {
  readonly agents: readonly Pick<RunningAgent, 'name' | 'spiffeId' | 'url' | 'managementUrl'>[];
  /** Where people sign in. */
  readonly issuerUrl: string;
  /** That issuer is the embedded one. */
  readonly embeddedIssuer: boolean;
  /** Makes a link that signs who opens it in, once; undefined where people sign in at an issuer of their own. */
  readonly welcome: (() => string) | undefined;
  /** Rejects when an agent ends by itself. */
  readonly failed: Promise<never>;
  /** Callers before those they call, then the issuer and the authority. */
  close(): Promise<void>;
}

/**
 * All in one: every agent as its own Nest application in this process, each with its own SPIFFE identity and port,
 * real mTLS between them.
 */
export async function startAllInOne(options: MeshOptions): Promise<RunningAgents> {
  const { config, directory, logger } = options;
  const running: RunningAgent[] = [];
  const urlOf = (name: string) => running.find((agent) => agent.name === name)?.url;
  const standIns = await startStandIns({ ...options, gatewayUrl: () => urlOf('gateway') });
  const { issuer } = standIns;
  const close = async () => {
    try {
      for (const name of closingOrder(directory))
        await running.find((agent) => agent.name === name)?.close();
    } finally {
      await standIns.close();
    }
  };

  // The first that cannot start ends the starts of the others.
  const broken = new AbortController();
  const signal = AbortSignal.any([broken.signal, ...(options.signal ? [options.signal] : [])]);
  await Promise.all(
    directory.names().map(async (name) => {
      try {
        const agent = await startAgent(await importAgent(name), {
          config,
          directory,
          logger,
          secrets: options.secrets,
          workloadApi: standIns.socketOf(name),
          ...(issuer ? { issuer } : {}),
          peerUrl: (peer) => urlOf(peer) ?? config.peerUrl(peer, directory),
          anyPort: options.anyPort === true,
          ...(options.onProgress ? { onProgress: options.onProgress } : {}),
          signal,
        });
        running.push(agent);
      } catch (error) {
        broken.abort(error);
      }
    }),
  );
  if (signal.aborted) {
    await close();
    throw signal.reason;
  }
  return {
    agents: inOrder(running, directory),
    ...signInOf(standIns),
    welcome: issuer?.welcome,
    close,
    failed: new Promise(() => undefined),
  };
}

/** Where people sign in, of a mesh with these stand-ins. */
export function signInOf({
  issuer,
  issuerUrl,
}: StandIns): Pick<RunningAgents, 'issuerUrl' | 'embeddedIssuer'> {
  return { issuerUrl, embeddedIssuer: issuer !== undefined };
}

/** The fixed export by which an app is found: `agent` of `apps/NAME/src/agent.ts`. */
export async function importAgent(name: string): Promise<AgentDefinition> {
  const module = (await import(new URL(`../../../${name}/src/agent.js`, import.meta.url).href)) as {
    agent: AgentDefinition;
  };
  return module.agent;
}

function inOrder(running: readonly RunningAgent[], directory: AgentDirectory): RunningAgent[] {
  const order = directory.names();
  return running.toSorted((a, b) => order.indexOf(a.name) - order.indexOf(b.name));
}

/** Callers before those they call: a request that is under way ends from its outer end. Last whom all need for a token. */
export function closingOrder(directory: AgentDirectory): string[] {
  const order: string[] = [];
  const seen = new Set<string>();
  const visit = (name: string) => {
    if (seen.has(name)) return;
    seen.add(name);
    for (const called of directory.peersOf(name)) visit(called);
    order.push(name);
  };
  if (directory.tokenService !== undefined) visit(directory.tokenService);
  for (const name of directory.names()) visit(name);
  return order.reverse();
}
