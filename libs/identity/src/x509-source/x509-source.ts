import { MeshError } from '@mesh/errors';
import type { TrustDomain } from '@mesh/spiffe';
import { systemClock, type Clock } from '../workload-api/clock.js';
import { WorkloadApiClient } from '../workload-api/workload-api-client.js';
import type { X509Context } from '../workload-api/x509-context.js';
import type { X509Bundle, X509BundleSet, X509BundleSource } from '../x509-bundle.js';
import type { X509Svid, X509SvidSource } from '../x509-svid.js';
import { Listeners, type Watchable } from './listeners.js';
import { pickFirst, type SvidPicker } from './svid-picker.js';
import { X509SourceError } from './x509-source.error.js';

/** All that a source has, from one update. Frozen; the next update is another object. */
export interface X509Snapshot {
  /** The SVID that the picker chose. */
  readonly svid: X509Svid;
  readonly svids: readonly X509Svid[];
  readonly bundles: X509BundleSet;
  /** When the update came, in milliseconds since the epoch. */
  readonly updatedAt: number;
}

/**
 * - `waiting`: no update has come yet;
 * - `connected`: the latest update is in use and the stream is open;
 * - `disconnected`: the stream is lost, what was there is in use until it expires;
 * - `withdrawn`: the workload is no longer entitled to its SVID, and has none until an update comes;
 * - `closed`: for good.
 */
export type X509SourceState = 'waiting' | 'connected' | 'disconnected' | 'withdrawn' | 'closed';

/** What a source tells a metrics library. None of them may throw. */
export interface X509SourceMetrics {
  /** Another SVID took the place of one before. */
  rotated?(svid: X509Svid): void;
  /** End of the validity of the SVID that is served now, in milliseconds since the epoch; undefined: there is none. */
  svidExpiry?(notAfter: number | undefined): void;
  /** Whether the stream to the Workload API is open. */
  connected?(connected: boolean): void;
}

/** A pino logger fits. */
export interface X509SourceLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

export interface X509SourceOptions {
  /** `unix:///path` or `tcp://IP:port`. Default: the environment variable SPIFFE_ENDPOINT_SOCKET. */
  readonly address?: string;
  /** A client in place of `address`; whoever made it closes it. */
  readonly client?: WorkloadApiClient;
  /** Default `pickFirst`. An update from which it picks nothing is rejected. */
  readonly picker?: SvidPicker;
  readonly metrics?: X509SourceMetrics;
  /**
   * Default: none. Lines have an `event`: `svid.received`, `svid.rotated`, `svid.withdrawn`, `bundle.updated`, `workload-api`. A failure
   * that repeats is logged at its 1st, 2nd, 4th, 8th … time.
   */
  readonly log?: X509SourceLog;
  /** Default: the machine's. */
  readonly clock?: Clock;
}

/**
 * A live source of this workload's X.509-SVID and of the bundles it trusts, over the SPIFFE Workload API. Holds one
 * snapshot, swapped whole; an update that breaks a rule or has expired is rejected whole and the last good one kept.
 *
 * @example
 * const source = await X509Source.create({ signal: AbortSignal.timeout(30_000) });
 * const server = createMtlsServer(source, source, authorizeId(caller), {}, listener);
 * source.close();
 */
export class X509Source implements X509SvidSource, X509BundleSource, Watchable {
  readonly #client: WorkloadApiClient;
  readonly #ownsClient: boolean;
  readonly #picker: SvidPicker;
  readonly #metrics: X509SourceMetrics;
  readonly #log: X509SourceLog | undefined;
  readonly #clock: Clock;
  readonly #watch = new AbortController();
  readonly #updates = new Listeners<[]>((error) => this.#listenerFailed(error));
  readonly #errors = new Listeners<[MeshError]>((error) => this.#listenerFailed(error));
  #snapshot: X509Snapshot | undefined;
  #state: X509SourceState = 'waiting';
  #rotations = 0;
  /** Why the watch is over, if it is. */
  #end: MeshError | undefined;
  #repeated = { code: '', times: 0 };

