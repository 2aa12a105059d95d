import { once } from 'node:events';
import {
  createServer,
  request,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';

/** What passed by, as the browser sent it. */
export interface Passed {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** One server-sent event on its way to the browser. */
export interface PassingEvent {
  readonly type: string;
  readonly data: string;
}

/**
 * Somebody between the browser and the gateway: sees all, and changes what a test says. The browser knows the gateway
 * by this address alone.
 */
export class Proxy {
  /** Every request, in order. */
  readonly passed: Passed[] = [];
  /** Where the gateway is, once it is there. */
  target: string | undefined;
  /** What becomes of each event of an answer, now or later; undefined: the connection ends before it. */
  change: (event: PassingEvent) => string | undefined | Promise<string> = ({ data }) => data;
  /** Cookies that the gateway sets are for the browser to keep; false: it keeps none. */
  keepsCookies = true;
  /** Events of answers as the gateway sent them. */
  readonly events: PassingEvent[] = [];
  /** Called when an event has been passed on. */
  onEvent: (event: PassingEvent) => void = () => undefined;

  private constructor(private readonly server: Server) {
    server.on('request', (incoming, outgoing) => {
      this.#pass(incoming, outgoing).catch(() => outgoing.destroy());
    });
  }

  static async start(): Promise<Proxy> {
    const server = createServer();
    const proxy = new Proxy(server);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return proxy;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** Back to passing everything on, with nothing seen. */
  reset(): void {
    this.passed.length = 0;
    this.events.length = 0;
    this.change = ({ data }) => data;
    this.onEvent = () => undefined;
    this.keepsCookies = true;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise<void>((resolve) => this.server.close(() => resolve()));
  }

  async #pass(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const { method = 'GET', url: path = '/', headers } = incoming;
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    this.passed.push({ method, path, headers, body: body.toString() });
    if (this.target === undefined) throw new Error('nothing is behind this proxy');
    // The Host header stays the browser's: it is what the gateway is called here.
    const onward = request(new URL(path, this.target), { method, headers });
    outgoing.once('close', () => onward.destroy());
    onward.end(body);
    const [answer] = (await once(onward, 'response')) as [IncomingMessage];
    const { 'set-cookie': cookies, ...others } = answer.headers;
    const kept = this.keepsCookies && cookies ? { 'set-cookie': cookies } : {};
    outgoing.writeHead(answer.statusCode!, { ...others, ...kept });
    if (answer.headers['content-type']?.startsWith('text/event-stream')) {
      await this.#passEvents(answer, outgoing);
    } else {
      for await (const chunk of answer) outgoing.write(chunk);
    }
    outgoing.end();
  }

  async #passEvents(answer: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    let text = '';
    outgoing.flushHeaders();
    for await (const chunk of answer.setEncoding('utf8')) {
      text += chunk as string;
      const blocks = text.split('\n\n');
      text = blocks.pop()!;
      for (const block of blocks) {
        const [, type, data] = /^event: (.*)\ndata: (.*)$/m.exec(block) ?? [];
        if (type === undefined || data === undefined) {
          outgoing.write(`${block}\n\n`);
          continue;
        }
        const event = { type, data };
        this.events.push(event);
        const changed = await this.change(event);
        if (changed === undefined) {
          outgoing.destroy();
          return;
        }
        outgoing.write(`event: ${type}\ndata: ${changed}\n\n`);
        this.onEvent(event);
      }
    }
  }
}
