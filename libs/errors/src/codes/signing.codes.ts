import type { ErrorEntry } from '../error-entry.js';

/** Codes of an agent that cannot sign its own answer. */
export const signingCodes = {
  ERR_SIGNING_IDENTITY: {
    status: 500,
    title: 'The SVID at hand is of another workload than the agent',
    remedy: "Check which SVID the Workload API gives for the agent's SPIFFE ID.",
  },
  ERR_SIGNING_SVID_NOT_VALID: {
    status: 503,
    title: 'The SVID is not valid at the time of signing',
    remedy: 'Check that the Workload API renews it, and the clock.',
  },
  ERR_SIGNING_REQUEST: {
    status: 500,
    title: 'The request has no digest, so that its answer cannot name it',
    remedy: 'Refuse such a request before it is served: see the cause in the log.',
  },
  ERR_SIGNING_CONTENT: {
    status: 500,
    title: 'The content of the answer cannot be signed',
    remedy:
      'Let the handler answer with one plain JSON object, without requests and statements of its own.',
  },
  ERR_SIGNING_STATEMENT: {
    status: 500,
    title: 'What is known of how the answer was made does not fit into a statement',
    remedy: 'See the cause in the log; limits stand in the README of @mesh/provenance.',
  },
} as const satisfies Record<string, ErrorEntry>;
