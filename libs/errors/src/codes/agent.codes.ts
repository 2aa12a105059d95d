import type { ErrorEntry } from '../error-entry.js';

/** Codes of the request pipeline, `agent.yaml`, configuration and calls between agents. */
export const agentCodes = {
  ERR_INTERNAL: {
    status: 500,
    title: 'Internal error',
    remedy: 'Look up the correlation ID in the log of the agent that answered.',
  },
  ERR_CALLER_DENIED: {
    status: 403,
    title: 'This caller may not do this',
    remedy:
      "Name the caller under `callers` of the action in the called agent's agent.yaml, if it should.",
  },
  ERR_ROUTE_UNDECLARED: {
    status: 403,
    title: 'The route declares no access rule',
    remedy:
      'Declare @Action(…), @SignedIn(…) or @Public() on the handler; what no controller serves is named in publicPaths.',
  },
  ERR_ROUTE_NOT_FOUND: {
    status: 404,
    title: 'No such route',
    remedy: 'See /openapi.json of the gateway for the routes there are.',
  },
  ERR_HOST_UNKNOWN: {
    status: 421,
    title: 'Host is not served here',
    remedy: 'Use one of the host names the listener was started for.',
  },
  ERR_BODY_MALFORMED: {
    status: 400,
    title: 'The body is not well-formed JSON',
    remedy: 'Send one JSON object.',
  },
  ERR_BODY_INVALID: {
    status: 400,
    title: 'The body breaks the contract',
    remedy: 'See `errors` for the members at fault, and /openapi.json for the contract.',
  },
  ERR_BODY_TYPE: {
    status: 415,
    title: 'The body is not JSON',
    remedy: 'Send Content-Type: application/json.',
  },
  ERR_BODY_TOO_LARGE: {
    status: 413,
    title: 'The body is too large',
    remedy: 'Send less than the limit in agent.yaml (limits.bodyBytes).',
  },
  ERR_HEADER_INVALID: {
    status: 400,
    title: 'A request header is malformed',
    remedy: 'See `detail` for the header and its form.',
  },
  ERR_NONCE_REUSED: {
    status: 400,
    title: 'The Request-Nonce was used before',
    remedy: 'Make 128 fresh random bits for each request; leave the header out to have them made.',
  },
  ERR_REQUEST_MALFORMED: {
    status: 400,
    title: 'The request is malformed',
    remedy: 'Check method, path and headers.',
  },
  ERR_HEADERS_TOO_LARGE: {
    status: 431,
    title: 'Request line and headers are too large',
    remedy: 'Send at most 16 KiB of them.',
  },
  ERR_REQUEST_TIMEOUT: {
    status: 408,
    title: 'The request did not arrive in time',
    remedy: 'Send headers and body within 30 seconds.',
  },
  ERR_DEADLINE_EXCEEDED: {
    status: 504,
    title: 'The deadline passed before the work was done',
    remedy: 'Ask again, or raise limits.deadlineMs.',
    relay: true,
  },
  ERR_REQUEST_ABORTED: {
    status: 499,
    title: 'The caller left before the answer was there',
    remedy: 'Nothing: the work was stopped.',
    relay: true,
  },
  ERR_WEB_MISSING: {
    status: 503,
    title: 'The web interface is not built',
    remedy: 'Run `npm run build`, or set MESH_WEB to the folder of the built interface.',
  },
  ERR_SESSION_ENDED: {
    status: 401,
    title: 'The session is over',
    remedy: 'Sign in again.',
  },
  ERR_PEER_UNREACHABLE: {
    status: 503,
    title: 'Another agent cannot be reached',
    remedy: 'Check that the agent is running and ready (./mesh status).',
    relay: true,
  },
  ERR_PEER_FAILED: {
    status: 502,
    title: 'Another agent answered with an error',
    remedy: 'Look up the correlation ID in the log of the agent named in `detail`.',
    relay: true,
  },
  ERR_PEER_REFUSED: {
    status: 502,
    title: 'Another agent refused this agent',
    remedy: 'The called agent must name this one under `callers` in its agent.yaml.',
    relay: true,
  },
  ERR_PEER_RESPONSE_INVALID: {
    status: 502,
    title: 'Another agent answered outside its contract',
    remedy: 'Run agents of the same version.',
    relay: true,
  },
  ERR_STATUS_UNDECLARED: {
    status: 404,
    title: 'The agent does not tell its status',
    remedy:
      'Add `agent:status: { callers: [gateway], delegated: false }` to the actions of its agent.yaml.',
  },
  ERR_AGENT_STOPPING: {
    status: 503,
    title: 'The agent is stopping',
    remedy: 'Ask again in a moment.',
    relay: true,
  },
  ERR_NOT_ACCEPTABLE: {
    status: 406,
    title: 'The answer cannot be given in the form asked for',
    remedy: 'Accept application/json or text/event-stream.',
  },
  ERR_METHOD_NOT_ALLOWED: {
    status: 405,
    title: 'The route does not serve this method',
    remedy: 'See /openapi.json of the gateway for the routes there are.',
  },
  ERR_AGENT_FILE_INVALID: {
    status: 500,
    title: 'agent.yaml is not valid',
    remedy: 'Mend the member named in the message.',
  },
  ERR_AGENT_UNKNOWN: {
    status: 500,
    title: 'There is no agent of this name',
    remedy: 'Name one that has an agent.yaml in the folder of the agents (./mesh config --print).',
  },
  ERR_CONFIG_INVALID: {
    status: 500,
    title: 'A configuration value is not valid',
    remedy: 'Set the variable named in the message to what it should hold.',
  },
  ERR_PORT_IN_USE: {
    status: 500,
    title: 'The port is in use',
    remedy: 'Stop the program that holds it, or set another port.',
  },
} as const satisfies Record<string, ErrorEntry>;
