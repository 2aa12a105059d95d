import { readFileSync } from 'node:fs';
import type { AgentDirectory, MeshConfig } from '@mesh/agent';
import { authorizeOneOf, SpiffeId, X509Source } from '@mesh/identity';
import { EmbeddedIssuer, SamplePasswords, type SessionClientOptions } from '@mesh/issuer';
import { logHandshake } from '@mesh/observability';
import { publicUrlOf } from './public-url.js';
import type { StandInOptions } from './stand-ins.js';

/** The address that the embedded issuer listens on: its name, mesh.localhost, is no other's. */
export const ISSUER_ADDRESS = '127.0.0.1';

/** The embedded issuer of a running mesh. */
export interface RunningIssuer {
  /** Where people sign in, the `iss` of its tokens. */
  readonly url: string;
  /** Where agents read its keys over mTLS, and as whom it answers there. */
  readonly agents: { readonly url: string; readonly spiffeId: SpiffeId };
  /** A link that signs who opens it in as an analyst, once and within ten minutes: a secret of who started the mesh. */
  readonly welcome: () => string;
  close(): Promise<void>;
}

/** Its SPIFFE ID, or undefined where people sign in at an issuer of their own. */
export function embeddedIssuerId({ issuerUrl, trustDomain }: MeshConfig): SpiffeId | undefined {
  if (issuerUrl !== undefined) return undefined;
  return SpiffeId.fromPath(trustDomain, '/ns/mesh/sa/issuer');
}

/** Starts the embedded OpenID issuer, with an SVID of its own from the Workload API at `workloadApi`. */
export async function startIssuer(
  options: StandInOptions,
  spiffeId: SpiffeId,
  workloadApi: string,
): Promise<RunningIssuer> {
  const { config, directory, state, logger, anyPort = false } = options;
  const session = sessionOf(options);
  const passwords = await SamplePasswords.open(state.passwordsFile);
  const source = await X509Source.create({ address: workloadApi });
  let issuer: EmbeddedIssuer;
  try {
    issuer = await EmbeddedIssuer.start({
      port: anyPort ? 0 : config.issuerPort,
      address: ISSUER_ADDRESS,
      resource: config.audience(),
      scopes: scopesOf(directory),
      passwords,
      passwordsFile: state.passwordsFile,
      ...(session ? { session } : {}),
      agents: {
        svids: source,
        bundles: source,
        authorizer: authorizeOneOf(...whoReadsKeys(directory)),
        port: anyPort ? 0 : config.issuerAgentsPort,
        log: (event) => logHandshake(logger, event),
      },
      log: logger,
    });
  } catch (error) {
    source.close();
    throw error;
  }
  const close = async () => {
    await issuer.close();
    source.close();
  };
  return {
    url: issuer.url,
    agents: { url: issuer.agentsUrl!, spiffeId },
    welcome: () => issuer.welcome('analyst'),
    close,
  };
}

/** The agent that people sign in at, where the mesh has one. */
function sessionOf({
  config,
  directory,
  gatewayUrl,
}: StandInOptions): SessionClientOptions | undefined {
  const agent = directory.names().find((name) => directory.get(name).sessionClient !== undefined);
  if (agent === undefined) return undefined;
  const tls = config.tlsFiles();
  return {
    clientId: directory.get(agent).sessionClient!,
    spiffeId: directory.spiffeIdOf(agent),
    origins: () => {
      const url = gatewayUrl?.();
      return url === undefined ? [] : [publicUrlOf(config, url)];
    },
    ...(tls ? { ca: () => readFileSync(tls.certificate, 'utf8') } : {}),
  };
}

/** What agents do for people, and the roles of those they act for; of an action that several serve, of any of them. */
function scopesOf(directory: AgentDirectory): Record<string, readonly string[]> {
  const served = directory.edges().filter(({ delegated }) => delegated);
  return Object.fromEntries(
    served.map(({ action }) => [
      action,
      served
        .filter((edge) => edge.action === action)
        .flatMap(({ agent }) => directory.get(agent).actsFor?.roles ?? []),
    ]),
  );
}

/** The agents that verify access tokens: whoever has clients of the issuer, and the token service. */
function whoReadsKeys(directory: AgentDirectory): SpiffeId[] {
  return directory
    .names()
    .filter((name) => {
      const { apiClients, sessionClient } = directory.get(name);
      return (
        apiClients.length > 0 || sessionClient !== undefined || name === directory.tokenService
      );
    })
    .map((name) => directory.spiffeIdOf(name));
}
