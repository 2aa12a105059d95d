import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { authorizeOneOf, SpiffeId, X509Source } from '@mesh/identity';
import { EmbeddedIssuer, SamplePasswords, signInAs, type SampleAccountName } from '@mesh/issuer';
import type { IssueOptions, Minted } from '@test/kit';
import { UNLIMITED } from '../../kit/unlimited.js';
import { AgentProcess } from './agent-process.js';
import { OTHER_AGENTS, writeAgentFiles } from './agent-files.js';
import { freePort } from './free-port.js';
import { IssuerDoor } from './issuer-door.js';
import { LogBook } from './log-book.js';
import { MintingAuthority } from './minting-authority.js';
import { Switch } from './switch.js';

export const TRUST_DOMAIN = 'mesh.test';
export const FEDERATED_DOMAIN = 'partner.test';
export const API = `https://${TRUST_DOMAIN}/api`;

/** Agents that run, each in a process of its own. */
export const AGENTS = ['gateway', 'researcher', 'writer', 'tts'] as const;
export type AgentName = (typeof AGENTS)[number];

/** The gateway as the client of people's browsers. */
export const SESSION_CLIENT = 'mesh-web';
/** Of the gateway that takes few requests: how many in a minute. */
export const FEW = 4;
const LIMITS = {
  MESH_RATE_LIMIT_SIGN_IN: String(FEW),
  MESH_RATE_LIMIT_QUESTIONS: String(FEW),
  MESH_RATE_LIMIT_SESSION: String(2 * FEW),
  MESH_RATE_LIMIT_ADDRESS: String(4 * FEW),
};
/** What a person may ask for, all of it. */
const ALL_SCOPES = 'research:fast research:deep draft:write';
/** Documents about other things than those of the project. */
const DOCUMENTS = join(import.meta.dirname, '../../questions/corpus');

export function idOf(name: string): string {
  return `spiffe://${TRUST_DOMAIN}/ns/${name === 'issuer' ? 'mesh' : 'agents'}/sa/${name}`;
}

function originOf(gatewayUrl: string): string {
  return `http://mesh.localhost:${new URL(gatewayUrl).port}`;
}

/**
 * The mesh under attack: the four agents as processes, an authority whose key the suite holds, the embedded issuer, and
 * between them a network that the suite can lead elsewhere.
 */
export class AttackedMesh {
  readonly #tokens = new Map<string, Promise<string>>();
  #limited: AgentProcess | undefined;

  private constructor(
    readonly folder: string,
    readonly authority: MintingAuthority,
    readonly issuer: EmbeddedIssuer,
    /** Of the issuer's door for agents, which runs here. */
    readonly issuerLog: LogBook,
    readonly door: IssuerDoor,
    readonly passwords: SamplePasswords,
    private readonly source: X509Source,
    readonly processes: Readonly<Record<AgentName, AgentProcess>>,
    /** The way to a peer that the agents go: to be led elsewhere. */
    readonly network: Readonly<Record<AgentName | 'issuer', Switch>>,
    /** Where an agent really is. */
    readonly urls: Readonly<Record<AgentName, string>>,
    readonly managementUrls: Readonly<Record<AgentName, string>>,
  ) {}

  static async start(): Promise<AttackedMesh> {
    const folder = mkdtempSync(join(tmpdir(), 'mesh-attacks-'));
    const undo: (() => Promise<void> | void)[] = [
      () => rmSync(folder, { recursive: true, force: true }),
    ];
    try {
      return await AttackedMesh.#start(folder, undo);
    } catch (error) {
      for (const step of undo.reverse()) await step();
      throw error;
    }
  }

  static async #start(folder: string, undo: (() => Promise<void> | void)[]): Promise<AttackedMesh> {
    for (const name of ['state/secrets', 'agents', 'reports']) {
      mkdirSync(join(folder, name), { recursive: true, mode: 0o700 });
    }
    writeAgentFiles(join(folder, 'agents'));
    const pseudonyms = randomBytes(32).toString('base64url');
    writeFileSync(join(folder, 'state/secrets/pseudonyms'), pseudonyms, { mode: 0o600 });

    const workloads = [...AGENTS, ...OTHER_AGENTS, 'issuer'];
    const authority = await MintingAuthority.start(
      TRUST_DOMAIN,
      FEDERATED_DOMAIN,
      Object.fromEntries(workloads.map((name) => [name, idOf(name)])),
    );
    undo.push(() => authority.close());
    const source = await X509Source.create({ address: authority.socketOf('issuer') });
    undo.push(() => source.close());
    const passwords = SamplePasswords.random();
    const origins: string[] = [];
    const issuerLog = new LogBook();
    const issuer = await EmbeddedIssuer.start({
      port: 0,
      resource: API,
      passwords,
      session: {
        clientId: SESSION_CLIENT,
        spiffeId: SpiffeId.parse(idOf('gateway')),
        origins: () => origins,
      },
      agents: {
        svids: source,
        bundles: source,
        port: 0,
        authorizer: authorizeOneOf(
          ...['gateway', 'tts', 'issuer'].map((name) => SpiffeId.parse(idOf(name))),
        ),
        log: (event) => {
          const line = { event: 'handshake', ...event, serial_number: event.serialNumber };
          issuerLog.add(`${JSON.stringify(line)}\n`);
        },
      },
    });
    undo.push(() => issuer.close());
    const network = {} as Record<AgentName | 'issuer', Switch>;
    for (const name of [...AGENTS, 'issuer'] as const) {
      network[name] = await Switch.start();
      undo.push(() => network[name].close());
    }
    const door = await IssuerDoor.start((name) => authority.svidOf(name), {
      url: issuer.url,
      agentsUrl: issuer.agentsUrl!,
      at: network.issuer.url,
      resource: API,
    });
    undo.push(() => door.close());
    await network.issuer.lead(door.url);

