import type { PersonNaming } from '@mesh/delegation';
import { LOG_FORMATS, LOG_LEVELS, type LogFormat, type LogLevel } from '@mesh/observability';
import { type SpiffeId, TrustDomain } from '@mesh/spiffe';
import {
  audience,
  endpointSocket,
  hostNames,
  ipAddress,
  issuerUrl,
  modelName,
  oneOf,
  path,
  peerUrl,
  providerUrl,
  scopes,
  publicUrl,
  spiffeId,
  trustDomain,
  wholeNumber,
  type Kind,
} from './kinds.js';

/** One setting: the row from which its validation, errors, `config --print` and documentation are made. */
export interface Setting<T> {
  readonly kind: Kind<T>;
  /** Environment variable. */
  readonly variable: string;
  readonly description: string;
  readonly standard: (root: string) => T;
  /** The default as the documentation shows it, where it depends on the machine. */
  readonly shown?: string;
  /** It has a flag of the command line: its key in kebab-case. */
  readonly flag?: true;
}

/** The same for each of several names: `<agent>` or `<name>` in key and variable is replaced. */
export interface NamedSetting<T> {
  readonly kind: Kind<T>;
  readonly key: string;
  readonly variable: string;
  readonly description: string;
  /** The default as the documentation shows it. */
  readonly shown: string;
}

const port = wholeNumber(0, 65_535, 'a port (0: any that is free)');
const requests = wholeNumber(1, 1_000_000, 'requests a minute');

function setting<T>(definition: Setting<T>): Setting<T> {
  return definition;
}

