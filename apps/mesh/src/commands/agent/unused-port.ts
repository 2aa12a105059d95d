import { portVariables, type AgentDirectory, type MeshConfig } from '@mesh/agent';
import { PortInUseError } from '@mesh/agent/nest';
import { portError, portsOf } from '../../up/ports.js';

/** How far the port for management is above an agent's own. */
const MANAGEMENT_OFFSET = 100;

/**
 * A port for another agent: from the first agent's on the first that no other has and no program holds, neither it nor
 * the one for management.
 * @throws ConfigError where this machine has no such address at all
 */
export async function unusedPort(
  name: string,
  config: MeshConfig,
  directory: AgentDirectory,
): Promise<number> {
  const files = directory.names().map((agent) => directory.get(agent));
  const taken = new Set([
    ...files.flatMap(({ port }) => [port, port + MANAGEMENT_OFFSET]),
    // Where this machine's configuration has them, and those of the embedded issuer.
    ...portsOf(config, directory).map(({ port }) => port),
    config.issuerPort,
    config.issuerAgentsPort,
  ]);
  const { port: variable } = portVariables(name);
  const isFree = async (port: number) => {
    if (taken.has(port)) return false;
    const error = await portError({ host: config.bind, port, variable });
    if (error !== undefined && !(error instanceof PortInUseError)) throw error;
    return error === undefined;
  };
  let port = Math.min(...files.map((file) => file.port));
  while (!(await isFree(port)) || !(await isFree(port + MANAGEMENT_OFFSET))) port++;
  return port;
}
