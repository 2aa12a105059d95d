import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { ConfigError, portVariables, type AgentDirectory, type MeshConfig } from '@mesh/agent';
import { listenError } from '@mesh/agent/nest';

/** A port that an agent is to listen on, and the variable that sets it. */
export interface AgentPort {
  readonly agent: string;
  /** 0: any that is free. */
  readonly port: number;
  readonly variable: string;
}

export function portsOf(config: MeshConfig, directory: AgentDirectory): AgentPort[] {
  return directory.names().flatMap((agent) => {
    const variables = portVariables(agent);
    return [
      { agent, port: config.port(agent, directory), variable: variables.port },
      {
        agent,
        port: config.managementPort(agent, directory),
        variable: variables.managementPort,
      },
    ];
  });
}

/**
 * Refuses ports that cannot be had before anything is started.
 * @throws PortInUseError, ConfigError
 */
export async function checkPorts(config: MeshConfig, directory: AgentDirectory): Promise<void> {
  const taken = new Map<number, AgentPort>();
  for (const mine of portsOf(config, directory)) {
    const { port, variable } = mine;
    const other = taken.get(port);
    if (other !== undefined && port !== 0) {
      throw new ConfigError(
        variable,
        `${variable} must be a port of its own: ${port} is the one of ${other.variable}.`,
      );
    }
    taken.set(port, mine);
    const error = await portError(config.bind, mine);
    if (error !== undefined) throw error;
  }
}

/** Why a port cannot be listened on, or undefined. */
export async function portError(
  host: string,
  { port, variable }: AgentPort,
): Promise<Error | undefined> {
  try {
    await tryListen(host, port);
    return undefined;
  } catch (error) {
    return listenError(error, host, port, variable) as Error;
  }
}

/** A port that was free a moment ago. */
export function freePort(host: string): Promise<number> {
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
