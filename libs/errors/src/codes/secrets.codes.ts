import type { ErrorEntry } from '../error-entry.js';

/** Codes of secrets and the sources they come from. */
export const secretsCodes = {
  ERR_SECRET_NOT_FOUND: {
    status: 503,
    title: 'A secret is not set',
    remedy: 'Set it: ./mesh secret set NAME.',
    relay: true,
  },
  ERR_SECRET_NOT_DECLARED: {
    status: 500,
    title: 'The agent reads a secret it did not declare',
    remedy: "Name the secret under `secrets` in the agent's agent.yaml, if it should read it.",
  },
  ERR_SECRET_NAME_INVALID: {
    status: 500,
    title: 'The name of a secret is malformed',
    remedy: 'Use 1 to 64 of a-z, 0-9 and hyphen, a letter first.',
  },
  ERR_SECRET_FILE_MODE: {
    status: 500,
    title: 'A secret can be reached by other users of the machine',
    remedy: 'Run the chmod that the message names, and replace the secret if others had access.',
  },
  ERR_SECRET_FILE_OWNER: {
    status: 500,
    title: 'A secret belongs to another user of the machine',
    remedy: 'Run as the user who set it, or remove the file and set the secret again.',
  },
  ERR_SECRET_FILE_TYPE: {
    status: 500,
    title: 'A secret is not in a plain file of a plain folder',
    remedy: 'Remove the symbolic link, folder or pipe, and set the secret again.',
  },
  ERR_SECRET_UNREADABLE: {
    status: 500,
    title: 'The file of a secret cannot be read or written',
    remedy: 'See the cause in the log: rights of the folder, or a full or broken disk.',
  },
  ERR_SECRET_EMPTY: {
    status: 500,
    title: 'A secret is empty',
    remedy: 'Set it again: ./mesh secret set NAME.',
  },
  ERR_SECRET_TOO_LARGE: {
    status: 500,
    title: 'A secret is larger than 8 KiB',
    remedy: 'Set the key alone, not a file that holds it.',
  },
  ERR_SECRET_CHARACTER: {
    status: 500,
    title: 'A secret holds a character that no key has',
    remedy: 'Set one line of UTF-8 text without control characters.',
  },
  ERR_SECRET_SOURCE_DEVELOPMENT: {
    status: 500,
    title: 'Secrets in files are for development alone',
    remedy:
      'Unset NODE_ENV=production on a development machine; elsewhere use a real secret store.',
  },
  ERR_SECRET_SOURCE_CLOSED: {
    status: 500,
    title: 'The source of secrets is closed',
    remedy: 'Nothing: the agent is shutting down.',
  },
  ERR_PSEUDONYM_KEY: {
    status: 500,
    title: 'The token service has no key for pseudonyms',
    remedy:
      'Store 32 random bytes, base64url, as the secret pseudonyms; the message has the command.',
  },
} as const satisfies Record<string, ErrorEntry>;
