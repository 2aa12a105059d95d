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
  ERR_AGENT_NAME: {
    status: 500,
    title: 'A new agent cannot have this name',
    remedy: 'Choose a name of lower-case letters, digits and dashes that nothing else has.',
  },
  ERR_FILE_NOT_FOUND: {
    status: 500,
    title: 'There is no such file',
    remedy: 'Give the path of a file, or - for standard input.',
  },
  ERR_FILE_UNREADABLE: {
    status: 500,
    title: 'The file cannot be read as text',
    remedy: 'Give a file of UTF-8 text that you may read.',
  },
  ERR_FILE_TOO_LARGE: {
    status: 500,
    title: 'The file is too large',
    remedy: 'Give the very file that the mesh made: ./mesh ask "QUESTION" --json > answer.json',
  },
  ERR_TRUST_NOT_KEPT: {
    status: 500,
    title: 'The state folder keeps no trust document',
    remedy: 'Run ./mesh up once, or give the trust document of the mesh that answered by --trust.',
  },
  ERR_ACCOUNT_ELSEWHERE: {
    status: 500,
    title: 'Sample accounts exist at the embedded issuer alone',
    remedy: 'Leave --as out and sign in by the browser.',
  },
  ERR_SIGN_IN_TIMEOUT: {
    status: 504,
    title: 'Nobody signed in',
    remedy: 'Give the command again, and open the address that it prints.',
  },
} as const satisfies Record<string, ErrorEntry>;
