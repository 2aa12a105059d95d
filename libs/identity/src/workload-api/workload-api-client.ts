import { Client, credentials, Metadata, type ChannelOptions } from '@grpc/grpc-js';
import type { X509BundleSet } from '../x509-bundle.js';
import type { BackoffOptions } from './backoff.js';
import { systemClock, type Clock } from './clock.js';
import { grpcTarget, parseEndpointAddress, type EndpointAddress } from './endpoint-address.js';
import { Watch, type OpenStream, type WatchHandlers } from './watch.js';
import { errorOfStatus, WorkloadApiError } from './workload-api.error.js';
import { SECURITY_METADATA, workloadApiService } from './workload-api.service.js';
import { parseX509Bundles, parseX509Context, type X509Context } from './x509-context.js';

export interface WorkloadApiClientOptions {
  /** `unix:///path` or `tcp://IP:port`. Default: the environment variable SPIFFE_ENDPOINT_SOCKET. */
  readonly address?: string;
  /** Waits between two attempts. Default 500 ms, doubling up to 30 s. */
  readonly backoff?: BackoffOptions;
  /** Waits after PermissionDenied while there is no SVID. Default 5 s, doubling up to 60 s. */
  readonly deniedBackoff?: BackoffOptions;
  /** Milliseconds that PermissionDenied on a reconnect has to hold before it counts. Default 10000. */
  readonly denialGraceMs?: number;
  /** The largest message taken, in bytes. Default 4 MiB. A larger one ends the stream, which is opened again. */
  readonly maxMessageBytes?: number;
  /** Default: the machine's. */
  readonly clock?: Clock;
  /** A number from 0 to 1 for the jitter. Default `Math.random`. */
  readonly random?: () => number;
}

/** The state of one call. */
export interface CallOptions {
  /** Ends the call. Default: it goes on until the client is closed. */
  readonly signal?: AbortSignal;
}

type MethodName = keyof typeof workloadApiService;

function securityMetadata(): Metadata {
  const metadata = new Metadata();
  metadata.set(SECURITY_METADATA.key, SECURITY_METADATA.value);
  return metadata;
}

/**
 * Client of the SPIFFE Workload API over gRPC, X.509 profile. `fetch…` asks once and fails as the call fails;
 * `watch…` follows all updates, over as many connections as it takes.
 *
 * @example
 * const client = new WorkloadApiClient({ address: 'unix:///run/spire/agent.sock' });
 * const { svids } = await client.fetchX509Context({ signal: AbortSignal.timeout(5000) });
 * client.close();
 */
export class WorkloadApiClient {
  readonly #address: EndpointAddress;
  readonly #options: WorkloadApiClientOptions;
  readonly #channelOptions: ChannelOptions;
  readonly #calls = new Set<() => void>();
  #closed = false;

  /** @throws EndpointAddressError */
  constructor(options: WorkloadApiClientOptions = {}) {
    this.#address = parseEndpointAddress(options.address);
    this.#options = options;
    this.#channelOptions = {
      'grpc.max_receive_message_length': options.maxMessageBytes ?? 4 * 1024 * 1024,
      // Each attempt has a connection of its own, so that waiting is decided in one place.
      'grpc.use_local_subchannel_pool': 1,
      'grpc.enable_retries': 0,
      // A proxy named in the environment would see private keys.
      'grpc.enable_http_proxy': 0,
      'grpc.service_config_disable_resolution': 1,
    };
  }

  /** The SVIDs and bundles of this workload, asked once. @throws WorkloadApiError */
  async fetchX509Context(options?: CallOptions): Promise<X509Context> {
    return parseX509Context(await this.#fetch('FetchX509SVID', options));
  }

  /** The bundles of all trust domains that this workload knows, asked once. @throws WorkloadApiError */
  async fetchX509Bundles(options?: CallOptions): Promise<X509BundleSet> {
    return parseX509Bundles(await this.#fetch('FetchX509Bundles', options));
  }

  /** Follows the SVIDs and bundles of this workload. */
  watchX509Context(handlers: WatchHandlers<X509Context>, options?: CallOptions): void {
    this.#watch('FetchX509SVID', parseX509Context, handlers, options);
  }

  /** Follows the bundles of all trust domains that this workload knows. */
  watchX509Bundles(handlers: WatchHandlers<X509BundleSet>, options?: CallOptions): void {
    this.#watch('FetchX509Bundles', parseX509Bundles, handlers, options);
  }

  /** Ends all calls. May be called twice. */
  close(): void {
    this.#closed = true;
    for (const end of [...this.#calls]) end();
  }

  #watch<T>(
    method: MethodName,
    parse: (message: Uint8Array) => T,
    handlers: WatchHandlers<T>,
    { signal }: CallOptions = {},
  ): void {
    if (this.#closed) throw closedError();
    if (signal?.aborted) return;
    const watch = new Watch(this.#opener(method), parse, handlers, {
      clock: this.#options.clock ?? systemClock,
      random: this.#options.random ?? Math.random,
      backoff: this.#options.backoff ?? { baseMs: 500, maxMs: 30_000 },
      deniedBackoff: this.#options.deniedBackoff ?? { baseMs: 5_000, maxMs: 60_000 },
      denialGraceMs: this.#options.denialGraceMs ?? 10_000,
      socketPath: this.#address.scheme === 'unix' ? this.#address.path : undefined,
    });
    const end = () => {
      this.#calls.delete(end);
      signal?.removeEventListener('abort', end);
      watch.stop();
    };
    this.#calls.add(end);
    signal?.addEventListener('abort', end);
    watch.start();
  }

  async #fetch(method: MethodName, { signal }: CallOptions = {}): Promise<Uint8Array> {
    if (this.#closed) throw closedError();
    signal?.throwIfAborted();
    return new Promise((resolve, reject) => {
      const settled = () => {
        cancel();
        this.#calls.delete(close);
        signal?.removeEventListener('abort', abort);
      };
      const abort = () => {
        settled();
        reject(signal?.reason as Error);
      };
      const close = () => {
        settled();
        reject(closedError());
      };
      const cancel = this.#opener(method)({
        message: (bytes) => {
          settled();
          resolve(bytes);
        },
        end: (status) => {
          settled();
          reject(errorOfStatus(status));
        },
      });
      this.#calls.add(close);
      signal?.addEventListener('abort', abort);
    });
  }

  #opener(method: MethodName): OpenStream {
    return (on) => {
      const client = new Client(
        grpcTarget(this.#address),
        credentials.createInsecure(),
        this.#channelOptions,
      );
      let open = true;
      const cancel = () => {
        open = false;
        call.cancel();
        client.close();
      };
      const call = client.makeServerStreamRequest<object, Uint8Array>(
        workloadApiService[method].path,
        workloadApiService[method].requestSerialize,
        // Not decoded here: gRPC would end the stream at a malformed message, and it has to go on.
        (bytes) => bytes,
        {},
        securityMetadata(),
      );
      call.on('data', (bytes: Uint8Array) => {
        if (open) on.message(bytes);
      });
      // Each end has its status, an error is the same status again.
      call.on('error', () => {});
      call.on('status', (status) => {
        if (!open) return;
        cancel();
        on.end(status);
      });
      return cancel;
    };
  }
}

function closedError(): WorkloadApiError {
  return new WorkloadApiError('ERR_WORKLOAD_API_CLOSED', 'The Workload API client is closed.');
}
