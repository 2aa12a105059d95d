import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

const PATH = '/callback';
const HEADERS = {
  'Content-Type': 'text/html; charset=utf-8',
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'; base-uri 'none'",
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cache-Control': 'no-store',
  Connection: 'close',
};

/** What a browser was led back with, and how to tell the person what came of it. */
export interface Redirected {
  readonly url: URL;
  /** Shows the page; resolves once it is sent. */
  readonly answer: (title: string, text: string) => Promise<void>;
}

/**
 * The place on loopback that an issuer leads the browser back to (RFC 8252, 7.3): any free port of 127.0.0.1, one
 * path, one answer. Whatever else a page or program on this machine sends is refused and ends nothing.
 */
export class LoopbackRedirect {
  readonly url: string;
  /** Resolves with the one request that carries the `state`. */
  readonly redirected: Promise<Redirected>;
  readonly #server;

  private constructor(server: ReturnType<typeof createServer>, state: string) {
    const { port } = server.address() as AddressInfo;
    const origin = `http://127.0.0.1:${port}`;
    this.url = `${origin}${PATH}`;
    this.#server = server;
    const { promise, resolve } = Promise.withResolvers<Redirected>();
    this.redirected = promise;
    let taken = false;
    server.on('request', (request, response) => {
      const url = targetOf(request, origin);
      if (url === undefined) return void page(response, 404, 'Not found', 'There is nothing here.');
      if (taken || url.searchParams.get('state') !== state) {
        return void page(response, 400, 'Not signed in', 'This is not the sign-in that was begun.');
      }
      taken = true;
      resolve({ url, answer: (title, text) => page(response, 200, title, text) });
    });
  }

  static async open(state: string): Promise<LoopbackRedirect> {
    const server = createServer({ maxHeaderSize: 16_384, requestTimeout: 10_000 });
    server.maxConnections = 16;
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new LoopbackRedirect(server, state);
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}

/** A web page reaches loopback by DNS rebinding; its `Host` gives that away. */
function targetOf({ method, url, headers }: IncomingMessage, origin: string): URL | undefined {
  if (method !== 'GET' || `http://${headers.host}` !== origin || !url?.startsWith('/')) {
    return undefined;
  }
  const target = URL.parse(`${origin}${url}`);
  return target?.pathname === PATH ? target : undefined;
}

/** Of fixed texts alone: nothing of the request stands on it. */
async function page(
  response: ServerResponse,
  status: number,
  title: string,
  text: string,
): Promise<void> {
  if (response.closed) return; // the browser has gone
  const sent = once(response, 'close');
  response
    .writeHead(status, HEADERS)
    .end(
      `<!doctype html><html lang="en"><meta charset="utf-8"><title>${title}</title><h1>${title}</h1><p>${text}</p></html>\n`,
    );
  await sent;
}
