import { generateKeyPairSync, randomBytes } from 'node:crypto';
import type { AgentDirectory, MeshConfig } from '@mesh/agent';
import type { Logger } from '@mesh/observability';
import { Secret, type FileSecretSource } from '@mesh/secrets';
import type { StateFolder } from '../state/state-folder.js';
import { ISSUER_SOCKET, startAuthority } from './embedded-authority.js';
import { embeddedIssuerId, startIssuer, type RunningIssuer } from './embedded-issuer.js';
import { keepLoopbackCertificate } from './loopback-certificate.js';

/** What the stand-ins are started from. */
export interface StandInOptions {
  readonly config: MeshConfig;
  readonly directory: AgentDirectory;
  readonly state: StateFolder;
  readonly logger: Logger;
  readonly secrets: FileSecretSource;
  /** Any free ports instead of the configured ones. */
  readonly anyPort?: boolean;
  /** Base URL of the gateway's listener once it is known, for people to come back to from the issuer. */
  readonly gatewayUrl?: () => string | undefined;
}

/** The embedded stand-ins for infrastructure, as agents find them. */
export interface StandIns {
  /** Undefined where people sign in at an issuer of their own. */
  readonly issuer: RunningIssuer | undefined;
  /** Where people sign in, whichever it is. */
  readonly issuerUrl: string;
  /** Address of an agent's socket of the Workload API. */
  socketOf(agent: string): string;
  /** The variables by which a process of this agent finds them. */
  environmentOf(agent: string): Readonly<Record<string, string>>;
  /** The issuer, then the authority. */
  close(): Promise<void>;
}

/** Starts the embedded authority and, unless people sign in elsewhere, the embedded issuer. */
export async function startStandIns(options: StandInOptions): Promise<StandIns> {
  const { config, directory, secrets, state } = options;
  await makeKeys(config, directory, secrets);
  const issuerId = embeddedIssuerId(config);
  const authority = await startAuthority(options, issuerId);
  let endRenewing = () => {};
  let issuer: RunningIssuer | undefined;
  try {
    endRenewing = keepLoopbackCertificate(config, state, options.logger);
    issuer = issuerId && (await startIssuer(options, issuerId, authority.socketOf(ISSUER_SOCKET)));
  } catch (error) {
    endRenewing();
    authority.close();
    throw error;
  }
  const found: Record<string, string> = issuer
    ? {
        MESH_ISSUER_URL: issuer.url,
        MESH_ISSUER_AGENTS_URL: issuer.agents.url,
        MESH_ISSUER_SPIFFE_ID: issuer.agents.spiffeId.toString(),
      }
    : {};
  return {
    issuer,
    // One of the two there is: without a configured issuer the embedded one runs.
    issuerUrl: issuer?.url ?? config.issuerUrl!,
    socketOf: (agent) => authority.socketOf(agent),
    environmentOf: (agent) => ({ SPIFFE_ENDPOINT_SOCKET: authority.socketOf(agent), ...found }),
    close: async () => {
      endRenewing();
      await issuer?.close();
      authority.close();
    },
  };
}

/**
 * Keys of the agents' own, made once a state folder: with another key of the pseudonyms nobody would be found in old logs,
 * and an issuer of their own knows the gateway by its key. The embedded issuer knows it by its SVID.
 */
async function makeKeys(
  { issuerUrl }: MeshConfig,
  directory: AgentDirectory,
  secrets: FileSecretSource,
): Promise<void> {
  const keys = { pseudonyms: () => randomBytes(32).toString('base64url') };
  const kept = await secrets.list();
  for (const [name, make] of Object.entries(
    issuerUrl === undefined ? keys : { ...keys, 'client-key': newClientKey },
  )) {
    const isRead = directory.names().some((agent) => directory.get(agent).secrets.includes(name));
    // Another `ask` may be at it: the key that is there first is the one of both.
    if (isRead && !kept.includes(name)) await secrets.create(name, new Secret(make()));
  }
}

/** PKCS #8, DER, base64: of the curve that every issuer with `private_key_jwt` knows. */
function newClientKey(): string {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return privateKey.export({ type: 'pkcs8', format: 'der' }).toString('base64');
}
