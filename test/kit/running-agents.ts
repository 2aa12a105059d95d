import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { AgentDirectory, AgentFile, loadConfig, type LoadConfigOptions } from '@mesh/agent';
import { startAgent, type AgentDefinition, type RunningAgent } from '@mesh/agent/nest';
import { EmbeddedAuthority } from '@mesh/authority';
import {
  authorizeAny,
  createMtlsPool,
  SpiffeId,
  TrustDomain,
  X509Source,
  type MtlsPool,
} from '@mesh/identity';
import { createLogger } from '@mesh/observability';
import { FileSecretSource } from '@mesh/secrets';

/** An agent under test: its code and the text of its agent.yaml. */
export interface AgentUnderTest {
  readonly definition: AgentDefinition;
  readonly file: string;
}

/**
 * Agents in this process with the embedded authority, on free ports: the same `startAgent` as in both shapes.
 * Besides the agents' own identities there is `stranger`, a workload of the domain that no file names.
 */
export class RunningAgents {
  readonly #sources: X509Source[] = [];
  readonly #pools: MtlsPool[] = [];

  private constructor(
    readonly folder: string,
    readonly authority: EmbeddedAuthority,
    readonly directory: AgentDirectory,
    readonly agents: ReadonlyMap<string, RunningAgent>,
    /** Every line of the log, parsed. */
    readonly log: Record<string, unknown>[],
  ) {}

  static async start(
    under: readonly AgentUnderTest[],
    options: {
      readonly svidTtlSeconds?: number;
      readonly flags?: LoadConfigOptions['flags'];
      readonly env?: Record<string, string>;
      /** Calls to the one agent reach the other, as if somebody had taken its address. */
      readonly rerouted?: Readonly<Record<string, string>>;
      /** Told of each line of the log as it is written. */
      readonly onLine?: (line: Record<string, unknown>) => void;
    } = {},
  ): Promise<RunningAgents> {
    const folder = mkdtempSync(join(tmpdir(), 'mesh-'));
    const trustDomain = TrustDomain.parse('mesh.test');
    const config = loadConfig({
      cwd: folder,
      env: { MESH_STATE: folder, MESH_TRUST_DOMAIN: 'mesh.test', ...options.env },
      ...(options.flags ? { flags: options.flags } : {}),
    });
    const directory = AgentDirectory.of(
      under.map(({ file }) => AgentFile.parse(file)),
      trustDomain,
    );
    const log: Record<string, unknown>[] = [];
    const logger = createLogger({
      level: 'info',
      format: 'json',
      destination: new Writable({
        write: (chunk: Buffer, _encoding, done) => {
          for (const line of chunk.toString().split('\n').filter(Boolean)) {
            const parsed = JSON.parse(line) as Record<string, unknown>;
            log.push(parsed);
            options.onLine?.(parsed);
          }
          done();
        },
      }),
    });
    const authority = await EmbeddedAuthority.start({
      trustDomain,
      directory: join(folder, 'run'),
      workloads: [
        ...directory.names().map((name) => ({ name, id: directory.spiffeIdOf(name) })),
        { name: 'stranger', id: SpiffeId.parse('spiffe://mesh.test/ns/agents/sa/stranger') },
      ],
      ...(options.svidTtlSeconds ? { svidTtlSeconds: options.svidTtlSeconds } : {}),
    });
    const agents = new Map<string, RunningAgent>();
    const running = new RunningAgents(folder, authority, directory, agents, log);
    try {
      const starts = await Promise.allSettled(
        under.map(async ({ definition }) => {
          const agent = await startAgent(definition, {
            config,
            directory,
            logger,
            secrets: new FileSecretSource(join(folder, 'secrets')),
            workloadApi: authority.socketOf(definition.name),
            anyPort: true,
            peerUrl: (name) => agents.get(options.rerouted?.[name] ?? name)!.url,
          });
          agents.set(definition.name, agent);
        }),
      );
      // All, so that none that comes up after the first failure is left running.
      for (const start of starts) if (start.status === 'rejected') throw start.reason;
    } catch (error) {
      await running.close();
      throw error;
    }
    return running;
  }

  agent(name: string): RunningAgent {
    return this.agents.get(name)!;
  }

  /** A source with the identity of an agent, or of the stranger. */
  async source(workload: string): Promise<X509Source> {
    const source = await X509Source.create({ address: this.authority.socketOf(workload) });
    this.#sources.push(source);
    return source;
  }

  /** A client with the identity of `workload` to the agent `name`. */
  async poolAs(workload: string, name: string): Promise<MtlsPool> {
    const source = await this.source(workload);
    // Whom the client reaches is not what these tests are about.
    const pool = createMtlsPool(this.agent(name).url, source, source, authorizeAny());
    this.#pools.push(pool);
    return pool;
  }

  async close(): Promise<void> {
    await Promise.all(this.#pools.map((pool) => pool.destroy()));
    for (const source of this.#sources) source.close();
    await Promise.all([...this.agents.values()].map((agent) => agent.close()));
    this.authority.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
