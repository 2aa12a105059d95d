import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { AgentDirectory, AgentFile, loadConfig, type LoadConfigOptions } from '@mesh/agent';
import { defineAgent, startAgent, type AgentDefinition, type RunningAgent } from '@mesh/agent/nest';
import { EmbeddedAuthority } from '@mesh/authority';
import {
  issueTxnToken,
  replaceTxnToken,
  type ContextObject,
  type TxnToken,
} from '@mesh/delegation';
import {
  EmbeddedIssuer,
  SamplePasswords,
  signInAs,
  type SignedIn,
  type SignInOptions,
} from '@mesh/issuer';
import {
  authorizeAny,
  authorizeOneOf,
  createMtlsPool,
  SpiffeId,
  TrustDomain,
  X509Source,
  type MtlsPool,
} from '@mesh/identity';
import { createLogger } from '@mesh/observability';
import { requestDigest } from '@mesh/provenance';
import { FileSecretSource, Secret } from '@mesh/secrets';
import { PeerAnswers } from '@mesh/signing';
import { Browser } from './browser.js';
import { agent as tts } from '../../apps/tts/src/agent.js';
import { UNLIMITED } from './unlimited.js';

/** An agent under test: its code and the text of its agent.yaml. */
export interface AgentUnderTest {
  readonly definition: AgentDefinition;
  readonly file: string;
}

/** Whom requests are for, where a test says nothing else. */
const ANALYST = { subject: 'analyst', roles: ['analyst'], groups: [] };
/** An issuer that nobody signs in at. */
const NO_ISSUER = { url: 'http://127.0.0.1:1' };

/** For whom and for what a token is made. */
export interface TokenOptions {
  /** At `https://login.test`; the pseudonym is made of it. Default `analyst`. */
  readonly subject?: string;
  readonly roles?: readonly string[];
  readonly details?: ContextObject;
  /** Of agents the request came through before, the first one first. */
  readonly through?: readonly string[];
}

/** One call of an agent by another workload. */
export interface CallOptions extends TokenOptions {
  /** The workload that calls: an agent, or `stranger`. */
  readonly as: string;
  /** The agent that is called. */
  readonly to: string;
  readonly path: string;
  readonly body: object;
  /** Of the Txn-Token that goes along. Undefined: none does. */
  readonly scope: string | undefined;
}

export interface CallResult {
  readonly status: number;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- a test knows what it asked for
  readonly body: any;
  /** Names of those whose statements the answer holds, outermost first, verified as the caller has to. */
  readonly signedBy: readonly string[];
}

/** The agent, and one without routes for each that its agent.yaml names as a caller. */
export function withCallers(under: AgentUnderTest): AgentUnderTest[] {
  const file = AgentFile.parse(under.file);
  const named = [...file.actions.values()].flatMap(({ callers }) => callers);
  const names = new Set(named.filter((name) => name !== 'delegates' && !name.includes(':')));
  return [under, ...Array.from(names, callerNamed)];
}

class NoRoutes {}

function callerNamed(name: string, index: number): AgentUnderTest {
  return {
    definition: defineAgent({ name, listener: 'peers', module: () => ({ module: NoRoutes }) }),
    file: `{ name: ${name}, identity: /ns/agents/sa/${name}, port: ${65_000 + index} }`,
  };
}

