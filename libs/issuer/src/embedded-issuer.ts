import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { systemClock, type Clock } from '@mesh/identity';
import type Provider from 'oidc-provider';
import { AgentListener, type AgentListenerOptions } from './agent-listener.js';
import { BackChannel } from './back-channel.js';
import {
  assertDevelopment,
  assertLoopbackAddress,
  assertLoopbackHostname,
} from './development-only.js';
import { Interactions } from './interactions.js';
import { IssuerError } from './issuer.error.js';
import type { IssuerLog } from './issuer-log.js';
import { IssuerStore } from './issuer-store.js';
import { closeServer, listen } from './listening.js';
import { errorPage, STYLE, STYLE_PATH } from './pages.js';
import { createProvider } from './provider.js';
import { Scopes, type SampleAccountName } from './sample-accounts.js';
import type { SamplePasswords } from './sample-passwords.js';
import type { SessionClientOptions } from './session-client.js';
import { SigningKeys } from './signing-keys.js';
import { Welcome } from './welcome.js';

export interface EmbeddedIssuerOptions {
  /** TCP port; 0: a free one, which `url` then holds. */
  readonly port: number;
  /** What the access tokens are for, their `aud`: an absolute URI that names the mesh's API (RFC 8707). */
  readonly resource: string;
  /** Of the sample accounts. */
  readonly passwords: SamplePasswords;
  /**
   * What the agents of this mesh want of a person besides the samples' scopes, each with the roles of those who may have
   * it. Default: nothing.
   */
  readonly scopes?: Readonly<Record<string, readonly string[]>>;
  /**
   * Host of the issuer's URL: an address of loopback, or a name under `.localhost`. Default `mesh.localhost`: a cookie
   * of `127.0.0.1` goes to every port. Node does not resolve it by itself: connect to `address`.
   */
  readonly hostname?: string;
  /** That is bound, of loopback alone. Default `127.0.0.1`. */
  readonly address?: string;
  /** Life of an access token in seconds, 10 to 3600. Default 600. */
  readonly accessTokenTtlSeconds?: number;
  /** A second listener with mTLS, where agents read the keys and the gateway has its tokens. Default: none. */
  readonly agents?: AgentListenerOptions;
  /** The gateway, as the back end of people's browsers; it redeems codes on the listener for agents. Default: none. */
  readonly session?: SessionClientOptions;
  /** Named on the login page: where the sample accounts' passwords are to be found. Default: nothing is said. */
  readonly passwordsFile?: string;
  /** Default: none. */
  readonly log?: IssuerLog;
  /** That the delays after wrong passwords go by. Default: the machine's. */
  readonly clock?: Clock;
  /** Refused if `production`, as is a process whose NODE_ENV is. Default NODE_ENV. */
  readonly environment?: string;
}

/** Of each answer; the provider and the pages add to it. */
const HEADERS = {
  'Content-Security-Policy':
    "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  // `no-referrer` would make the forms' Origin null.
  'Referrer-Policy': 'same-origin',
  'Cache-Control': 'no-store',
};

/**
 * An OpenID Connect issuer for development: authorization code flow with PKCE for the command line (`mesh-cli`) and
 * Swagger UI (`mesh-swagger`), JWT access tokens (RFC 9068) for the mesh's API, three sample accounts. Keys, sessions
 * and grants are in memory alone.
 *
 * @example
 * const passwords = await SamplePasswords.open('.mesh/issuer-passwords.json');
 * const issuer = await EmbeddedIssuer.start({ port: 4010, resource: 'https://mesh.local/api', passwords });
 * issuer.url; // http://mesh.localhost:4010
 * await issuer.close();
 */
export class EmbeddedIssuer {
  /** The issuer's identifier, `iss`: `http://HOST:PORT`. */
  readonly url: string;
  /** That the listener has. */
  readonly port: number;
  readonly resource: string;
  readonly #server: Server;
  readonly #authority: string;
  readonly #keys = new SigningKeys();
  readonly #log: IssuerLog | undefined;
  readonly #makeProvider: () => Provider;
  readonly #interactions: Interactions;
  #provider: Provider;
  #callback: ReturnType<Provider['callback']>;
  readonly #agents: AgentListener | undefined;
  readonly #welcome: Welcome;
  #closing: Promise<void> | undefined;

