import type { ErrorEntry } from '../error-entry.js';

/** Codes of calls to the outside. */
export const egressCodes = {
  ERR_EGRESS_URL_INVALID: {
    status: 500,
    title: "A provider's base URL is not valid",
    remedy: 'Configure an https URL; http is for loopback alone.',
  },
  ERR_EGRESS_HOST_UNDECLARED: {
    status: 500,
    title: 'The agent may not call this host',
    remedy: 'Name the host under `hosts` in its agent.yaml, if it should.',
  },
} as const satisfies Record<string, ErrorEntry>;
