import type { ErrorEntry } from '../error-entry.js';

/** Codes of the searches: over a folder of documents, and by Tavily. */
export const searchCodes = {
  ERR_DOCUMENTS_NOT_FOUND: {
    status: 503,
    title: 'The folder of documents does not exist',
    remedy: 'Name an existing folder with --documents or MESH_DOCUMENTS.',
    relay: true,
  },
  ERR_DOCUMENTS_NOT_A_FOLDER: {
    status: 503,
    title: 'The path to the documents is not a folder',
    remedy: 'Name a folder, not a file, with --documents or MESH_DOCUMENTS.',
    relay: true,
  },
  ERR_DOCUMENTS_UNREADABLE: {
    status: 503,
    title: 'The folder of documents cannot be read',
    remedy: 'Give the user who runs the mesh the right to read the folder.',
    relay: true,
  },
  ERR_DOCUMENTS_TOO_MANY: {
    status: 503,
    title: 'The folder holds too many documents',
    remedy: 'Name one of its subfolders with --documents or MESH_DOCUMENTS.',
    relay: true,
  },
  ERR_DOCUMENTS_TOO_LARGE: {
    status: 503,
    title: 'The documents are too large together',
    remedy: 'Name one of the subfolders with --documents or MESH_DOCUMENTS.',
    relay: true,
  },
  ERR_DOCUMENTS_CLOSED: {
    status: 503,
    title: 'The search over the documents is closed',
    remedy: 'Nothing: the agent is shutting down.',
  },
} as const satisfies Record<string, ErrorEntry>;
