import { MeshError } from '@mesh/errors';

/** A process of an agent ended although nobody stopped it. */
export class AgentExitedError extends MeshError {
  readonly code = 'ERR_AGENT_EXITED';

  constructor(
    readonly agent: string,
    how: string,
  ) {
    super(`${agent} ended by itself (${how}), so the others were stopped. Its last lines say why.`);
  }
}
