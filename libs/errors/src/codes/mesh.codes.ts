import type { ErrorEntry } from '../error-entry.js';

/** Codes of the command line and of the all-in-one program. */
export const meshCodes = {
  ERR_STATE_LOCKED: {
    status: 500,
    title: 'Another mesh uses the state folder',
    remedy: 'Stop the process that is named, or set MESH_STATE to another folder.',
  },
  ERR_STATE_FOLDER: {
    status: 500,
    title: 'The state folder cannot be used',
    remedy: 'Set MESH_STATE to a folder of your own.',
  },
  ERR_MESH_NOT_RUNNING: {
    status: 500,
    title: 'No mesh is running',
    remedy: 'Start one: ./mesh up',
  },
  ERR_AGENT_EXITED: {
    status: 500,
    title: 'An agent ended by itself',
    remedy: 'See its last log lines.',
  },
  ERR_SECRET_UNUSED: {
    status: 500,
    title: 'No agent reads a secret of this name',
    remedy:
      "Give one of the names that the message lists, or name it under `secrets` in an agent's agent.yaml.",
  },
} as const satisfies Record<string, ErrorEntry>;
