import { once } from 'node:events';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { authorizeAny, createMtlsServer, type X509Source } from '@mesh/identity';

type Script = (
  request: IncomingMessage,
  response: ServerResponse,
  body: string,
) => void | Promise<void>;

/** An agent that does what a test tells it, over real mTLS. */
export class ScriptedPeer {
  /** Requests that arrived, in order. */
  readonly requests: { readonly headers: IncomingMessage['headers']; readonly body: string }[] = [];
  /** How often a peer shook hands. */
  handshakes = 0;
  /** What it does with a request whose body is there. */
  script: Script = (_request, response) => void response.end();

  private constructor(private readonly server: Server) {}

  static async start(source: X509Source): Promise<ScriptedPeer> {
    // Who calls is not what these tests are about.
    const server = createMtlsServer(source, source, authorizeAny());
    const peer = new ScriptedPeer(server);
    server.on('secureConnection', () => (peer.handshakes += 1));
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      void (async () => {
        request.setEncoding('utf8');
        let body = '';
        for await (const chunk of request) body += chunk as string;
        peer.requests.push({ headers: request.headers, body });
        await peer.script(request, response, body);
      })().catch(() => response.destroy());
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return peer;
  }

  get url(): string {
    return `https://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.server.close();
    this.server.closeAllConnections();
    if (this.server.listening) await once(this.server, 'close');
  }
}
