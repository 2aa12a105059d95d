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
  ERR_SEARCH_KEY_REFUSED: {
    status: 502,
    title: 'Tavily does not accept the key',
    remedy: 'Set a valid key: ./mesh secret set tavily.',
    relay: true,
  },
  ERR_SEARCH_REQUEST_REFUSED: {
    status: 502,
    title: 'Tavily refused the search',
    remedy: 'Ask in other words; if every question is refused, update the mesh.',
    relay: true,
  },
  ERR_SEARCH_RATE_LIMITED: {
    status: 503,
    title: 'Tavily was asked too often',
    remedy: 'Ask again later.',
    relay: true,
  },
  ERR_SEARCH_PLAN_LIMIT: {
    status: 503,
    title: "The searches of the key's Tavily plan are used up",
    remedy: 'Raise the limit at app.tavily.com, or wait for the next period.',
    relay: true,
  },
  ERR_SEARCH_UNAVAILABLE: {
    status: 502,
    title: 'Tavily cannot be reached, or fails',
    remedy: 'Check the network and status.tavily.com, and ask again later.',
    relay: true,
  },
  ERR_SEARCH_TIMEOUT: {
    status: 504,
    title: 'Tavily did not answer in time',
    remedy: 'Ask again later.',
    relay: true,
  },
  ERR_SEARCH_RESPONSE_INVALID: {
    status: 502,
    title: "Tavily's answer cannot be used",
    remedy: 'Check that the base URL is that of the Tavily API, and ask again later.',
    relay: true,
  },
} as const satisfies Record<string, ErrorEntry>;
