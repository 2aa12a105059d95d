import { join } from 'node:path';
import { Module } from '@nestjs/common';
import { AgentDirectory, loadConfig } from '@mesh/agent';
import {
  defineAgent,
  startAgent,
  type AgentContext,
  type AgentDefinition,
  type StartOptions,
} from '@mesh/agent/nest';
import type { RequestContext } from '@mesh/contracts';
import { bindDelegation, type TxnToken } from '@mesh/delegation';
import { createLogger, newCorrelationId, runInContext, TraceContext } from '@mesh/observability';
import { FileSecretSource } from '@mesh/secrets';
import type { BenchAgent, Surroundings } from '../way.js';

/** A request's time, in milliseconds; as long as the gateway allows. */
const DEADLINE_MS = 120_000;

/** Starts an agent of the benchmark with the agents' whole pipeline. Log lines go to the null device. */
export function start(
  definition: AgentDefinition,
  name: BenchAgent,
  { folder, workloadApi, issuerUrl }: Surroundings,
  peerUrl?: StartOptions['peerUrl'],
) {
  const config = loadConfig({
    cwd: folder,
    env: { MESH_STATE: folder, MESH_AGENTS: join(import.meta.dirname, '../agents') },
  });
  return startAgent(definition, {
    config,
    directory: AgentDirectory.load(config.agents, config.trustDomain),
    logger: createLogger({ level: 'info', format: 'json' }),
    secrets: new FileSecretSource(join(folder, 'secrets')),
    workloadApi: workloadApi[name],
    issuer: { url: issuerUrl },
    anyPort: true,
    ...(peerUrl ? { peerUrl } : {}),
  });
}

@Module({})
class CallingModule {}

/** An agent that calls others alone; all of them at `url`. */
export async function startCaller(
  name: BenchAgent,
  surroundings: Surroundings,
  url: string,
): Promise<AgentContext> {
  let context!: AgentContext;
  const caller = defineAgent({
    name,
    listener: 'people',
    module: (own) => {
      context = own;
      return CallingModule;
    },
  });
  await start(caller, name, surroundings, () => url);
  return context;
}

/**
 * Calls as a part of a person's request, on the person's behalf where there is a token. The request's IDs are drawn by
 * the listener that receives it, not by the hop.
 */
export function requestOf(
  context: AgentContext,
): (call: () => Promise<void>, token?: TxnToken) => Promise<void> {
  const trace = TraceContext.start();
  const ids = {
    agent: context.name,
    correlationId: newCorrelationId(),
    traceparent: trace.toString(),
    traceId: trace.traceId,
  };
  const identity = { agent: context.name, spiffeId: context.self().spiffeId };
  return (call, token) => {
    const request: RequestContext = {
      ...ids,
      deadline: Date.now() + DEADLINE_MS,
      signal: new AbortController().signal,
    };
    if (token) bindDelegation(request, token, 'pseudonym');
    return runInContext(request, call, identity);
  };
}
