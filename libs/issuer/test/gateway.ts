import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import {
  authorizeId,
  authorizeMemberOf,
  createMtlsPool,
  TrustDomain,
  X509Bundle,
  X509Svid,
} from '@mesh/identity';
import { EmbeddedIssuer, type EmbeddedIssuerOptions } from '../src/embedded-issuer.js';
import { Browser, passwords, resource, verifier, type Params } from './browser.js';

export const SESSION_CLIENT = 'mesh-gateway';

/** Makes the SVIDs: a spec has one of its kit. */
interface Authority {
  readonly certificateDer: Uint8Array;
  issue(options: { uri: string }): Promise<{ chainDer: Uint8Array; keyDer: Uint8Array }>;
}

interface Answer {
  readonly status: number;
  readonly body: Record<string, string>;
}

/** An issuer with a gateway: what it would do on the back channel, and with whose SVID. */
export class IssuerWithGateway {
  /** Logout tokens as they came. */
  readonly logoutTokens: string[] = [];
  /** What the gateway answers to them with; undefined: nothing at all. */
  backChannelStatus: number | undefined = 200;
  readonly svids: Record<'gateway' | 'tts', X509Svid>;
  readonly #bundle: X509Bundle;
  readonly #issuerSvid: X509Svid;

  private constructor(
    readonly issuer: EmbeddedIssuer,
    /** Of the gateway. */
    readonly origin: string,
    private readonly server: Server,
    private readonly issueSvid: (name: string) => Promise<X509Svid>,
    identities: {
      bundle: X509Bundle;
      issuer: X509Svid;
      svids: IssuerWithGateway['svids'];
    },
  ) {
    this.#bundle = identities.bundle;
    this.#issuerSvid = identities.issuer;
    this.svids = identities.svids;
    server.on('request', (request, response) => void this.#backChannel(request, response));
  }

  /** @param authority of mesh.local */
  static async start(
    authority: Authority,
    options: Partial<EmbeddedIssuerOptions> & {
      readonly gatewayOrigins?: (own: string) => readonly string[];
      /** PEM of the gateway's listener. */
      readonly tls?: { readonly key: string; readonly cert: string };
      readonly ca?: () => string;
    } = {},
  ): Promise<IssuerWithGateway> {
    const { gatewayOrigins = (own) => [own], tls, ca, ...others } = options;
    const trustDomain = TrustDomain.parse('mesh.local');
    const bundle = X509Bundle.parse(trustDomain, authority.certificateDer);
    const svid = async (name: string) => {
      const uri = `spiffe://${trustDomain.name}/ns/agents/sa/${name}`;
      const { chainDer, keyDer } = await authority.issue({ uri });
      return X509Svid.parse(chainDer, keyDer);
    };
    const issuerSvid = await svid('issuer');
    const svids = { gateway: await svid('gateway'), tts: await svid('tts') };
    const server = tls === undefined ? createServer() : createTlsServer(tls);
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const { port } = server.address() as AddressInfo;
    const origin =
      tls === undefined ? `http://127.0.0.1:${port}` : `https://mesh.localhost:${port}`;
    const issuer = await EmbeddedIssuer.start({
      port: 0,
      resource,
      passwords,
      // Node's fetch reaches it without a resolver of its own.
      hostname: '127.0.0.1',
      agents: {
        svids: issuerSvid,
        bundles: bundle,
        authorizer: authorizeMemberOf(trustDomain),
        port: 0,
      },
      session: {
        clientId: SESSION_CLIENT,
        spiffeId: svids.gateway.id,
        origins: () => gatewayOrigins(origin),
        ...(ca === undefined ? {} : { ca }),
      },
      ...others,
    });
    return new IssuerWithGateway(issuer, origin, server, svid, {
      bundle,
      issuer: issuerSvid,
      svids,
    });
  }

  /** What the gateway asks for at the authorization endpoint. */
  request(changes: Params = {}): Params {
    return {
      client_id: SESSION_CLIENT,
      redirect_uri: `${this.origin}/sign-in/callback`,
      scope: 'openid research:fast research:deep draft:write',
      nonce: 'n',
      ...changes,
    };
  }

  /** Signs a person in at the gateway, whatever pages come. */
  async signIn(browser: Browser, account: string, changes: Params = {}): Promise<Answer['body']> {
    const answer = await browser.signIn(account, this.request(changes));
    return (await this.token({ code: answer.get('code')! })).body;
  }

  /** On the listener for agents. */
  token(
    changes: Params,
    who: keyof IssuerWithGateway['svids'] = 'gateway',
    path = '/token',
  ): Promise<Answer> {
    return this.post(path, { ...this.#codeGrant, ...changes }, who);
  }

  refresh(refreshToken: string, who: keyof IssuerWithGateway['svids'] = 'gateway') {
    const form = { grant_type: 'refresh_token', refresh_token: refreshToken };
    return this.post('/token', { client_id: SESSION_CLIENT, ...form }, who);
  }

  /** On the browsers' listener, as whoever shows no certificate. */
  async tokenWithoutSvid(changes: Params, headers: Record<string, string> = {}): Promise<Answer> {
    const form = defined({ ...this.#codeGrant, ...changes });
    const response = await new Browser(this.issuer).fetch('/token', form, headers);
    return { status: response.status, body: JSON.parse(response.html) as Answer['body'] };
  }

  async post(
    path: string,
    form: Params,
    who: keyof IssuerWithGateway['svids'],
    headers: Record<string, string> = {},
  ): Promise<Answer> {
    const { status, text: answer } = await this.#request(who, {
      method: 'POST',
      path,
      headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
      body: new URLSearchParams(defined(form)).toString(),
    });
    return { status, body: (answer === '' ? {} : JSON.parse(answer)) as Answer['body'] };
  }

  async get(path: string, who: keyof IssuerWithGateway['svids']): Promise<Answer> {
    const { status, text: answer } = await this.#request(who, { method: 'GET', path });
    return { status, body: JSON.parse(answer) as Answer['body'] };
  }

  /** The gateway has another certificate with another key from now on. */
  async rotateSvid(): Promise<void> {
    this.svids.gateway = await this.issueSvid('gateway');
  }

  async close(): Promise<void> {
    await this.issuer.close();
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }

  get #codeGrant(): Params {
    return {
      grant_type: 'authorization_code',
      client_id: SESSION_CLIENT,
      redirect_uri: `${this.origin}/sign-in/callback`,
      code_verifier: verifier,
    };
  }

  async #request(
    who: keyof IssuerWithGateway['svids'],
    request: Parameters<ReturnType<typeof createMtlsPool>['request']>[0],
  ): Promise<{ status: number; text: string }> {
    const pool = createMtlsPool(
      this.issuer.agentsUrl!,
      this.svids[who],
      this.#bundle,
      authorizeId(this.#issuerSvid.id),
    );
    try {
      const { status, body } = await pool.request(request);
      return { status, text: await body.text() };
    } finally {
      await pool.destroy();
    }
  }

  async #backChannel(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const form = new URLSearchParams(await text(request));
    if (request.url === '/sign-in/back-channel' && request.method === 'POST') {
      this.logoutTokens.push(form.get('logout_token')!);
    }
    if (this.backChannelStatus === undefined) return;
    response.writeHead(this.backChannelStatus).end();
  }
}

function defined(form: Params): Record<string, string> {
  return Object.fromEntries(
    Object.entries(form).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}
