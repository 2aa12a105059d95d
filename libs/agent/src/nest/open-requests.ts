import type { Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { RequestEndedError } from '../pipeline/pipeline.error.js';
import { RequestLifetime } from '../pipeline/request-deadline.js';

/** How a request ended. */
export interface RequestEnd {
  /** The response is out; false: its connection was gone before. */
  readonly finished: boolean;
  /** Why it ended early. */
  readonly reason: RequestEndedError | undefined;
}

interface OpenRequest {
  readonly response: ServerResponse;
  streaming: boolean;
}

/** Requests that are under way, so that each is ended with its connection, and all with the agent. */
export class OpenRequests {
  readonly #open = new Map<RequestLifetime, OpenRequest>();
  readonly #bySocket = new WeakMap<Socket, Set<() => void>>();
  #server: Server | undefined;
  #drained: (() => void) | undefined;

  /** The agent is stopping: new requests are refused. */
  get stopping(): boolean {
    return this.#server !== undefined;
  }

  get size(): number {
    return this.#open.size;
  }

  /** Keeps a request until its response is out or its connection gone; calls `over` then, once. */
  begin(
    deadline: number,
    now: number,
    socket: Socket,
    response: ServerResponse,
    over: (end: RequestEnd) => void,
  ): RequestLifetime {
    const lifetime = new RequestLifetime(deadline, now);
    this.#open.set(lifetime, { response, streaming: false });
    const ended = () => {
      if (!this.#open.delete(lifetime)) return;
      this.#bySocket.get(socket)?.delete(ended);
      const finished = response.writableFinished;
      if (finished) lifetime.done();
      else lifetime.end(new RequestEndedError('ERR_REQUEST_ABORTED', 'The caller left.'));
      this.#server?.closeIdleConnections();
      over({ finished, reason: lifetime.signal.reason as RequestEndedError | undefined });
      if (this.#open.size === 0) this.#drained?.();
    };
    response.once('close', ended);
    this.#onSocketClose(socket, ended);
    return lifetime;
  }

  /** The answer of this request is a stream that may go on for long: a stopping agent does not wait for it. */
  streams(lifetime: RequestLifetime): void {
    const request = this.#open.get(lifetime);
    if (request) request.streaming = true;
    if (request && this.stopping) lifetime.end(stopping());
  }

  /**
   * Refuses new requests, ends streams and lets each other request finish, its connection with it; after `limitMs`
   * all of them are ended.
   */
  async stop(server: Server, limitMs: number): Promise<void> {
    this.#server = server;
    for (const [lifetime, { response, streaming }] of [...this.#open]) {
      response.shouldKeepAlive = false;
      if (streaming) lifetime.end(stopping());
    }
    server.closeIdleConnections();
    if (this.#open.size > 0) {
      const drained = new Promise<void>((resolve) => (this.#drained = resolve));
      const timer = setTimeout(() => {
        for (const lifetime of [...this.#open.keys()]) lifetime.end(stopping());
        // A moment for the answers that say so.
        setImmediate(() => server.closeAllConnections());
      }, limitMs);
      await drained;
      clearTimeout(timer);
    }
    server.closeAllConnections();
  }

  /**
   * Of pipelined requests only the first has the socket: Node does not close the responses of the others when it is
   * gone. One listener a socket, however many requests it carries.
   */
  #onSocketClose(socket: Socket, ended: () => void): void {
    let waiting = this.#bySocket.get(socket);
    if (!waiting) {
      const all = (waiting = new Set());
      this.#bySocket.set(socket, all);
      socket.once('close', () => {
        for (const each of [...all]) each();
      });
    }
    waiting.add(ended);
    // Not before `begin` has returned: `over` may use what it returns.
    if (socket.closed) process.nextTick(ended);
  }
}

function stopping(): RequestEndedError {
  return new RequestEndedError('ERR_AGENT_STOPPING', 'The agent is stopping.');
}
