import { chmod } from 'node:fs/promises';
import {
  Metadata,
  Server,
  ServerCredentials,
  status,
  type ServerWritableStream,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import {
  SECURITY_METADATA,
  workloadApiService,
  type X509BundlesResponseInit,
  type X509SvidResponseInit,
} from '@mesh/identity';
import { AuthorityError } from './authority.error.js';

/** What one workload gets now; undefined: it is not registered, and gets PermissionDenied. */
export interface WorkloadView {
  x509Svids(): X509SvidResponseInit | undefined;
  x509Bundles(): X509BundlesResponseInit | undefined;
}

type Stream = ServerWritableStream<unknown, unknown>;

/** The Workload API of one workload: a gRPC server on a Unix socket of its own, mode 0600. */
export class WorkloadSocket {
  readonly #streams = new Map<Stream, () => object | undefined>();
  readonly #server = new Server({ 'grpc.max_receive_message_length': 64 * 1024 });

  private constructor(
    readonly path: string,
    private readonly view: WorkloadView,
  ) {
    this.#server.addService(workloadApiService, {
      FetchX509SVID: (call: Stream) => this.#serve(call, () => this.view.x509Svids()),
      FetchX509Bundles: (call: Stream) => this.#serve(call, () => this.view.x509Bundles()),
    } satisfies UntypedServiceImplementation);
  }

  /** @param path Absolute; nothing may be there. @throws AuthorityError */
  static async open(path: string, view: WorkloadView): Promise<WorkloadSocket> {
    const socket = new WorkloadSocket(path, view);
    try {
      await new Promise<void>((done, failed) => {
        socket.#server.bindAsync(`unix://${path}`, ServerCredentials.createInsecure(), (error) =>
          error === null ? done() : failed(error),
        );
      });
      // Until here the folder alone, 0700, keeps others out.
      await chmod(path, 0o600);
      return socket;
    } catch (cause) {
      socket.close();
      throw new AuthorityError('ERR_AUTHORITY_SOCKET_FAILED', 'A socket cannot be opened.', {
        cause,
      });
    }
  }

  /** Sends each open stream what the workload has now. */
  push(): void {
    for (const [stream, read] of [...this.#streams]) this.#send(stream, read);
  }

  /** Cuts all streams and removes the socket. May be called twice. */
  close(): void {
    this.#streams.clear();
    this.#server.forceShutdown();
  }

  #serve(stream: Stream, read: () => object | undefined): void {
    const values = stream.metadata.get(SECURITY_METADATA.key);
    if (values.length !== 1 || values[0] !== SECURITY_METADATA.value) {
      end(stream, status.INVALID_ARGUMENT, `${SECURITY_METADATA.key} metadata is missing`);
      return;
    }
    this.#streams.set(stream, read);
    stream.on('cancelled', () => this.#streams.delete(stream));
    this.#send(stream, read);
  }

  #send(stream: Stream, read: () => object | undefined): void {
    const response = read();
    if (response !== undefined) {
      stream.write(response);
      return;
    }
    this.#streams.delete(stream);
    end(stream, status.PERMISSION_DENIED, 'no identity issued');
  }
}

/** By an error: `end()` of a grpc-js server stream always means OK. */
function end(stream: Stream, code: status, details: string): void {
  stream.emit('error', { code, details, metadata: new Metadata() });
}
