import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { ConfigError, portVariables, type AgentDirectory, type MeshConfig } from '@mesh/agent';
import { listenError } from '@mesh/agent/nest';
import { embeddedIssuerId, ISSUER_ADDRESS } from './embedded-issuer.js';

const FIRST_PORT = 10_240;
const FIRST_OUTGOING_PORT = 32_768;
/** Before the system may pick one. */
const MAX_TRIES = 20;

/** A port that an agent or stand-in is to listen on, and the variable that sets it. */
export interface MeshPort {
  /** Address it is bound at. */
  readonly host: string;
  /** 0: any that is free. */
  readonly port: number;
  readonly variable: string;
}

/** All ports of a mesh. */
export function portsOf(config: MeshConfig, directory: AgentDirectory): MeshPort[] {
  const agents = directory.names().flatMap((agent) => portsOfAgent(agent, config, directory));
  return [...agents, ...issuerPorts(config)];
}

/** An agent's own port and the one for its management. */
export function portsOfAgent(
  agent: string,
  config: MeshConfig,
  directory: AgentDirectory,
): MeshPort[] {
  const host = config.bind;
  const variables = portVariables(agent);
  return [
    { host, port: config.port(agent, directory), variable: variables.port },
    { host, port: config.managementPort(agent, directory), variable: variables.managementPort },
  ];
}

/** Those of the embedded issuer, where there is one. */
export function issuerPorts(config: MeshConfig): MeshPort[] {
  if (embeddedIssuerId(config) === undefined) return [];
  const host = ISSUER_ADDRESS;
  return [
    { host, port: config.issuerPort, variable: 'MESH_ISSUER_PORT' },
    { host, port: config.issuerAgentsPort, variable: 'MESH_ISSUER_AGENTS_PORT' },
  ];
}

/**
 * Refuses ports that cannot be had before anything is started.
 * @throws PortInUseError, ConfigError
 */
export async function checkPorts(ports: readonly MeshPort[]): Promise<void> {
  const taken = new Map<number, MeshPort>();
  for (const mine of ports) {
    const { port, variable } = mine;
    const other = taken.get(port);
    if (other !== undefined && port !== 0) {
      throw new ConfigError(
        variable,
        `${variable} must be a port of its own: ${port} is the one of ${other.variable}.`,
      );
    }
    taken.set(port, mine);
    const error = await portError(mine);
    if (error !== undefined) throw error;
  }
}

/** Why a port cannot be listened on, or undefined. */
export async function portError({ host, port, variable }: MeshPort): Promise<Error | undefined> {
  try {
    await tryListen(host, port);
    return undefined;
  } catch (error) {
    return listenError(error, host, port, variable) as Error;
  }
}

/**
 * A port that was free a moment ago, and stays so more likely than one that the system picks: from there on Linux takes
 * those of outgoing connections, too.
 */
export async function freePort(host: string): Promise<number> {
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    try {
      return await tryListen(host, randomInt(FIRST_PORT, FIRST_OUTGOING_PORT));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    }
  }
  return tryListen(host, 0);
}

async function tryListen(host: string, port: number): Promise<number> {
  const server = createServer().listen({ host, port, exclusive: true });
  await once(server, 'listening');
  const bound = (server.address() as AddressInfo).port;
  server.close();
  await once(server, 'close');
  return bound;
}