    const managementPorts = {} as Record<AgentName, number>;
    for (const name of AGENTS) managementPorts[name] = await freePort();
    const processes = {} as Record<AgentName, AgentProcess>;
    for (const name of AGENTS) {
      processes[name] = AgentProcess.start(name, folder, {
        ...environment(folder, network, issuer.url),
        [`MESH_MANAGEMENT_PORT_${name.toUpperCase()}`]: String(managementPorts[name]),
        SPIFFE_ENDPOINT_SOCKET: authority.socketOf(name),
      });
      undo.push(() => processes[name].end());
    }
    const urls = {} as Record<AgentName, string>;
    for (const name of AGENTS) {
      urls[name] = await processes[name].ready();
      await network[name].lead(urls[name]);
    }
    origins.push(originOf(urls.gateway));
    const managementUrls = Object.fromEntries(
      AGENTS.map((name) => [name, `http://127.0.0.1:${managementPorts[name]}`]),
    ) as Record<AgentName, string>;
    return new AttackedMesh(
      folder,
      authority,
      issuer,
      issuerLog,
      door,
      passwords,
      source,
      processes,
      network,
      urls,
      managementUrls,
    );
  }

  /** The real SVID of a workload: what a thief of its key would have. */
  svidOf(name: string): Minted {
    return this.authority.svidOf(name);
  }

  /** A right SVID of the mesh's own CA, but for what the options say. */
  mint(options: IssueOptions): Promise<Minted> {
    return this.authority.mint(options);
  }

  log(name: AgentName): LogBook {
    return this.processes[name].log;
  }

  /** Public address of the gateway. */
  get origin(): string {
    return originOf(this.urls.gateway);
  }

  /** An access token of a person, by the issuer's own code flow. One a person, scope and signing key. */
  signIn(account: SampleAccountName = 'analyst', scope = ALL_SCOPES): Promise<string> {
    const key = `${account} ${scope}`;
    const known = this.#tokens.get(key) ?? this.signInAnew(account, scope);
    this.#tokens.set(key, known);
    return known;
  }

  /** The same, never one that was had before. */
  async signInAnew(account: SampleAccountName, scope = ALL_SCOPES): Promise<string> {
    const password = this.passwords.of(account);
    const { accessToken } = await signInAs(this.issuer.url, account, password, {
      scope,
      resource: API,
    });
    return accessToken;
  }

  /** Where one more gateway is, started at the first call, that takes few requests in a minute. */
  async limitedGateway(): Promise<string> {
    this.#limited ??= AgentProcess.start('gateway', this.folder, {
      ...environment(this.folder, this.network, this.issuer.url),
      ...LIMITS,
      MESH_MANAGEMENT_PORT_GATEWAY: '0',
      SPIFFE_ENDPOINT_SOCKET: this.authority.socketOf('gateway'),
    });
    return this.#limited.ready();
  }

  /** After the issuer's keys were changed. */
  forgetSignIns(): void {
    this.#tokens.clear();
  }

  async close(): Promise<void> {
    await this.#limited?.end();
    for (const name of AGENTS) await this.processes[name].end();
    await Promise.all(Object.values(this.network).map((one) => one.close()));
    await this.door.close();
    await this.issuer.close();
    this.source.close();
    await this.authority.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function environment(
  folder: string,
  network: Readonly<Record<AgentName | 'issuer', Switch>>,
  issuerUrl: string,
): Record<string, string> {
  const each = AGENTS.flatMap((name) => [
    [`MESH_PORT_${name.toUpperCase()}`, '0'],
    [`MESH_PEER_${name.toUpperCase()}_URL`, network[name].url],
    // What is refused counts as a failure of the peer: the next row must reach it all the same.
    [`MESH_RESILIENCE_${name.toUpperCase()}_BREAKER_VOLUME_THRESHOLD`, '10000'],
    [`MESH_RESILIENCE_${name.toUpperCase()}_RETRIES`, '0'],
  ]);
  return {
    ...(Object.fromEntries(each) as Record<string, string>),
    ...UNLIMITED,
    PATH: process.env['PATH'] ?? '',
    HOME: folder,
    MESH_STATE: join(folder, 'state'),
    MESH_AGENTS: join(folder, 'agents'),
    MESH_DOCUMENTS: DOCUMENTS,
    MESH_TRUST_DOMAIN: TRUST_DOMAIN,
    MESH_LOG_FORMAT: 'json',
    MESH_ISSUER_URL: issuerUrl,
    MESH_ISSUER_AGENTS_URL: network.issuer.url,
    MESH_ISSUER_SPIFFE_ID: idOf('issuer'),
    NODE_OPTIONS: `--report-on-signal --report-signal=SIGUSR2 --report-directory=${join(folder, 'reports')}`,
  };
}
