import { AgentIdentityDto } from '@mesh/contracts';
import {
  AccessTokenVerifier,
  TokenClient,
  TxnTokenVerifier,
  type ExchangePolicy,
} from '@mesh/delegation';
import type { DelegationRules, SignedInRules } from '@mesh/delegation/nest';
import {
  authorizeId,
  createMtlsPool,
  type HandshakeLog,
  type MtlsPool,
  type SpiffeId,
  type X509Source,
} from '@mesh/identity';
import type { CallerPolicy } from '@mesh/identity/nest';
import { logHandshake, type Logger, type MeshMetrics } from '@mesh/observability';
import { Policy } from '@mesh/resilience';
import type { SecretSource } from '@mesh/secrets';
import { AnswerSigner, PeerAnswers } from '@mesh/signing';
import type { AgentDirectory } from '../agent-file/agent-directory.js';
import type { AgentFile } from '../agent-file/agent-file.js';
import { ConfigError } from '../config/config.error.js';
import type { MeshConfig } from '../config/config.js';
import { DelegatedCalls } from '../pipeline/delegated-calls.js';
import { issuerDocuments, type IssuerAddress } from '../pipeline/issuer-documents.js';
import { issuerFetch, type IssuerFetch } from '../pipeline/issuer-fetch.js';
import { UndelegatedCallError } from '../pipeline/peer.error.js';
import { Refusals } from '../pipeline/refusals.js';
import { PeerClient } from '../pipeline/peer-client.js';
import { TokenResponseDto } from '../pipeline/token-response.dto.js';

/** How far a long preparation is. */
export interface Progress {
  readonly what: string;
  readonly done: number;
  readonly total: number;
}

/** The OpenID issuer that people sign in at, for who is its client. */
export interface OpenIdIssuer {
  /** Its identifier, `iss` of its tokens. */
  readonly url: string;
  readonly fetch: IssuerFetch;
  /** Requests go over mTLS, so that it knows this agent by its SVID. */
  readonly knowsSvids: boolean;
}

