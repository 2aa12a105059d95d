/**
 * The fields a log line may have, with what they hold: the one schema of all lines. A field that is not here is
 * left out of the line and named in `dropped`: what was never meant for the log does not get there by accident.
 */
export const LOG_FIELDS = {
  time: 'when, ISO 8601 in UTC',
  level: 'trace, debug, info, warn, error or fatal',
  msg: 'what happened, for people',
  event: 'what happened, for programs: one of the events below',
  agent: 'name of the agent that speaks; absent on lines of the launcher',
  spiffe_id: 'SPIFFE ID of that agent',
  caller_spiffe_id: 'SPIFFE ID of the caller, from its verified certificate',
  session: "hash of the browser's session that the request came with",
  user_id:
    'the person on whose behalf it is done: a pseudonym, or the subject where MESH_LOG_USER_ID says so',
  txn: 'the transaction: the same in each agent that a request goes through',
  actors: 'SPIFFE IDs of the workloads that a request came through, outermost first',
  token: 'SHA-256 of a token, base64url; never the token',
  correlation_id: 'X-Correlation-ID of the request',
  trace_id: 'trace of the request (W3C Trace Context)',
  span_id: "this agent's span in it",
  route: 'template of the route (`/v1/research`), never the path asked for',
  method: 'HTTP method',
  status: 'HTTP status of the answer',
  duration_ms: 'how long it took, in milliseconds',
  code: 'error code (docs/errors.md), or of the system (ECONNREFUSED)',
  err: 'the error: name, code, message, stack, cause',
  outcome: 'how it ended: ok, error, aborted; accepted or refused for a handshake',
  side: 'of a handshake: server or client',
  peer: 'name of the agent or provider that was called',
  peer_spiffe_id: "SPIFFE ID in the peer's certificate; of a refused peer what it claimed",
  serial_number: "certificate's serial number, lower-case hexadecimal",
  not_before: 'start of its validity, ISO 8601 in UTC',
  not_after: 'end of its validity, ISO 8601 in UTC',
  chain_subjects: 'subjects of the presented chain, leaf first',
  tls_version: 'TLSv1.3',
  cipher: 'cipher suite',
  reason: 'why it was refused or changed, in one line',
  depth: 'fast or deep',
  provider: 'search or model provider',
  model: 'name of the model',
  state: 'new state of a source, breaker or agent',
  name: 'of a policy, secret, workload or file: which one, never its content',
  attempt: 'number of the attempt, from 1',
  delay_ms: 'wait before the next attempt, in milliseconds',
  count: 'how many',
  suppressed: 'how many lines like this one were left out before it',
  bytes: 'size, never the content',
  path: 'file or folder on this machine',
  url: 'address of a listener or provider, without query',
  host: 'host name or address that is bound or called',
  port: 'port that is bound',
  address: 'address of a socket',
  remote_address: 'IP address of the peer',
  workloads: 'how many workloads',
  trust_domain: 'SPIFFE trust domain',
  digest: 'SHA-256 of a bundle, hexadecimal',
  ttl_seconds: 'validity of what was issued, in seconds',
  signal: 'signal that ends the process',
  version: 'version of a program or file',
  context: 'class of NestJS that speaks',
  dropped: 'names of fields that are not in this table and were left out',
} as const;

/** Name of a field of a log line. */
export type LogField = keyof typeof LOG_FIELDS;

/** What a line may be given; each value is a string, a number, a boolean, a short list of them, or an error. */
export type LogRecord = { readonly [field in LogField]?: unknown };

/** Values of `event`. */
export const LOG_EVENTS = {
  request: 'a request was answered, refused or abandoned',
  hop: 'a call to another agent or provider ended',
  handshake: 'a TLS handshake ended, accepted or refused',
  'svid.received': 'the source has its first SVID, or one again after a withdrawal',
  'svid.rotated': 'the source has a new SVID',
  'svid.withdrawn': 'the Workload API took the SVID away',
  'bundle.updated': 'the trust bundle changed',
  'workload-api': 'the connection to the Workload API changed its state',
  'document.skipped': 'a document cannot be searched',
  breaker: 'a circuit breaker changed its state',
  retry: 'a call is tried again',
  'answer.refused': "a peer's answer was refused: unsigned, or its statements do not hold",
  'token.issued': 'the token service issued a transaction token',
  'token.refused': 'the token service refused to issue one',
  'session.started': 'a person signed in by a browser',
  'session.ended': 'a session of a browser ended, with the reason',
  'sign-in.refused': 'a sign-in by a browser came to nothing, with the code',
  error: 'a request failed inside the agent, with the error',
  'agent.ready': 'the agent serves',
  'agent.stopped': 'the agent is closed',
  'mesh.ready': 'all agents serve',
  'mesh.stopping': 'a signal asked to stop, or an agent ended by itself',
  'mesh.stopped': 'all agents are closed, and the embedded authority',
  'infra.ready': 'the embedded stand-ins serve, without agents',
} as const;

export type LogEvent = keyof typeof LOG_EVENTS;
