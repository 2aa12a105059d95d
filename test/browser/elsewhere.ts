import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What somebody else's server has for a path: a page, and cookies with it. */
export interface Elsewheres {
  readonly html?: string;
  readonly cookies?: readonly string[];
  readonly location?: string;
}

/** Somebody else's server on this machine: under another name it is another site, under the mesh's another port. */
export class Elsewhere {
  readonly requests: IncomingMessage[] = [];
  readonly pages = new Map<string, Elsewheres>();

  private constructor(private readonly server: Server) {
    server.on('request', (request, response) => this.#answer(request, response));
  }

  static async start(): Promise<Elsewhere> {
    const server = createServer();
    const elsewhere = new Elsewhere(server);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return elsewhere;
  }

  /** Where it is, by a name that means this machine. */
  at(host: string): string {
    return `http://${host}:${(this.server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise<void>((resolve) => this.server.close(() => resolve()));
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    this.requests.push(request);
    const { html = '', cookies = [], location } = this.pages.get(request.url!) ?? {};
    response.writeHead(location === undefined ? 200 : 303, {
      'content-type': 'text/html; charset=utf-8',
      'access-control-allow-origin': '*',
      ...(cookies.length > 0 ? { 'set-cookie': [...cookies] } : {}),
      ...(location === undefined ? {} : { location }),
    });
    response.end(`<!doctype html><title>elsewhere</title>${html}`);
  }
}
