import { StatusDto } from './status.dto.js';

/** An agent of the mesh, as far as it tells. */
export class AgentStateDto {
  /**
   * By its agent.yaml.
   * @example writer
   */
  name!: string;

  /**
   * Its SPIFFE ID, by its agent.yaml.
   * @example spiffe://mesh.local/ns/agents/sa/writer
   */
  spiffeId!: string;

  /** What it tells of itself; absent where it tells nothing. */
  status?: StatusDto;

  /**
   * Why there is no status.
   * @example ERR_PEER_UNREACHABLE
   */
  code?: string;
}

/** Who may call whom for what, by the agent.yaml of the called agent. */
export class AgentEdgeDto {
  /** Name of an agent, or the SPIFFE ID of a workload of another trust domain. */
  caller!: string;

  /** Name of the agent that is called. */
  agent!: string;

  /**
   * What it is called for.
   * @example draft:write
   */
  action!: string;

  /** Whether it is called on a person's behalf. */
  delegated!: boolean;
}

/** Answer of the gateway's `GET /v1/agents`. */
export class AgentsDto {
  /** All that have an agent.yaml. */
  agents!: AgentStateDto[];

  /** Who may call whom. */
  edges!: AgentEdgeDto[];

  /** When this was so, ISO 8601 in UTC. */
  now!: string;
}