  private constructor(options: X509SourceOptions) {
    this.#client = options.client ?? new WorkloadApiClient(addressAndClock(options));
    this.#ownsClient = options.client === undefined;
    this.#picker = options.picker ?? pickFirst;
    this.#metrics = options.metrics ?? {};
    this.#log = options.log;
    this.#clock = options.clock ?? systemClock;
    this.#metrics.connected?.(false);
    this.#client.watchX509Context(
      {
        onUpdate: (context) => this.#update(context),
        onWithdrawn: (error) => this.#withdrawn(error),
        onError: (error, retryInMs) => this.#failed(error, retryInMs),
        onEnd: (error) => this.#ended(error),
      },
      { signal: this.#watch.signal },
    );
  }

  /**
   * Opens a source and waits for its first update, for as long as it takes: give a `signal` to limit it.
   *
   * @throws EndpointAddressError, WorkloadApiError (InvalidArgument), the signal's reason
   */
  static async create(
    options: X509SourceOptions & { readonly signal?: AbortSignal } = {},
  ): Promise<X509Source> {
    options.signal?.throwIfAborted();
    const source = new X509Source(options);
    try {
      await source.ready(options);
      return source;
    } catch (error) {
      source.close();
      throw error;
    }
  }

  /** Opens a source without waiting: it has nothing to serve until `ready`. @throws EndpointAddressError */
  static open(options: X509SourceOptions = {}): X509Source {
    return new X509Source(options);
  }

  /** Resolves when there is a snapshot. @throws WorkloadApiError, X509SourceError, the signal's reason */
  ready({ signal }: { readonly signal?: AbortSignal } = {}): Promise<void> {
    return new Promise((resolve, reject) => {
      const check = () => {
        const end = this.#end;
        if (this.#snapshot !== undefined) done(resolve);
        else if (end !== undefined) done(() => reject(end));
        else if (this.#state === 'closed') done(() => reject(closedError()));
        else if (signal?.aborted) done(() => reject(signal.reason as Error));
      };
      const done = (settle: () => void) => {
        stop();
        signal?.removeEventListener('abort', check);
        settle();
      };
      const stop = this.#updates.add(check);
      signal?.addEventListener('abort', check);
      check();
    });
  }

  /** Undefined while waiting, withdrawn or closed. Its SVID may have expired: `getX509Svid` checks. */
  get snapshot(): X509Snapshot | undefined {
    return this.#snapshot;
  }

  get state(): X509SourceState {
    return this.#state;
  }

  /** How often another SVID took the place of one before. */
  get rotations(): number {
    return this.#rotations;
  }

  /** @throws X509SourceError */
  getX509Svid(): X509Svid {
    const { svid } = this.#current();
    this.#assertValid(svid);
    return svid;
  }

  /** @throws X509SourceError, X509BundleError (ERR_BUNDLE_NOT_FOUND) */
  getX509BundleForTrustDomain(trustDomain: TrustDomain): X509Bundle {
    return this.#current().bundles.getX509BundleForTrustDomain(trustDomain);
  }

  /** None while waiting, withdrawn or closed. */
  x509Bundles(): readonly X509Bundle[] {
    return this.#snapshot?.bundles.bundles() ?? [];
  }

  /** Calls `listener` after each change of the snapshot, a withdrawal and the closing too. Returns the way to stop it. */
  onUpdate(listener: () => void): () => void {
    return this.#updates.add(listener);
  }

  /** Calls `listener` with each failure and each rejected update. Returns the way to stop it. */
  onError(listener: (error: MeshError) => void): () => void {
    return this.#errors.add(listener);
  }

  /** Ends the source; it serves nothing afterwards. May be called twice. */
  close(): void {
    if (this.#state === 'closed') return;
    this.#watch.abort();
    if (this.#ownsClient) this.#client.close();
    this.#swap('closed', undefined);
  }

  #current(): X509Snapshot {
    if (this.#snapshot !== undefined) return this.#snapshot;
    switch (this.#state) {
      case 'closed':
        throw closedError();
      case 'withdrawn':
        throw new X509SourceError(
          'ERR_SVID_WITHDRAWN',
          'The Workload API withdrew the identity of this workload.',
        );
      default:
        throw new X509SourceError(
          'ERR_SVID_UNAVAILABLE',
          'The Workload API has not issued an identity to this workload yet.',
        );
    }
  }

  #assertValid(svid: X509Svid): void {
    if (this.#clock.now() > svid.notAfter.getTime()) {
      throw new X509SourceError('ERR_SVID_EXPIRED', 'The X.509-SVID of this workload has expired.');
    }
  }

  #update({ svids, bundles }: X509Context): void {
    let svid: X509Svid;
    try {
      svid = this.#picker(svids);
      // It would take the place of one that may be valid, and cut all connections.
      this.#assertValid(svid);
    } catch (error) {
      this.#failed(pickerError(error));
      return;
    }
    const before = this.#snapshot;
    const rotated = before !== undefined && !sameLeaf(before.svid, svid);
    if (rotated) this.#rotations += 1;
    this.#repeated = { code: '', times: 0 };
    const snapshot = Object.freeze({ svid, svids, bundles, updatedAt: this.#clock.now() });
    this.#logUpdate(before, snapshot);
    if (rotated) this.#metrics.rotated?.(svid);
    this.#swap('connected', snapshot);
  }

  #logUpdate(before: X509Snapshot | undefined, { svid, bundles }: X509Snapshot): void {
    if (this.#state === 'disconnected') {
      this.#log?.info({ event: 'workload-api', state: 'connected' }, 'Workload API is back');
    }
    if (before === undefined || !sameLeaf(before.svid, svid)) {
      this.#log?.info(
        {
          event: before === undefined ? 'svid.received' : 'svid.rotated',
          spiffe_id: svid.id.toString(),
          serial_number: svid.serialNumber,
          not_before: svid.notBefore.toISOString(),
          not_after: svid.notAfter.toISOString(),
          rotations: this.#rotations,
        },
        'X.509-SVID received',
      );
    }
    const { trustDomain } = svid.id;
    const digest = bundles.get(trustDomain)?.digest;
    if (before !== undefined && before.bundles.get(trustDomain)?.digest !== digest) {
      this.#log?.info(
        { event: 'bundle.updated', trust_domain: trustDomain.name, digest },
        'Bundle of the trust domain changed',
      );
    }
  }

  #withdrawn(error: MeshError): void {
    this.#swap('withdrawn', undefined);
    this.#report(error, 'svid.withdrawn', 'X.509-SVID withdrawn: nothing is served with it');
  }