  private constructor(
    server: Server,
    agents: AgentListener | undefined,
    options: EmbeddedIssuerOptions,
  ) {
    const {
      hostname = 'mesh.localhost',
      resource,
      passwords,
      session,
      clock = systemClock,
      log,
    } = options;
    this.port = (server.address() as AddressInfo).port;
    // A URL leaves its default port out, and so does `Host`.
    this.url = new URL(`http://${hostname}:${this.port}`).origin;
    this.resource = resource;
    this.#server = server;
    this.#agents = agents;
    this.#authority = new URL(this.url).host;
    this.#log = log;
    const scopes = new Scopes(options.scopes);
    const store = new IssuerStore();
    const backChannel = new BackChannel(session, log);
    const cookieKeys = [randomBytes(32).toString('base64url')];
    this.#makeProvider = () =>
      createProvider({
        url: this.url,
        resource,
        scopes,
        accessTokenTtlSeconds: options.accessTokenTtlSeconds ?? 600,
        keys: this.#keys,
        store,
        session,
        agentsUrl: agents?.url,
        backChannel,
        cookieKeys,
        onFailure: (error) => this.#failed(error),
      });
    this.#provider = this.#makeProvider();
    this.#callback = this.#provider.callback();
    this.#interactions = new Interactions({
      provider: () => this.#provider,
      url: this.url,
      resource,
      scopes,
      passwords,
      passwordsFile: options.passwordsFile,
      backChannel,
      now: () => clock.now(),
      log,
    });
    this.#welcome = new Welcome({
      provider: () => this.#provider,
      url: this.url,
      signInUrl: () => session?.origins().map((origin) => `${origin}/sign-in`)[0],
      backChannel,
      now: () => clock.now(),
      log,
    });
  }

  /** When it resolves, the issuer answers. @throws IssuerError */
  static async start(options: EmbeddedIssuerOptions): Promise<EmbeddedIssuer> {
    const { address = '127.0.0.1', hostname = 'mesh.localhost', port, log } = options;
    assertDevelopment(options.environment);
    assertLoopbackAddress(address);
    assertLoopbackHostname(hostname);
    assertResource(options.resource);
    assertTtl(options.accessTokenTtlSeconds);
    const server = createServer({
      maxHeaderSize: 16_384,
      headersTimeout: 10_000,
      requestTimeout: 30_000,
      keepAliveTimeout: 5_000,
    });
    server.maxConnections = 256;
    await listen(server, port, address);
    let agents: AgentListener | undefined;
    try {
      agents = options.agents && (await AgentListener.start(options.agents, address));
    } catch (error) {
      await closeServer(server);
      throw error;
    }
    const issuer = new EmbeddedIssuer(server, agents, options);
    server.on('request', (request, response) => void issuer.#handle(request, response));
    agents?.serve(
      (request, response) => void issuer.#serve(request, response),
      options.session?.spiffeId,
    );
    log?.warn(
      { url: issuer.url },
      'Embedded OpenID issuer: for development alone. Its accounts are samples, and its pages come without TLS',
    );
    return issuer;
  }

  /** Where the public keys are, for who has no SVID. */
  get jwksUri(): string {
    return `${this.url}/jwks`;
  }

  /** Origin of the listener with mTLS; undefined without one. */
  get agentsUrl(): string | undefined {
    return this.#agents?.url;
  }

  /**
   * A link that signs whoever opens it in as a sample account, once and within ten minutes, and leads on to the gateway.
   * It is a password as long as it works: for the eyes of who started the mesh.
   */
  welcome(account: SampleAccountName): string {
    return this.#welcome.link(account);
  }

  /**
   * A new key signs from now on. The one before stays announced, so that its tokens stay good until `retireKeys`.
   * Returns the new key's `kid`. @throws IssuerError
   */
  rotateKeys(): string {
    this.#assertOpen();
    const kid = this.#keys.rotate();
    this.#renew();
    this.#log?.info({ name: kid }, 'Embedded issuer: another key signs');
    return kid;
  }

  /** All keys but the one that signs leave the JWKS, and with them the tokens they signed. @throws IssuerError */
  retireKeys(): void {
    this.#assertOpen();
    this.#keys.retire();
    this.#renew();
    this.#log?.info({}, 'Embedded issuer: old keys retired');
  }

  /** Ends the listeners; requests under way have a second. May be called twice. */
  close(): Promise<void> {
    this.#closing ??= Promise.all([closeServer(this.#server), this.#agents?.close()]).then(
      () => undefined,
    );
    return this.#closing;
  }

  /** Of a browser. */
  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    await this.#serve(request, response, async (path) => {
      if (!this.#isOwnHost(request)) return refuseHost(response);
      const welcome = this.#welcome.codeOf(path);
      if (welcome !== undefined) return this.#welcome.handle(request, response, welcome);
      if (this.#interactions.serves(path)) {
        return this.#interactions.handle(request, response, path);
      }
      if (path === STYLE_PATH && request.method === 'GET') {
        response.writeHead(200, { 'Content-Type': 'text/css; charset=utf-8' }).end(STYLE);
        return;
      }
      await this.#callback(request, response);
    });
  }

  async #serve(
    request: IncomingMessage,
    response: ServerResponse,
    handle: (path: string) => Promise<void> = async () => this.#callback(request, response),
  ): Promise<void> {
    for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value);
    try {
      await handle(request.url!.split('?')[0]!);
    } catch (error) {
      this.#failed(error);
      if (response.headersSent) return void response.destroy();
      response
        .writeHead(500, { 'Content-Type': 'text/html; charset=utf-8' })
        .end(errorPage('server_error', 'Something failed inside the issuer.'));
    }
  }

  /** A web page reaches a listener on loopback by DNS rebinding; its `Host` gives that away (RFC 9110, 7.4). */
  #isOwnHost({ url, headers, rawHeaders }: IncomingMessage): boolean {
    const hosts = rawHeaders.filter((name, at) => at % 2 === 0 && name.toLowerCase() === 'host');
    return (
      hosts.length === 1 &&
      headers.host!.toLowerCase() === this.#authority &&
      // A target with a host of its own would say another than the one that is checked.
      url!.startsWith('/') &&
      !url!.startsWith('//')
    );
  }

  #renew(): void {
    this.#provider = this.#makeProvider();
    this.#callback = this.#provider.callback();
  }

  #failed(error: unknown): void {
    // The name alone: a message may quote what a person typed.
    this.#log?.error(
      { reason: error instanceof Error ? error.name : 'unknown' },
      'Embedded issuer: a request failed',
    );
  }

  #assertOpen(): void {
    if (this.#closing === undefined) return;
    throw new IssuerError('ERR_ISSUER_CLOSED', 'The embedded issuer is closed.');
  }
}

function refuseHost(response: ServerResponse): void {
  const { code, message, status } = new IssuerError(
    'ERR_ISSUER_HOST',
    'The embedded issuer does not serve that host name.',
  );
  response
    .writeHead(status, { 'Content-Type': 'application/problem+json', Connection: 'close' })
    .end(JSON.stringify({ status, code, detail: message }));
}

function assertResource(resource: string): void {
  const url = URL.parse(resource);
  if (url !== null && !resource.includes('#') && !/\s/.test(resource)) return;
  throw new IssuerError(
    'ERR_ISSUER_RESOURCE',
    "The mesh's API is named by an absolute URI without a fragment.",
  );
}

function assertTtl(seconds = 600): void {
  if (Number.isInteger(seconds) && seconds >= 10 && seconds <= 3600) return;
  throw new IssuerError('ERR_ISSUER_TTL', 'An access token lives 10 to 3600 whole seconds.');
}