/** Settings there is one of. Secrets are none of them: keys come from a `SecretSource`. */
export const settings = {
  trustDomain: setting({
    kind: trustDomain,
    variable: 'MESH_TRUST_DOMAIN',
    description: 'SPIFFE trust domain of all agents',
    standard: () => TrustDomain.ofName('mesh.local'),
  }),
  state: setting({
    kind: path,
    variable: 'MESH_STATE',
    description: 'folder of what is kept: secrets, public bundles, the search index',
    standard: (root) => `${root}/.mesh`,
    shown: "`.mesh` in the project's folder",
  }),
  agents: setting({
    kind: path,
    variable: 'MESH_AGENTS',
    description: 'folder with an agent.yaml in a folder for each agent',
    standard: (root) => `${root}/apps`,
    shown: "`apps` in the project's folder",
  }),
  documents: setting({
    kind: path,
    variable: 'MESH_DOCUMENTS',
    description: 'folder of the documents that are searched',
    standard: (root) => `${root}/docs`,
    shown: "`docs` in the project's folder",
    flag: true,
  }),
  search: setting<'documents' | 'tavily'>({
    kind: oneOf('documents', 'tavily'),
    variable: 'MESH_SEARCH',
    description: 'what the researcher searches: the documents, or the web by Tavily',
    standard: () => 'documents',
    flag: true,
  }),
  tavilyUrl: setting({
    kind: providerUrl,
    variable: 'MESH_TAVILY_URL',
    description: 'where Tavily is',
    standard: () => 'https://api.tavily.com',
  }),
  model: setting<'extractive' | 'gemini'>({
    kind: oneOf('extractive', 'gemini'),
    variable: 'MESH_MODEL',
    description: 'what writes: sentences picked from the sources (no model), or Gemini',
    standard: () => 'extractive',
    flag: true,
  }),
  geminiModel: setting({
    kind: modelName,
    variable: 'MESH_GEMINI_MODEL',
    description: 'which model of Gemini',
    standard: () => 'gemini-3.8-flash',
  }),
  geminiUrl: setting({
    kind: providerUrl,
    variable: 'MESH_GEMINI_URL',
    description: 'where Gemini is, without the version of its API',
    standard: () => 'https://generativelanguage.googleapis.com',
  }),
  logLevel: setting<LogLevel>({
    kind: oneOf(...LOG_LEVELS),
    variable: 'MESH_LOG_LEVEL',
    description: 'least level of the lines in the log',
    standard: () => 'info',
    flag: true,
  }),
  logFormat: setting<LogFormat>({
    kind: oneOf(...LOG_FORMATS),
    variable: 'MESH_LOG_FORMAT',
    description: 'form of the log; `auto`: readable on a terminal, JSON elsewhere',
    standard: () => 'auto',
    flag: true,
  }),
  bind: setting({
    kind: ipAddress,
    variable: 'MESH_BIND',
    description: 'address that agents listen on',
    standard: () => '127.0.0.1',
  }),
  publicUrl: setting<string | undefined>({
    kind: publicUrl,
    variable: 'MESH_PUBLIC_URL',
    description: 'address that people open the gateway at',
    standard: () => undefined,
    shown: "`http://mesh.localhost:` and the gateway's port",
  }),
  tls: setting<'off' | 'loopback' | 'files'>({
    kind: oneOf('off', 'loopback', 'files'),
    variable: 'MESH_TLS',
    description:
      'TLS of the listener for people: none, on loopback alone; a certificate for this machine that `./mesh` makes; or files of your own',
    standard: () => 'off',
  }),
  tlsCertificate: setting<string | undefined>({
    kind: path,
    variable: 'MESH_TLS_CERTIFICATE',
    description:
      'its certificate and intermediates, leaf first, in PEM; read again when it changes',
    standard: () => undefined,
    shown: 'none; `files` needs it',
  }),
  tlsKey: setting<string | undefined>({
    kind: path,
    variable: 'MESH_TLS_KEY',
    description: 'the private key of that certificate, in PEM',
    standard: () => undefined,
    shown: 'none; `files` needs it',
  }),
  rateLimitAddress: setting({
    kind: requests,
    variable: 'MESH_RATE_LIMIT_ADDRESS',
    description: 'what people may send from one address (of IPv6: one /64 network)',
    standard: () => 1200,
  }),
  rateLimitSession: setting({
    kind: requests,
    variable: 'MESH_RATE_LIMIT_SESSION',
    description: 'what one session may send, or one person by access tokens',
    standard: () => 300,
  }),
  rateLimitQuestions: setting({
    kind: requests,
    variable: 'MESH_RATE_LIMIT_QUESTIONS',
    description: 'questions of one session; ten times as many from one address',
    standard: () => 30,
  }),
  rateLimitSignIn: setting({
    kind: requests,
    variable: 'MESH_RATE_LIMIT_SIGN_IN',
    description:
      'sign-ins from one address, each of which takes two; ten times as many logouts by the issuer',
    standard: () => 60,
  }),
  web: setting({
    kind: path,
    variable: 'MESH_WEB',
    description: 'folder of the built web interface',
    standard: (root) => `${root}/apps/web/dist`,
    shown: "`apps/web/dist` in the project's folder",
  }),
  spiffeEndpointSocket: setting<string | undefined>({
    kind: endpointSocket,
    variable: 'SPIFFE_ENDPOINT_SOCKET',
    description: 'Workload API of an agent that runs by itself',
    standard: () => undefined,
    shown: 'none: such an agent does not start without',
  }),
  issuerUrl: setting<string | undefined>({
    kind: issuerUrl,
    variable: 'MESH_ISSUER_URL',
    description: 'OpenID issuer that people sign in at',
    standard: () => undefined,
    shown: 'the embedded issuer; an agent that runs by itself and needs one does not start without',
  }),
  issuerAgentsUrl: setting<string | undefined>({
    kind: peerUrl,
    variable: 'MESH_ISSUER_AGENTS_URL',
    description: 'where agents reach the issuer over mTLS',
    standard: () => undefined,
    shown: "none: at the issuer's URL",
  }),
  issuerSpiffeId: setting<SpiffeId | undefined>({
    kind: spiffeId,
    variable: 'MESH_ISSUER_SPIFFE_ID',
    description: 'SPIFFE ID of the issuer there',
    standard: () => undefined,
    shown: 'none',
  }),
  apiAudience: setting<string | undefined>({
    kind: audience,
    variable: 'MESH_API_AUDIENCE',
    description: 'what access tokens must be for (`aud`)',
    standard: () => undefined,
    shown: '`https://`, the trust domain and `/api`',
  }),
  txnTokenTtlSeconds: setting({
    kind: wholeNumber(10, 900, 'seconds'),
    variable: 'MESH_TXN_TOKEN_TTL',
    description: 'how long a transaction token lives at most',
    standard: () => 300,
  }),
  txnTokenMaxActors: setting({
    kind: wholeNumber(1, 8, 'workloads'),
    variable: 'MESH_TXN_TOKEN_MAX_ACTORS',
    description: 'how many workloads a transaction goes through at most',
    standard: () => 4,
  }),
  sessionScope: setting<readonly string[]>({
    kind: scopes,
    variable: 'MESH_SESSION_SCOPE',
    description:
      'more that a session asks the issuer for: `offline_access` where refresh tokens need it',
    standard: () => [],
    shown: 'none',
  }),
  sessionIdleMinutes: setting({
    kind: wholeNumber(1, 480, 'minutes'),
    variable: 'MESH_SESSION_IDLE',
    description: "how long a browser's session may lie idle",
    standard: () => 30,
  }),
  sessionMaxMinutes: setting({
    kind: wholeNumber(5, 1440, 'minutes'),
    variable: 'MESH_SESSION_MAX',
    description: "how long a browser's session lasts at most",
    standard: () => 480,
  }),
  logUserId: setting<PersonNaming>({
    kind: oneOf('pseudonym', 'subject'),
    variable: 'MESH_LOG_USER_ID',
    description: 'how the log names a person',
    standard: () => 'pseudonym',
  }),
  issuerPort: setting({
    kind: port,
    variable: 'MESH_ISSUER_PORT',
    description: 'port of the embedded issuer, where people sign in',
    standard: () => 4010,
  }),
  issuerAgentsPort: setting({
    kind: port,
    variable: 'MESH_ISSUER_AGENTS_PORT',
    description: 'port where agents reach it over mTLS',
    standard: () => 4011,
  }),
  federation: setting<string | undefined>({
    kind: path,
    variable: 'MESH_FEDERATION',
    description:
      'folder of SPIFFE bundle documents, `<trust domain>.json`, that the embedded authority hands out beside its own',
    standard: () => undefined,
    shown: 'none',
  }),
  svidTtlSeconds: setting({
    kind: wholeNumber(2, 86_400, 'seconds'),
    variable: 'MESH_SVID_TTL',
    description:
      'how long an SVID of the embedded authority is valid; it is replaced at half of it',
    standard: () => 3600,
  }),
} as const;