/**
 * Agents in this process with the embedded authority, on free ports: the same `startAgent` as in both shapes. The token
 * service runs as well, and the embedded issuer where an agent takes bearer tokens. Besides the agents' own identities
 * there is `stranger`, a workload of the domain that no file names.
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
    readonly issuer: EmbeddedIssuer | undefined,
    private readonly passwords: SamplePasswords,
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
      env: {
        MESH_STATE: folder,
        MESH_TRUST_DOMAIN: 'mesh.test',
        ...UNLIMITED,
        ...options.env,
      },
      ...(options.flags ? { flags: options.flags } : {}),
    });
    const all = [...under, tokenServiceAmong(under)];
    const directory = AgentDirectory.of(
      all.map(({ file }) => AgentFile.parse(file)),
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
        { name: 'issuer', id: SpiffeId.parse(ISSUER_ID) },
      ],
      ...(options.svidTtlSeconds ? { svidTtlSeconds: options.svidTtlSeconds } : {}),
    });
    const agents = new Map<string, RunningAgent>();
    const secrets = new FileSecretSource(join(folder, 'secrets'));
    await secrets.set('pseudonyms', new Secret(randomBytes(32).toString('base64url')));
    const passwords = SamplePasswords.random();
    const sources: X509Source[] = [];
    const issuer = await startIssuer(directory, authority, passwords, sources, (name) => {
      const url = agents.get(name)?.url;
      return url === undefined ? [] : [config.publicOrigin(Number(new URL(url).port))];
    });
    const running = new RunningAgents(folder, authority, directory, agents, log, issuer, passwords);
    running.#sources.push(...sources);
    try {
      const starts = await Promise.allSettled(
        all.map(async ({ definition }) => {
          const agent = await startAgent(definition, {
            config,
            directory,
            logger,
            secrets,
            issuer: issuer
              ? {
                  url: issuer.url,
                  agents: { url: issuer.agentsUrl!, spiffeId: SpiffeId.parse(ISSUER_ID) },
                }
              : NO_ISSUER,
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

  /** An access token of a sample account, by the issuer's code flow. */
  async signIn(account: string, scope: string): Promise<string> {
    return (await this.signedIn(account, scope)).accessToken;
  }

  /** All that the issuer gives. @param client Another than the command line's. */
  signedIn(
    account: string,
    scope: string,
    client: Pick<SignInOptions, 'clientId' | 'redirectUri'> = {},
  ): Promise<SignedIn> {
    const { url, resource } = this.issuer!;
    return signInAs(url, account, this.passwords.of(account), { scope, resource, ...client });
  }

  /**
   * A browser that was never here.
   * @param origin The agent's public address, where it is another than its own.
   * @param ca What it trusts, where that is opened by TLS.
   */
  browser(
    agent = 'gateway',
    origin = this.agent(agent).url.replace('127.0.0.1', 'mesh.localhost'),
    ca?: string,
  ): Browser {
    return new Browser(origin, (account) => this.passwordOf(account), ca);
  }

  /** Of a sample account. */
  passwordOf(account: string): string {
    return this.passwords.of(account);
  }

  /** A token that the token service could have issued to `workload`, signed with its very key. */
  async tokenFor(workload: string, scope: string, options: TokenOptions = {}): Promise<TxnToken> {
    const {
      subject = ANALYST.subject,
      roles = ANALYST.roles,
      details = {},
      through = [],
    } = options;
    const svid = (await this.source('tts')).getX509Svid();
    const [first, ...others] = [...through, workload].map((name) => this.#idOf(name));
    const now = new Date();
    const scopes = scope.split(' ');
    let token = issueTxnToken(
      svid,
      {
        accessToken: {
          issuer: 'https://login.test',
          subject,
          clientId: 'test',
          scope: scopes,
          expiresAt: now.getTime() / 1000 + 600,
          roles,
          groups: ANALYST.groups,
        },
        peer: first!,
        scope: scopes,
        details,
        context: undefined,
        user: `pseudonym-of-${subject}`,
      },
      now,
    );
    for (const peer of others) token = replaceTxnToken(svid, token, { peer, scope: scopes }, now);
    return token;
  }

  /** The headers of a delegated call by `workload`: a token and a fresh nonce. */
  async delegation(
    workload: string,
    scope: string,
    options: TokenOptions = {},
  ): Promise<Record<string, string>> {
    const token = await this.tokenFor(workload, scope, options);
    return {
      'txn-token': token.reveal(),
      'request-nonce': randomBytes(16).toString('base64url'),
    };
  }

  /** Calls an agent over mTLS as another workload, and verifies the answer where it is one. */
  async call({ as, to, path, body, scope, ...options }: CallOptions): Promise<CallResult> {
    const token = scope === undefined ? undefined : await this.tokenFor(as, scope, options);
    const nonce = randomBytes(16).toString('base64url');
    const pool = await this.poolAs(as, to);
    const response = await pool.request({
      method: 'POST',
      path,
      headers: {
        'content-type': 'application/json',
        'request-nonce': nonce,
        ...(token ? { 'txn-token': token.reveal() } : {}),
      },
      body: JSON.stringify(body),
    });
    const answer = await text(response.body);
    const { status } = response;
    if (status !== 200 || !token) return { status, body: JSON.parse(answer), signedBy: [] };
    const request = await requestDigest({ method: 'POST', path, nonce, body });
    const { nodes } = await new PeerAnswers(
      await this.source(as),
      this.directory.workloadEdges(),
      this.#idOf(as),
    ).verify(answer, {
      peer: this.#idOf(to),
      txn: token.txn,
      delegation: {
        subject: token.userId,
        actors: token.actors,
        scope: token.scope,
        tokenHash: token.hash,
      },
      request,
      now: new Date(),
    });
    const signers = nodes.map(({ statement }) => this.directory.nameOf(statement.iss)!);
    return { status, body: JSON.parse(answer), signedBy: signers };
  }

  #idOf(workload: string): SpiffeId {
    return this.directory.has(workload)
      ? this.directory.spiffeIdOf(workload)
      : SpiffeId.parse(`spiffe://mesh.test/ns/agents/sa/${workload}`);
  }

  async close(): Promise<void> {
    await Promise.all(this.#pools.map((pool) => pool.destroy()));
    await Promise.all([...this.agents.values()].map((agent) => agent.close()));
    await this.issuer?.close();
    for (const source of this.#sources) source.close();
    this.authority.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Of an agent that people sign in to by a browser. */
const SESSION_CLIENT = 'mesh-gateway';
const ISSUER_ID = 'spiffe://mesh.test/ns/mesh/sa/issuer';

const TTS_FILE = readFileSync(join(import.meta.dirname, '../../apps/tts/agent.yaml'), 'utf8');

/** Without a gateway there is nobody to tell how it is. */
function tokenServiceAmong(under: readonly AgentUnderTest[]): AgentUnderTest {
  const asked = under.some(({ definition }) => definition.name === 'gateway');
  return {
    definition: tts,
    file: asked ? TTS_FILE : TTS_FILE.replace(/^ *agent:status:.*\n/m, ''),
  };
}

async function startIssuer(
  directory: AgentDirectory,
  authority: EmbeddedAuthority,
  passwords: SamplePasswords,
  sources: X509Source[],
  origins: (agent: string) => readonly string[],
): Promise<EmbeddedIssuer | undefined> {
  const readers = directory.names().filter((name) => directory.get(name).apiClients.length > 0);
  const gateway = readers.find((name) => directory.get(name).sessionClient === SESSION_CLIENT);
  if (readers.length === 0) return undefined;
  const source = await X509Source.create({ address: authority.socketOf('issuer') });
  sources.push(source);
  return EmbeddedIssuer.start({
    port: 0,
    resource: `https://${directory.trustDomain.name}/api`,
    scopes: Object.fromEntries(
      directory
        .edges()
        .filter(({ delegated }) => delegated)
        .map(({ agent, action }) => [action, directory.get(agent).actsFor?.roles ?? []]),
    ),
    passwords,
    ...(gateway
      ? {
          session: {
            clientId: SESSION_CLIENT,
            spiffeId: directory.spiffeIdOf(gateway),
            origins: () => origins(gateway),
          },
        }
      : {}),
    agents: {
      svids: source,
      bundles: source,
      authorizer: authorizeOneOf(...[...readers, 'tts'].map((name) => directory.spiffeIdOf(name))),
      port: 0,
    },
  });
}
