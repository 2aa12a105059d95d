import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);
const BREAKER_STATES = { closed: 0, 'half-open': 1, open: 2 } as const;
/** Seconds: from a cached answer to a model that writes for a minute. */
const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
const MAX_VALUES = 100;

export interface RequestMeasure {
  /** Template of the route; undefined where none matched. */
  readonly route: string | undefined;
  readonly method: string;
  readonly status: number;
  readonly durationMs: number;
}

export interface HopMeasure {
  /** Name of the agent or provider. */
  readonly peer: string;
  readonly outcome: 'ok' | 'error' | 'aborted';
  readonly durationMs: number;
}

export interface HandshakeMeasure {
  readonly side: 'server' | 'client';
  readonly outcome: 'accepted' | 'refused';
  /** Error code of a refusal. */
  readonly code?: string | undefined;
}

/**
 * The metrics of one agent, in a registry of its own, so that several agents in a process do not mix. What is
 * measured of the process itself is measured once and shown by each.
 *
 * Labels are bounded: a name beyond the first 100 of a label becomes `other`, an unknown method `OTHER`.
 */
export class MeshMetrics {
  readonly registry = new Registry();

  private readonly exposed: Registry;
  private readonly routes = new BoundedLabel();
  private readonly peers = new BoundedLabel();
  private readonly policies = new BoundedLabel();
  private readonly codes = new BoundedLabel();
  private svidNotAfter: () => Date | undefined = () => undefined;

  private readonly requests = new Counter({
    name: 'mesh_requests_total',
    help: 'Requests answered, by route, method and status.',
    labelNames: ['route', 'method', 'status'],
    registers: [this.registry],
  });
  private readonly requestDuration = new Histogram({
    name: 'mesh_request_duration_seconds',
    help: 'From the request to the end of its answer.',
    labelNames: ['route', 'method'],
    buckets: BUCKETS,
    registers: [this.registry],
  });
  private readonly hopDuration = new Histogram({
    name: 'mesh_hop_duration_seconds',
    help: 'Calls to other agents and to providers, each attempt for itself.',
    labelNames: ['peer', 'outcome'],
    buckets: BUCKETS,
    registers: [this.registry],
  });
  private readonly handshakes = new Counter({
    name: 'mesh_handshakes_total',
    help: 'TLS handshakes; code is empty where the peer was accepted.',
    labelNames: ['side', 'outcome', 'code'],
    registers: [this.registry],
  });
  private readonly rotations = new Counter({
    name: 'mesh_svid_rotations_total',
    help: 'How often the SVID was replaced by a newer one.',
    registers: [this.registry],
  });
  private readonly retries = new Counter({
    name: 'mesh_retries_total',
    help: 'Attempts after the first, by policy.',
    labelNames: ['name'],
    registers: [this.registry],
  });
  private readonly breakers = new Gauge({
    name: 'mesh_breaker_state',
    help: 'Circuit breaker by policy: 0 closed, 1 half-open, 2 open.',
    labelNames: ['name'],
    registers: [this.registry],
  });

  constructor() {
    const notAfter = (): Date | undefined => this.svidNotAfter();
    new Gauge({
      name: 'mesh_svid_expiry_seconds',
      help: 'Seconds until the SVID expires; negative once it has; absent without one.',
      registers: [this.registry],
      collect() {
        const end = notAfter();
        if (end === undefined) this.remove();
        else this.set((end.getTime() - Date.now()) / 1000);
      },
    });
    this.exposed = Registry.merge([this.registry, processRegistry()]);
  }

  request(measure: RequestMeasure): void {
    const route = measure.route === undefined ? 'unmatched' : this.routes.of(measure.route);
    const method = METHODS.has(measure.method) ? measure.method : 'OTHER';
    this.requests.inc({ route, method, status: String(measure.status) });
    this.requestDuration.observe({ route, method }, measure.durationMs / 1000);
  }

  hop(measure: HopMeasure): void {
    const labels = { peer: this.peers.of(measure.peer), outcome: measure.outcome };
    this.hopDuration.observe(labels, measure.durationMs / 1000);
  }

  handshake(measure: HandshakeMeasure): void {
    this.handshakes.inc({
      side: measure.side,
      outcome: measure.outcome,
      code: measure.code === undefined ? '' : this.codes.of(measure.code),
    });
  }

  rotation(): void {
    this.rotations.inc();
  }

  retry(policy: string): void {
    this.retries.inc({ name: this.policies.of(policy) });
  }

  breaker(policy: string, state: keyof typeof BREAKER_STATES): void {
    this.breakers.set({ name: this.policies.of(policy) }, BREAKER_STATES[state]);
  }

  /** Where the gauge of the SVID's expiry reads its end of validity, at each scrape. */
  watchSvid(notAfter: () => Date | undefined): void {
    this.svidNotAfter = notAfter;
  }

  /** Content-Type of {@link expose}. */
  get contentType(): string {
    return this.exposed.contentType;
  }

  /** All metrics of the agent and of its process, in Prometheus' text format. */
  expose(): Promise<string> {
    return this.exposed.metrics();
  }
}

/** Values of one label: a caller must not be able to make a time series of its own with each request. */
class BoundedLabel {
  private readonly seen = new Set<string>();

  of(value: string): string {
    if (this.seen.has(value)) return value;
    if (this.seen.size === MAX_VALUES) return 'other';
    this.seen.add(value);
    return value;
  }
}

let shared: Registry | undefined;

/** prom-client's collectors observe the process and cannot be stopped again: once, however many agents there are. */
function processRegistry(): Registry {
  if (shared === undefined) {
    shared = new Registry();
    collectDefaultMetrics({ register: shared });
  }
  return shared;
}