  #failed(error: MeshError, retryInMs?: number): void {
    if (retryInMs === undefined) {
      // A message was rejected, over a stream that is open.
      this.#report(error, 'workload-api', 'Update of the Workload API rejected');
      return;
    }
    this.#disconnected();
    const message =
      this.#snapshot === undefined
        ? 'Workload API gives no identity: waiting'
        : 'Workload API lost: going on with the identity that is there';
    this.#report(error, 'workload-api', message, retryInMs);
  }

  #ended(error: MeshError): void {
    this.#end = error;
    this.#disconnected();
    this.#report(error, 'workload-api', 'Workload API refused the call: no more updates');
    this.#updates.call();
  }

  #disconnected(): void {
    if (this.#state === 'connected') this.#state = 'disconnected';
    this.#metrics.connected?.(false);
  }

  #swap(state: X509SourceState, snapshot: X509Snapshot | undefined): void {
    this.#state = state;
    this.#snapshot = snapshot;
    this.#metrics.connected?.(state === 'connected');
    this.#metrics.svidExpiry?.(snapshot?.svid.notAfter.getTime());
    this.#updates.call();
  }

  #report(error: MeshError, event: string, message: string, retryInMs?: number): void {
    const times = this.#repeated.code === error.code ? this.#repeated.times + 1 : 1;
    this.#repeated = { code: error.code, times };
    if (Number.isInteger(Math.log2(times))) {
      this.#log?.warn(
        { event, state: this.#state, code: error.code, err: error, times, retry_in_ms: retryInMs },
        message,
      );
    }
    this.#errors.call(error);
  }

  #listenerFailed(error: unknown): void {
    this.#log?.warn({ err: error }, 'A listener of the X.509 source threw');
  }
}

function addressAndClock({ address, clock }: X509SourceOptions) {
  return {
    ...(address === undefined ? {} : { address }),
    ...(clock === undefined ? {} : { clock }),
  };
}

function sameLeaf(a: X509Svid, b: X509Svid): boolean {
  return Buffer.compare(a.leaf.raw, b.leaf.raw) === 0;
}

function pickerError(error: unknown): MeshError {
  return error instanceof MeshError
    ? error
    : new X509SourceError('ERR_SVID_NOT_PICKED', 'The picker of the X.509 source failed.', {
        cause: error,
      });
}

function closedError(): X509SourceError {
  return new X509SourceError('ERR_SOURCE_CLOSED', 'The X.509 source is closed.');
}
