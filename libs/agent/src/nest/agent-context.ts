import { AgentIdentityDto } from '@mesh/contracts';
import { authorizeId, createMtlsPool, type MtlsPool, type X509Source } from '@mesh/identity';
import type { CallerPolicy } from '@mesh/identity/nest';
import { logHandshake, type Logger, type MeshMetrics } from '@mesh/observability';
import { Policy } from '@mesh/resilience';
import type { SecretSource } from '@mesh/secrets';
import type { AgentDirectory } from '../agent-file/agent-directory.js';
import type { AgentFile } from '../agent-file/agent-file.js';
import type { MeshConfig } from '../config/config.js';
import { PeerClient } from '../pipeline/peer-client.js';

/** How far a long preparation is. */
export interface Progress {
  readonly what: string;
  readonly done: number;
  readonly total: number;
}

/** All that an agent's code may need of its surroundings; the same in both shapes. */
export class AgentContext {
  readonly #clients = new Map<string, PeerClient>();
  readonly #pools = new Map<string, MtlsPool>();
  readonly #policies = new Map<string, Policy>();

  constructor(
    readonly file: AgentFile,
    readonly directory: AgentDirectory,
    readonly config: MeshConfig,
    readonly identity: X509Source,
    /** Gives the secrets that its agent.yaml names, and no other. */
    readonly secrets: SecretSource,
    readonly logger: Logger,
    readonly metrics: MeshMetrics,
    /** Base URL of another agent. */
    private readonly peerUrl: (name: string) => string,
    /** Tells a person at a terminal how far a long preparation is. */
    readonly onProgress: (progress: Progress) => void,
    /** Ends long preparations: the process was told to stop before it was ready. */
    readonly signal: AbortSignal,
  ) {}

  /** Who may call what, of this agent. */
  readonly callers: CallerPolicy = {
    allows: (action, caller) => this.directory.mayCall(this.name, action, caller),
  };

  get name(): string {
    return this.file.name;
  }

  /** The identity this agent answers with now. */
  self(): AgentIdentityDto {
    const svid = this.identity.getX509Svid();
    return Object.assign(new AgentIdentityDto(), {
      spiffeId: svid.id.toString(),
      serialNumber: svid.serialNumber,
      notAfter: svid.notAfter.toISOString(),
    });
  }

  /** The client of another agent; one a peer. */
  peer(name: string): PeerClient {
    let client = this.#clients.get(name);
    if (!client) {
      client = new PeerClient(
        name,
        () => this.#pool(name),
        this.policy(name),
        (hop) => {
          this.metrics.hop(hop);
          const { peer, outcome, durationMs } = hop;
          this.logger.debug(
            { event: 'hop', peer, outcome, duration_ms: durationMs },
            `${peer}: ${outcome}`,
          );
        },
      );
      this.#clients.set(name, client);
    }
    return client;
  }

  #pool(name: string): MtlsPool {
    let pool = this.#pools.get(name);
    if (!pool) {
      pool = createMtlsPool(
        this.peerUrl(name),
        this.identity,
        this.identity,
        authorizeId(this.directory.spiffeIdOf(name)),
        {
          log: (event) => {
            this.metrics.handshake(event);
            logHandshake(this.logger, event);
          },
        },
      );
      this.#pools.set(name, pool);
    }
    return pool;
  }

  /** The policy for calls to a peer or provider; one a name. */
  policy(name: string): Policy {
    let policy = this.#policies.get(name);
    if (!policy) {
      policy = new Policy(name, this.config.resilience(name), {
        onBreaker: (state) => {
          this.metrics.breaker(name, state);
          this.logger.warn({ event: 'breaker', name, state }, `breaker of ${name} is ${state}`);
        },
        onRetry: ({ attempt, delayMs, error }) => {
          this.metrics.retry(name);
          this.logger.warn(
            { event: 'retry', name, attempt, delay_ms: delayMs, err: error },
            `${name} is tried again`,
          );
        },
      });
      this.#policies.set(name, policy);
    }
    return policy;
  }

  policies(): readonly Policy[] {
    return [...this.#policies.values()];
  }

  async close(): Promise<void> {
    // First the policies: they end calls under way, for which the pools would wait.
    for (const policy of this.#policies.values()) policy.close();
    await Promise.all([...this.#pools.values()].map((pool) => pool.close()));
    this.secrets.close();
  }
}
