import { portVariables, type AgentDirectory, type MeshConfig } from '@mesh/agent';
import { originOf } from '@mesh/agent/nest';
import type { RunningAgents } from './mesh.js';
import { freePort } from './ports.js';

/** Where agents in processes of their own will be. */
export interface Addresses {
  readonly agents: RunningAgents['agents'];
  /** Variables that say which ports were chosen here, and where the agent is that runs already. */
  readonly environment: Readonly<Record<string, string>>;
}

/**
 * A port that may be any is chosen here, since the others must know it.
 * @param running An agent that has its ports already.
 */
export async function chooseAddresses(
  config: MeshConfig,
  directory: AgentDirectory,
  running?: RunningAgents['agents'][number],
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
    if (name === running?.name) {
      agents.push(running);
      environment[variables.peerUrl] = running.url;
      continue;
    }
    const port = await choose(variables.port, config.port(name, directory));
    const managementPort = await choose(
      variables.managementPort,
      config.managementPort(name, directory),
    );
    agents.push({
      name,
      spiffeId: directory.spiffeIdOf(name).toString(),
      url: originOf(
        name === 'gateway' && config.tls === 'off' ? 'http' : 'https',
        config.bind,
        port,
      ),
      managementUrl: originOf('http', config.bind, managementPort),
    });
  }
  return { agents, environment };
}
