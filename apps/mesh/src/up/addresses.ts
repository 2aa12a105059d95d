import { portVariables, type AgentDirectory, type MeshConfig } from '@mesh/agent';
import { originOf } from '@mesh/agent/nest';
import type { RunningAgents } from './mesh.js';
import { freePort } from './ports.js';

/** Where agents in processes of their own will be. */
export interface Addresses {
  readonly agents: RunningAgents['agents'];
  /** Variables that set the ports which were chosen here. */
  readonly environment: Readonly<Record<string, string>>;
}

/** A port that may be any is chosen here, since the others must know it. */
export async function chooseAddresses(
  config: MeshConfig,
  directory: AgentDirectory,
): Promise<Addresses> {
  const environment: Record<string, string> = {};
  const choose = async (variable: string, port: number) => {
    if (port !== 0) return port;
    const free = await freePort(config.bind);
    environment[variable] = String(free);
    return free;
  };
  const agents: RunningAgents['agents'][number][] = [];
  for (const name of directory.names()) {
    const variables = portVariables(name);
    const port = await choose(variables.port, config.port(name, directory));
    const managementPort = await choose(
      variables.managementPort,
      config.managementPort(name, directory),
    );
    agents.push({
      name,
      spiffeId: directory.spiffeIdOf(name).toString(),
      url: originOf(name === 'gateway' ? 'http' : 'https', config.bind, port),
      managementUrl: originOf('http', config.bind, managementPort),
    });
  }
  return { agents, environment };
}
