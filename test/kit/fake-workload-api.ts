import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  Metadata,
  Server,
  ServerCredentials,
  type ServerWritableStream,
  type status,
} from '@grpc/grpc-js';
import {
  workloadApiService,
  type X509BundlesResponseInit,
  type X509SvidResponseInit,
} from '@mesh/identity';
import type { Minted } from './mint.js';
import { Queue } from './queue.js';

type Stream = ServerWritableStream<unknown, Uint8Array>;

/** One call that a client made; the test answers it. */
export class FakeCall {
  /** Resolves when the client is gone. */
  readonly cancelled: Promise<void>;

  constructor(private readonly stream: Stream) {
    this.cancelled = new Promise((done) => stream.once('cancelled', () => done()));
  }

  metadata(key: string): unknown[] {
    return this.stream.metadata.get(key);
  }

  /** Sends any bytes as one message. */
  send(message: Uint8Array): void {
    this.stream.write(message);
  }

  /** Ends the call with any status but OK. */
  end(code: status, details = 'ended by the test'): void {
    this.stream.emit('error', { code, details, metadata: new Metadata() });
  }

  /** Ends the call with OK. */
  finish(): void {
    this.stream.end();
  }
}

/**
 * A Workload API over real gRPC on a Unix socket that does whatever a test wants: any message, any end, any number of
 * trust domains.
 *
 * @example
 * const api = await FakeWorkloadApi.start();
 * const source = X509Source.open({ address: api.address });
 * const call = await api.x509Svids.next();
 * call.send(svidResponse({ svids: [svidEntry(minted, ca.certificateDer, id)] }));
 */
export class FakeWorkloadApi {
  /** Calls of FetchX509SVID. */
  readonly x509Svids = new Queue<FakeCall>();
  /** Calls of FetchX509Bundles. */
  readonly x509Bundles = new Queue<FakeCall>();
  #server: Server | undefined;

  private constructor(private readonly directory: string) {}

  /** `listening: false` for a socket that is not there yet: see `listen`. */
  static async start({ listening = true } = {}): Promise<FakeWorkloadApi> {
    const api = new FakeWorkloadApi(await mkdtemp(join(tmpdir(), 'fake-api-')));
    if (listening) await api.listen();
    return api;
  }

  get socketPath(): string {
    return join(this.directory, 'api.sock');
  }

  get address(): string {
    return `unix://${this.socketPath}`;
  }

  /** Puts the socket in its place, at first or after `disconnect`. */
  async listen(): Promise<void> {
    await this.#bind(`unix://${this.socketPath}`);
  }

  /** Listens on 127.0.0.1 too. @returns The address as SPIFFE_ENDPOINT_SOCKET holds it. */
  async listenTcp(): Promise<string> {
    return `tcp://127.0.0.1:${await this.#bind('127.0.0.1:0')}`;
  }

  /** Cuts all connections and removes the socket, as if the agent had died. */
  disconnect(): void {
    this.#server?.forceShutdown();
    this.#server = undefined;
  }

  async close(): Promise<void> {
    this.disconnect();
    await rm(this.directory, { recursive: true, force: true });
  }

  #bind(target: string): Promise<number> {
    const server = (this.#server ??= this.#newServer());
    return new Promise((done, failed) => {
      server.bindAsync(target, ServerCredentials.createInsecure(), (error, port) =>
        error === null ? done(port) : failed(error),
      );
    });
  }

  #newServer(): Server {
    const raw = { responseSerialize: (bytes: Uint8Array) => Buffer.from(bytes) };
    const server = new Server({ 'grpc.max_send_message_length': -1 });
    server.addService(
      {
        FetchX509SVID: { ...workloadApiService.FetchX509SVID, ...raw },
        FetchX509Bundles: { ...workloadApiService.FetchX509Bundles, ...raw },
      },
      {
        FetchX509SVID: (stream: Stream) => this.x509Svids.push(new FakeCall(stream)),
        FetchX509Bundles: (stream: Stream) => this.x509Bundles.push(new FakeCall(stream)),
      },
    );
    return server;
  }
}

/** One SVID of a response. */
export function svidEntry(minted: Minted, bundle: Uint8Array, spiffeId: string, hint = '') {
  return { spiffeId, x509Svid: minted.chainDer, x509SvidKey: minted.keyDer, bundle, hint };
}

/** A FetchX509SVID message as bytes. */
export function svidResponse(response: X509SvidResponseInit): Uint8Array {
  return workloadApiService.FetchX509SVID.responseSerialize(response);
}

/** A FetchX509Bundles message as bytes. */
export function bundlesResponse(response: X509BundlesResponseInit): Uint8Array {
  return workloadApiService.FetchX509Bundles.responseSerialize(response);
}
