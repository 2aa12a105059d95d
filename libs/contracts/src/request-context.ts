/** Who called, by its verified X.509-SVID. */
export interface CallerIdentity {
  readonly spiffeId: string;
  /** Serial number of the leaf, lower-case hexadecimal. */
  readonly serialNumber: string;
  readonly notAfter: Date;
}

/** On whose behalf a request is made, as logs may say it: never the token. */
export interface Delegation {
  /** The person: a pseudonym, or the issuer's subject where that is configured. */
  readonly userId: string;
  /** The transaction: the same at each hop. */
  readonly txn: string;
  /** SPIFFE IDs of the workloads it came through, outermost first. */
  readonly actors: readonly string[];
  /** SHA-256 of the token, base64url. */
  readonly tokenHash: string;
}

/** What is known of a request; travels with it through `AsyncLocalStorage`, never by hand. */
export interface RequestContext {
  /** Name of the agent that serves it. */
  readonly agent: string;
  readonly correlationId: string;
  /** `traceparent` of this agent's own span. */
  readonly traceparent: string;
  /** 32 hexadecimal digits. */
  readonly traceId: string;
  /** Absent on listeners for people. */
  readonly caller?: CallerIdentity;
  /** Set once, by the guard that verified it; absent before, and on requests that nobody delegated. */
  delegation?: Delegation;
  /** Hash of the browser's session that the request came with, base64url; absent without one. */
  session?: string;
  /** Milliseconds since the epoch; with a delegation never later than its token's end. */
  deadline: number;
  /** Aborts when the deadline passes or the caller leaves; its reason is a `MeshError`. */
  readonly signal: AbortSignal;
}
