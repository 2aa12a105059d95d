import type { AgentDirectory, MeshConfig } from '@mesh/agent';

/** What a running mesh tells other commands about itself. */
export interface RunningMesh {
  readonly pid: number;
  readonly shape: 'all in one' | 'split' | 'infra';
  /** Base URL of the gateway; for `infra` where it is once somebody starts it. */
  readonly gatewayUrl: string;
  /** File of the certificate that it has there; absent where it serves plain HTTP. */
  readonly gatewayCertificate?: string;
  /** Where people sign in. */
  readonly issuerUrl: string;
  /** That issuer is the embedded one: its passwords are in the state folder. */
  readonly embeddedIssuer: boolean;
  /** What access tokens must be for. */
  readonly apiAudience: string;
  /** What they can be good for: what its agents do, which may be fewer than there are by now. */
  readonly apiScopes: readonly string[];
  /** The settings that its answers depend on. */
  readonly settings: Readonly<Record<string, string>>;
  readonly agents: Readonly<Record<string, RunningAgentInfo>>;
}

export interface RunningAgentInfo {
  readonly spiffeId: string;
  readonly url: string;
  readonly managementUrl: string;
}

/** Where the gateway is, and by which certificate it is known there. */
export function gatewayAt(
  gatewayUrl: string,
  config: MeshConfig,
): Pick<RunningMesh, 'gatewayUrl' | 'gatewayCertificate'> {
  const files = config.tlsFiles();
  return files ? { gatewayUrl, gatewayCertificate: files.certificate } : { gatewayUrl };
}

/** What access tokens must be for and can be good for, as long as this configuration is that of the mesh. */
export function apiOf(
  config: MeshConfig,
  directory: AgentDirectory,
): Pick<RunningMesh, 'apiAudience' | 'apiScopes'> {
  return { apiAudience: config.audience(), apiScopes: directory.actionsBehind('gateway') };
}

/** As other commands read them. */
export function agentsOf(
  agents: readonly (RunningAgentInfo & { readonly name: string })[],
): RunningMesh['agents'] {
  return Object.fromEntries(
    agents.map(({ name, spiffeId, url, managementUrl }) => [
      name,
      { spiffeId, url, managementUrl },
    ]),
  );
}

const ANSWERS_DEPEND_ON: ReadonlySet<string> = new Set([
  'trustDomain',
  'agents',
  'issuerUrl',
  'apiAudience',
  'documents',
  'search',
  'tavilyUrl',
  'model',
  'geminiModel',
  'geminiUrl',
]);

export function settingsOf(config: MeshConfig): Record<string, string> {
  return Object.fromEntries(
    config
      .rows()
      .filter(({ key }) => ANSWERS_DEPEND_ON.has(key))
      .map(({ key, value }) => [key, value]),
  );
}

/**
 * The settings that this command was told otherwise than the running mesh has them. Defaults and mesh.yaml do not
 * count: who started the mesh with a flag means that mesh afterwards.
 */
export function differences(config: MeshConfig, running: RunningMesh): string[] {
  return config
    .rows()
    .filter(({ source }) => source.startsWith('--') || source.startsWith('MESH_'))
    .filter(({ key, value }) => ANSWERS_DEPEND_ON.has(key) && running.settings[key] !== value)
    .map(({ key }) => key);
}