/** All that an agent's code may need of its surroundings; the same in both shapes. */
export class AgentContext {
  readonly #clients = new Map<string, PeerClient>();
  readonly #pools = new Map<string, MtlsPool>();
  readonly #policies = new Map<string, Policy>();
  #accessTokens: AccessTokenVerifier | undefined;
  #openIdIssuer: OpenIdIssuer | undefined;
  readonly #txnTokens: TxnTokenVerifier;
  readonly #delegatedCalls: DelegatedCalls;
  #port: number | undefined;
  /** Own SPIFFE ID. */
  readonly id: SpiffeId;
  /** Obtains transaction tokens for this agent. */
  readonly tokens: TokenClient;
  /** Signs what this agent answers. */
  readonly answers: AnswerSigner;

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
    /** The OpenID issuer that people sign in at; undefined where none is configured. */
    private readonly issuer: IssuerAddress | undefined,
  ) {
    this.id = directory.spiffeIdOf(file.name);
    this.#txnTokens = new TxnTokenVerifier({
      bundles: identity,
      // Where there is none, no route takes a token: an agent that has one does not start.
      issuer: directory.spiffeIdOf(directory.tokenService ?? file.name),
      audience: directory.trustDomain,
    });
    this.tokens = new TokenClient((form) => this.#exchange(form), this.#txnTokens, this.id);
    this.answers = new AnswerSigner(this.id, identity);
    this.#delegatedCalls = new DelegatedCalls(
      { name: file.name, id: this.id },
      directory,
      this.tokens,
      new PeerAnswers(identity, directory.workloadEdges(), this.id),
      ({ peer, error, correlationId }) => {
        const { code, message: reason } = error;
        this.logger.warn(
          { event: 'answer.refused', peer, code, reason, err: error },
          `the answer of ${peer} is refused`,
        );
        this.refusals.add({ code, peer: directory.spiffeIdOf(peer).toString(), correlationId });
      },
    );
  }

  /** The last requests, handshakes and answers that this agent refused. */
  readonly refusals = new Refusals();

  /** Told of each handshake of the listener and with peers. */
  readonly onHandshake: HandshakeLog = (event) => {
    this.metrics.handshake(event);
    logHandshake(this.logger, event);
    // Without the peer: whom a refused certificate names is anybody's word.
    if (event.outcome === 'refused')
      this.refusals.add({ code: event.code ?? 'ERR_PEER_UNTRUSTED' });
  };

  /** Who may call what, of this agent. */
  readonly callers: CallerPolicy = {
    allows: (action, caller) => this.directory.mayCall(this.name, action, caller),
  };

  /** Who may obtain which token, and for whom. */
  get exchangePolicy(): ExchangePolicy {
    return this.directory.exchangePolicy;
  }

  /** By what this agent judges the tokens it is sent. */
  delegationRules(): DelegationRules {
    return {
      self: this.id,
      verifier: this.#txnTokens,
      policy: this.exchangePolicy,
      naming: this.config.logUserId,
    };
  }

  /** How this agent turns the sign-in of a person into a transaction. */
  signedInRules(): SignedInRules {
    return {
      tokens: this.tokens,
      scopesFor: (action) => this.directory.scopesFor(this.name, action),
      naming: this.config.logUserId,
    };
  }

  /** The OpenID issuer that people sign in at; undefined where none is configured. */
  get issuerUrl(): string | undefined {
    return this.issuer?.url;
  }

  /**
   * Verifies access tokens of the issuer that people sign in at.
   * @throws ConfigError where none is configured
   */
  get accessTokens(): AccessTokenVerifier {
    return (this.#accessTokens ??= this.#makeAccessTokens());
  }

  /**
   * The issuer as its clients need it.
   * @throws ConfigError where none is configured
   */
  get openIdIssuer(): OpenIdIssuer {
    return (this.#openIdIssuer ??= this.#findIssuer());
  }

  /** Told once the listener is bound. */
  listens(port: number): void {
    this.#port = port;
  }

  /**
   * The origin that people open this agent at.
   * @throws Error before it listens: the port may be any that is free
   */
  get publicUrl(): string {
    if (this.#port === undefined) throw new Error('The port is not known before it is bound.');
    return this.config.publicOrigin(this.#port);
  }

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
        this.#delegatedCalls,
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
    return (
      this.#pools.get(name) ??
      this.#makePool(name, this.peerUrl(name), this.directory.spiffeIdOf(name))
    );
  }

  /** Closed with this context. */
  #makePool(name: string, url: string, id: SpiffeId): MtlsPool {
    const pool = createMtlsPool(url, this.identity, this.identity, authorizeId(id), {
      log: this.onHandshake,
    });
    this.#pools.set(name, pool);
    return pool;
  }

  async #exchange(form: URLSearchParams): Promise<string> {
    const { tokenService, tokenAction } = this.directory;
    if (tokenService === undefined || tokenAction === undefined) {
      throw new UndelegatedCallError(
        'No agent.yaml declares a token service (callers: delegates).',
      );
    }
    const peer = this.peer(tokenService);
    const answer = await peer.postOwn(tokenAction, '/token', form, TokenResponseDto);
    return answer.access_token;
  }

  #makeAccessTokens(): AccessTokenVerifier {
    const { url, fetch } = this.openIdIssuer;
    return new AccessTokenVerifier(url, this.config.audience(), issuerDocuments(fetch));
  }

  #findIssuer(): OpenIdIssuer {
    const { issuer } = this;
    if (issuer === undefined) {
      throw new ConfigError(
        'issuerUrl',
        `MESH_ISSUER_URL is not set. ${this.name} needs the OpenID issuer that people sign in at, such as https://login.example.org.`,
      );
    }
    const { url, agents } = issuer;
    // No agent has a name with parentheses.
    const pool = agents && this.#makePool('(issuer)', agents.url, agents.spiffeId);
    return { url, fetch: issuerFetch(issuer, pool), knowsSvids: pool !== undefined };
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