export type SettingKey = keyof typeof settings;

/** The values of {@link settings}. */
export type SettingValues = {
  readonly [key in SettingKey]: (typeof settings)[key] extends Setting<infer T> ? T : never;
};

function named<T>(definition: NamedSetting<T>): NamedSetting<T> {
  return definition;
}

/** Settings there is one of for each agent. */
export const agentSettings = {
  port: named({
    kind: port,
    key: 'ports.<agent>',
    variable: 'MESH_PORT_<AGENT>',
    description: 'port of its listener',
    shown: '`port` of its agent.yaml',
  }),
  managementPort: named({
    kind: port,
    key: 'managementPorts.<agent>',
    variable: 'MESH_MANAGEMENT_PORT_<AGENT>',
    description: 'port of its health checks and metrics',
    shown: '100 above its port',
  }),
  peerUrl: named({
    kind: peerUrl,
    key: 'peers.<agent>.url',
    variable: 'MESH_PEER_<AGENT>_URL',
    description: 'where the others find it',
    shown: '`https://127.0.0.1:` and its port',
  }),
  hosts: named({
    kind: hostNames,
    key: 'hosts.<agent>',
    variable: 'MESH_<AGENT>_HOSTS',
    description: 'host names it serves, where it serves people',
    shown: '`localhost,127.0.0.1,mesh.localhost`',
  }),
} as const;

/** The environment variable of a setting with the agent's or policy's name put in: `MESH_PORT_RESEARCHER`. */
export function variableOf(
  { variable }: Pick<NamedSetting<unknown>, 'variable'>,
  name: string,
): string {
  return variable.replace(/<[A-Z]+>/, name.toUpperCase().replaceAll('-', '_'));
}

/** Which variables say where an agent listens, and where the others find it. */
export function portVariables(agent: string): {
  readonly port: string;
  readonly managementPort: string;
  readonly peerUrl: string;
} {
  return {
    port: variableOf(agentSettings.port, agent),
    managementPort: variableOf(agentSettings.managementPort, agent),
    peerUrl: variableOf(agentSettings.peerUrl, agent),
  };
}

export const DEFAULT_HOSTS = ['localhost', '127.0.0.1', 'mesh.localhost'] as const;
