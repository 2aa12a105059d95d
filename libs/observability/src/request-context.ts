import { AsyncLocalStorage } from 'node:async_hooks';
import type { RequestContext } from '@mesh/contracts';

/** The agent that is running: whose name and identity each log line carries. */
export interface AgentIdentity {
  /** `name` of its agent.yaml. */
  readonly agent: string;
  /** The SPIFFE ID it is meant to have; known before it has an SVID. */
  readonly spiffeId: string;
}

interface Scope {
  readonly agent?: AgentIdentity | undefined;
  readonly request?: RequestContext | undefined;
}

const scopes = new AsyncLocalStorage<Scope>();

/**
 * Runs `fn`, and all that it starts, as this agent. Entered once where an agent is bootstrapped: in all in one
 * several agents share a process, and this is what tells their lines apart.
 */
export function runAsAgent<T>(agent: AgentIdentity, fn: () => T): T {
  return scopes.run({ agent }, fn);
}

/**
 * Runs `fn` with what is known of one request.
 *
 * Node emits a socket's and a body stream's events in the context in which the connection was made, not in the
 * request's. So enter it in Fastify's `onRequest` and once more in `preValidation`, after the body was read, and
 * pass `agent` there.
 *
 * @param agent Default: the agent that is running. One of another name than `context.agent` is left out of the
 *   lines: no SPIFFE ID is better than another agent's.
 */
export function runInContext<T>(
  context: RequestContext,
  fn: () => T,
  agent: AgentIdentity | undefined = currentAgent(),
): T {
  return scopes.run(
    { request: context, agent: agent?.agent === context.agent ? agent : undefined },
    fn,
  );
}

/** The request that is being served, or undefined outside of one. */
export function currentContext(): RequestContext | undefined {
  return scopes.getStore()?.request;
}

/**
 * The request that is being served, for code that runs in requests alone.
 * @throws Error outside of one: a mistake in the code, not in what was sent.
 */
export function requireContext(): RequestContext {
  const context = currentContext();
  if (context === undefined) throw new Error('No request is being served here.');
  return context;
}

/** The agent that is running, or undefined outside of all of them (the launcher). */
export function currentAgent(): AgentIdentity | undefined {
  return scopes.getStore()?.agent;
}
