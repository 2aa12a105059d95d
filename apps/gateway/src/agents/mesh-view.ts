import { Inject, Injectable } from '@nestjs/common';
import { AGENT_CONTEXT, AgentStatus, STATUS, type AgentContext } from '@mesh/agent/nest';
import { StatusDto, type AgentsDto, type AgentStateDto } from '@mesh/contracts';
import { MeshError, type ErrorCode } from '@mesh/errors';
import { requireContext, runInContext } from '@mesh/observability';

/** How long a view counts once it is there, in milliseconds. */
const KEPT_MS = 1_000;

/**
 * All agents as they are now, each by its own word. However many admins watch, the agents are asked once a second at
 * most; who may see it is asked anew for each request, by the route's guard.
 */
@Injectable()
export class MeshView {
  #view: Promise<AgentsDto> | undefined;

  constructor(
    @Inject(AGENT_CONTEXT) private readonly context: AgentContext,
    private readonly own: AgentStatus,
  ) {}

  current(): Promise<AgentsDto> {
    this.#view ??= this.#look().finally(() => {
      setTimeout(() => (this.#view = undefined), KEPT_MS).unref();
    });
    return this.#view;
  }

  async #look(): Promise<AgentsDto> {
    const { directory } = this.context;
    // For all who wait for it: it does not end with the request that happens to be the first.
    const context = {
      ...requireContext(),
      signal: new AbortController().signal,
      deadline: Infinity,
    };
    const agents = await runInContext(context, () =>
      Promise.all(directory.names().map((name) => this.#stateOf(name))),
    );
    return { agents, edges: [...directory.edges()], now: new Date().toISOString() };
  }

  async #stateOf(name: string): Promise<AgentStateDto> {
    const spiffeId = this.context.directory.spiffeIdOf(name).toString();
    try {
      return { name, spiffeId, status: await this.#statusOf(name) };
    } catch (error) {
      const code: ErrorCode = error instanceof MeshError ? error.code : 'ERR_INTERNAL';
      return { name, spiffeId, code };
    }
  }

  #statusOf(name: string): Promise<StatusDto> {
    const { context } = this;
    if (name === context.name) return this.own.read();
    if (!context.directory.mayCall(name, STATUS.action, context.id)) {
      throw new StatusUndeclaredError(name);
    }
    return context.peer(name).getOwn(STATUS.action, STATUS.path, StatusDto);
  }
}

/** The agent's agent.yaml does not let the gateway ask. */
class StatusUndeclaredError extends MeshError {
  readonly code = 'ERR_STATUS_UNDECLARED';

  constructor(name: string) {
    super(`${name} does not tell the gateway how it is.`);
  }
}
