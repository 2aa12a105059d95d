/** Who called, by its verified X.509-SVID. */
export interface CallerIdentity {
  readonly spiffeId: string;
  /** Serial number of the leaf, lower-case hexadecimal. */
  readonly serialNumber: string;
  readonly notAfter: Date;
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
  /** Milliseconds since the epoch. */
  readonly deadline: number;
  /** Aborts when the deadline passes or the caller leaves; its reason is a `MeshError`. */
  readonly signal: AbortSignal;
}
