import type { ErrorEntry } from '../error-entry.js';

/** Codes of calls to a peer or provider. The deadline's own, ERR_DEADLINE_EXCEEDED, is among the agent's. */
export const resilienceCodes = {
  ERR_BREAKER_OPEN: {
    status: 503,
    title: 'Calls to a peer or provider are paused because it failed',
    remedy: 'Wait: it is tried again by itself. /health names the breaker and the reason.',
    relay: true,
  },
  ERR_TRY_TIMEOUT: {
    status: 504,
    title: 'A peer or provider did not answer in time',
    remedy: 'Ask again; if it lasts, check the peer or raise tryTimeoutMs of its policy.',
    relay: true,
  },
  ERR_STREAM_IDLE: {
    status: 504,
    title: 'A peer or provider stopped in the middle of its answer',
    remedy: 'Ask again; if it lasts, check the peer or raise idleTimeoutMs of its policy.',
    relay: true,
  },
  ERR_POLICY_CLOSED: {
    status: 503,
    title: 'The agent is shutting down',
    remedy: 'Ask again once it has restarted.',
  },
  ERR_POLICY_OPTION_INVALID: {
    status: 500,
    title: 'An option of a call policy is not valid',
    remedy: 'Set the option that the message names to what it should hold.',
  },
} as const satisfies Record<string, ErrorEntry>;
