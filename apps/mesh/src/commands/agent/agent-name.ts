import { CommandError } from '../command.error.js';

/** A DNS label; an action's name is at most 64 characters, and `NAME:run` is one. */
const NAME = /^[a-z]([a-z0-9-]{0,58}[a-z0-9])?$/;

/** Names that mean something else where agents are named: programs, sockets, providers, a word of agent.yaml. */
const RESERVED = ['mesh', 'web', 'issuer', 'gemini', 'tavily', 'delegates'];

/**
 * @param taken Agents and folders there are.
 * @throws CommandError `ERR_AGENT_NAME`
 */
export function assertAgentName(name: string, taken: readonly string[]): void {
  if (!NAME.test(name)) {
    throw refused(
      name,
      'an agent is named by 1 to 60 lower-case letters, digits and dashes, the first a letter, such as translator',
    );
  }
  if (RESERVED.includes(name)) throw refused(name, 'it means something else in the mesh');
  if (taken.includes(name)) throw refused(name, 'it is taken');
}

function refused(name: string, why: string): CommandError {
  return new CommandError(
    'ERR_AGENT_NAME',
    `"${name.slice(0, 64)}" cannot be the name of a new agent: ${why}. Choose another.`,
  );
}
