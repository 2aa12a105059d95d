import type { ErrorEntry } from '../error-entry.js';

/** Codes of the embedded SPIFFE authority. */
export const authorityCodes = {
  ERR_AUTHORITY_PRODUCTION: {
    status: 500,
    title: 'The embedded authority does not run in production',
    remedy: 'Run SPIRE, and point SPIFFE_ENDPOINT_SOCKET at its agent.',
  },
  ERR_AUTHORITY_TRUST_DOMAIN: {
    status: 500,
    title: 'The embedded authority serves trust domains for development alone',
    remedy: 'Name a trust domain under .local, .test, .example or .localhost.',
  },
  ERR_AUTHORITY_TTL: {
    status: 500,
    title: 'A validity that the embedded authority cannot keep',
    remedy: 'Give an SVID 2 to 604800 seconds, and a CA at least twice that.',
  },
  ERR_AUTHORITY_FEDERATION: {
    status: 500,
    title: 'A federated bundle is not of a foreign trust domain',
    remedy: 'Give one bundle for each foreign trust domain, and none for the own.',
  },
  ERR_AUTHORITY_WORKLOAD_NAME: {
    status: 500,
    title: "A workload's name cannot be a socket's name",
    remedy: 'Use letters, digits and inner dashes, at most 63.',
  },
  ERR_AUTHORITY_WORKLOAD_ID: {
    status: 500,
    title: "A workload's SPIFFE ID is not one of the trust domain",
    remedy: 'Give an ID with a path in the trust domain of the authority.',
  },
  ERR_AUTHORITY_WORKLOAD_EXISTS: {
    status: 500,
    title: 'The workload is registered already',
    remedy: 'Remove it first, or give it another name.',
  },
  ERR_AUTHORITY_WORKLOAD_UNKNOWN: {
    status: 500,
    title: 'The workload is not registered',
    remedy: 'Register it with addWorkload.',
  },
  ERR_AUTHORITY_CA_STATE: {
    status: 500,
    title: 'The step does not fit the state of the CA rotation',
    remedy: 'Prepare, then activate, then remove.',
  },
  ERR_AUTHORITY_DIRECTORY: {
    status: 500,
    title: 'The folder of the sockets is open to others',
    remedy: 'Give a folder of your own with mode 0700, or one that does not exist yet.',
  },
  ERR_AUTHORITY_SOCKET_PATH_TOO_LONG: {
    status: 500,
    title: "A socket's path would be too long for the system",
    remedy: 'Choose a state folder with a shorter path (MESH_STATE).',
  },
  ERR_AUTHORITY_SOCKET_OCCUPIED: {
    status: 500,
    title: 'A file stands where a socket should be',
    remedy: 'Move the file away; the authority removes sockets alone.',
  },
  ERR_AUTHORITY_SOCKET_IN_USE: {
    status: 500,
    title: 'Another process answers on the socket',
    remedy: 'Stop the other mesh, or choose another state folder (MESH_STATE).',
  },
  ERR_AUTHORITY_SOCKET_FAILED: {
    status: 500,
    title: 'A socket of the embedded authority cannot be opened',
    remedy: 'See the cause: rights of the folder, or a full disk.',
  },
  ERR_AUTHORITY_CLOSED: {
    status: 500,
    title: 'The embedded authority is closed',
    remedy: 'Nothing: the process is going down.',
  },
} as const satisfies Record<string, ErrorEntry>;
