import type { status } from '@grpc/grpc-js';
import { statSync } from 'node:fs';
import { backoffMs, type BackoffOptions } from './backoff.js';
import type { Clock } from './clock.js';
import { errorOfStatus, WorkloadApiError } from './workload-api.error.js';

/** How a stream ended: a gRPC status. */
export interface StreamEnd {
  readonly code: status;
  readonly details: string;
}

/** Opens one stream; the function that is returned cancels it, after which neither callback is called. */
export type OpenStream = (on: {
  message(bytes: Uint8Array): void;
  end(status: StreamEnd): void;
}) => () => void;

/** What a watch tells. None of them may throw. */
export interface WatchHandlers<T> {
  /** A valid message: the full set of what the workload has now. Replaces all of the one before. */
  onUpdate(update: T): void;
  /** The workload is no longer entitled to what it has: stop using it. Only an `onUpdate` ends this. */
  onWithdrawn(error: WorkloadApiError): void;
  /**
   * Something failed and the watch goes on; what is there stays valid. `retryInMs` is absent where the stream goes
   * on too: a message was rejected.
   */
  onError(error: WorkloadApiError, retryInMs?: number): void;
  /** The watch is over: trying again would fail in the same way. Not called after an abort. */
  onEnd(error: WorkloadApiError): void;
}

export interface WatchOptions {
  readonly clock: Clock;
  readonly random: () => number;
  readonly backoff: BackoffOptions;
  readonly deniedBackoff: BackoffOptions;
  readonly denialGraceMs: number;
  /** File whose appearance cuts a wait short. */
  readonly socketPath: string | undefined;
}

/** Milliseconds between two looks at an absent socket. */
const SOCKET_POLL_MS = 500;

/**
 * A stream of the Workload API that outlives its connections (SPIFFE_Workload_API.md, section 4.2). What the end of a
 * stream means (SPIFFE_Workload_Endpoint.md, appendix A):
 * - InvalidArgument: the watch ends;
 * - PermissionDenied on a stream that brought something: withdrawn at once;
 * - PermissionDenied on a reconnect: withdrawn if no update comes for `denialGraceMs` (in SPIRE a failing attestor
 *   looks the same as a removed entry), whatever else happens in between;
 * - PermissionDenied with nothing to withdraw: tried again after a longer wait;
 * - all others: what is there stays, and it is tried again.
 */
export class Watch<T> {
  #cancelStream = () => {};
  #cancelRetry = () => {};
  #cancelDenial = () => {};
  #stopped = false;
  /** A message came on the stream that is open. */
  #established = false;
  /** There is an update that was not withdrawn. */
  #entitled = false;
  /** The 10 s after a denial on a reconnect are running. */
  #denialPending = false;
  #retries = 0;

  constructor(
    private readonly open: OpenStream,
    private readonly parse: (message: Uint8Array) => T,
    private readonly handlers: WatchHandlers<T>,
    private readonly options: WatchOptions,
  ) {}

  start(): void {
    this.#connect();
  }

  /** May be called twice. No handler is called after it. */
  stop(): void {
    this.#stopped = true;
    this.#cancelStream();
    this.#cancelRetry();
    this.#cancelDenial();
  }

  #connect(): void {
    this.#established = false;
    this.#cancelStream = this.open({
      message: (bytes) => this.#message(bytes),
      end: (status) => this.#end(status),
    });
  }

  #message(bytes: Uint8Array): void {
    this.#established = true;
    let update: T;
    try {
      update = this.parse(bytes);
    } catch (error) {
      if (!(error instanceof WorkloadApiError)) throw error;
      this.handlers.onError(error);
      return;
    }
    this.#retries = 0;
    this.#entitled = true;
    this.#denialPending = false;
    this.#cancelDenial();
    this.handlers.onUpdate(update);
  }

  #end(end: StreamEnd): void {
    const error = errorOfStatus(end);
    switch (error.code) {
      case 'ERR_WORKLOAD_API_REFUSED':
        this.stop();
        this.handlers.onEnd(error);
        break;
      case 'ERR_WORKLOAD_API_DENIED':
        this.#denied(error);
        break;
      default:
        this.#retry(error, this.options.backoff);
    }
  }

  #denied(error: WorkloadApiError): void {
    if (this.#entitled && this.#established) {
      this.#withdraw(error);
    } else if (this.#entitled && !this.#denialPending) {
      this.#denialPending = true;
      this.#cancelDenial = this.options.clock.after(this.options.denialGraceMs, () =>
        this.#withdraw(error),
      );
    }
    if (this.#stopped) return;
    this.#retry(error, this.#entitled ? this.options.backoff : this.options.deniedBackoff);
  }

  #withdraw(error: WorkloadApiError): void {
    this.#entitled = false;
    this.#denialPending = false;
    this.#cancelDenial();
    this.handlers.onWithdrawn(error);
  }

  #retry(error: WorkloadApiError, backoff: BackoffOptions): void {
    const wait = backoffMs(backoff, this.#retries++, this.options.random);
    const connect = () => {
      this.#cancelRetry();
      this.#connect();
    };
    const cancels = [this.options.clock.after(wait, connect)];
    if (error.code === 'ERR_WORKLOAD_API_UNAVAILABLE' && this.options.socketPath !== undefined) {
      cancels.push(
        onNewSocket(this.options.socketPath, this.options.clock, () => {
          this.#retries = 0;
          connect();
        }),
      );
    }
    this.#cancelRetry = () => cancels.forEach((cancel) => cancel());
    this.handlers.onError(error, wait);
  }
}

/** Calls once when another file than the one that is there now, or any where none is, stands at the path. */
function onNewSocket(path: string, clock: Clock, run: () => void): () => void {
  const before = fileVersion(path);
  let cancel = () => {};
  const look = () => {
    const now = fileVersion(path);
    if (now !== undefined && now !== before) run();
    else cancel = clock.after(SOCKET_POLL_MS, look);
  };
  cancel = clock.after(SOCKET_POLL_MS, look);
  return () => cancel();
}

function fileVersion(path: string): string | undefined {
  try {
    const { ino, ctimeMs } = statSync(path);
    return `${ino}:${ctimeMs}`;
  } catch {
    return undefined;
  }
}
