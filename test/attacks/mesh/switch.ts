import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/**
 * The network between agents, in the attacker's hands: passes bytes on to where a peer really is, or to whoever took
 * its address. It sees nothing of what is in them, as a balancer of layer 4.
 */
export class Switch {
  readonly #sockets = new Set<Socket>();
  #target: URL | undefined;

  private constructor(private readonly server: Server) {}

  static async start(): Promise<Switch> {
    const server = createServer({ noDelay: true });
    const one = new Switch(server);
    server.on('connection', (socket) => one.#pass(socket));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return one;
  }

  get url(): string {
    return `https://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** Where to from now on; cuts what is connected. */
  async lead(target: string): Promise<void> {
    this.#target = new URL(target);
    await this.#cut();
  }

  /** Does something while all connections lead elsewhere. */
  async reroute<T>(target: string, act: () => Promise<T>): Promise<T> {
    const before = this.#target;
    await this.lead(target);
    try {
      return await act();
    } finally {
      if (before) await this.lead(before.href);
    }
  }

  async close(): Promise<void> {
    this.server.close();
    await this.#cut();
  }

  #pass(socket: Socket): void {
    if (this.#target === undefined) return void socket.destroy();
    const { hostname, port } = this.#target;
    const onward = connect({ host: hostname, port: Number(port), noDelay: true });
    for (const [one, other] of [
      [socket, onward],
      [onward, socket],
    ] as const) {
      this.#sockets.add(one);
      one.on('error', () => undefined);
      one.once('close', () => {
        this.#sockets.delete(one);
        other.destroy();
      });
      one.pipe(other);
    }
  }

  async #cut(): Promise<void> {
    await Promise.all(
      [...this.#sockets].map((socket) => {
        const closed = once(socket, 'close');
        socket.destroy();
        return closed;
      }),
    );
  }
}
