import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { exportJWK, generateKeyPair, SignJWT, type JWK, type JWTPayload } from 'jose';

export const CLIENT_ID = 'mesh-gateway';
export const RESOURCE = 'https://mesh.test/api';
export const MESH = 'http://mesh.localhost:4000';

type Json = Record<string, unknown>;

/** An OpenID issuer that answers as a test says: right in all, unless it is told otherwise. Its port is of loopback. */
export class ScriptedIssuer {
  /** Paths that were asked for, with the forms that were sent. */
  readonly asked: { readonly path: string; readonly form: URLSearchParams }[] = [];
  /** Added to the discovery document; undefined takes a member away. */
  metadata: Json = {};
  /** Of the next ID tokens; null: there is none. */
  idToken: ((claims: JWTPayload) => JWTPayload) | null = (claims) => claims;
  /** Of the next access tokens. */
  accessToken: (claims: JWTPayload) => JWTPayload = (claims) => claims;
  /** Of the next answers of the token endpoint. */
  answer: (body: Json) => Json = (body) => body;
  /** Undefined: answers. A number: that status. 'closed': connections are closed without a word. */
  fails: number | 'closed' | undefined;
  /** Told before each answer of the token endpoint. */
  onToken: () => Promise<void> | void = () => undefined;
  readonly #waiting: { readonly path: string; readonly done: () => void }[] = [];
  /** Codes and the nonce they were given for. */
  readonly #codes = new Map<string, string>();
  #refreshTokens = 0;

  private constructor(
    private readonly server: Server,
    readonly url: string,
    private readonly key: CryptoKey,
    private readonly jwk: JWK,
  ) {}

  static async start(): Promise<ScriptedIssuer> {
    const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true });
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const jwk = { ...(await exportJWK(publicKey)), kid: 'k1', alg: 'ES256', use: 'sig' };
    const issuer = new ScriptedIssuer(server, url, privateKey, jwk);
    server.on('request', (request, response) => void issuer.#handle(request, response));
    return issuer;
  }

  /** The paths that were asked for. */
  get paths(): string[] {
    return this.asked.map(({ path }) => path);
  }

  /** Forms that were sent to the token endpoint. */
  get tokenRequests(): URLSearchParams[] {
    return this.asked.filter(({ path }) => path === '/token').map(({ form }) => form);
  }

  /** Resolves when a path is asked for, or was before. */
  async until(path: string): Promise<void> {
    if (this.paths.includes(path)) return;
    await new Promise<void>((done) => this.#waiting.push({ path, done }));
  }

  /** What the browser brings back from an address of the authorization endpoint. */
  approve(authorizationUrl: string, changes: Record<string, string | undefined> = {}) {
    const asked = new URL(authorizationUrl).searchParams;
    const code = `code-${this.#codes.size}`;
    this.#codes.set(code, asked.get('nonce')!);
    const answer = { code, state: asked.get('state')!, iss: this.url, ...changes };
    return new URLSearchParams(
      Object.entries(answer).filter((pair): pair is [string, string] => pair[1] !== undefined),
    );
  }

  /** A token that the issuer's key signs. */
  sign(claims: JWTPayload, header: Json = {}): Promise<string> {
    return new SignJWT(claims)
      .setProtectedHeader({ alg: 'ES256', kid: 'k1', ...header })
      .sign(this.key);
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((done) => this.server.close(done));
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url!;
    const form = new URLSearchParams(await text(request));
    this.asked.push({ path, form });
    for (const { done } of this.#waiting.filter((one) => one.path === path)) done();
    if (this.fails === 'closed') return void request.socket.destroy();
    if (this.fails !== undefined) return void response.writeHead(this.fails).end('{}');
    const send = (status: number, body: Json) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    if (path === '/.well-known/openid-configuration') {
      send(200, {
        issuer: this.url,
        authorization_endpoint: `${this.url}/auth`,
        token_endpoint: `${this.url}/token`,
        revocation_endpoint: `${this.url}/revoke`,
        end_session_endpoint: `${this.url}/end`,
        jwks_uri: `${this.url}/jwks`,
        token_endpoint_auth_methods_supported: ['private_key_jwt'],
        id_token_signing_alg_values_supported: ['ES256'],
        authorization_response_iss_parameter_supported: true,
        ...this.metadata,
      });
    } else if (path === '/jwks') send(200, { keys: [this.jwk] });
    else if (path === '/revoke') response.writeHead(200).end();
    else if (path === '/token') {
      await this.onToken();
      const nonce =
        form.get('grant_type') === 'authorization_code'
          ? this.#codes.get(form.get('code')!)
          : undefined;
      const body = this.answer(await this.#tokens(nonce));
      send('error' in body ? 400 : 200, body);
    } else send(404, {});
  }

  async #tokens(nonce: string | undefined): Promise<Json> {
    const now = Math.floor(Date.now() / 1000);
    const claims = { iss: this.url, sub: 'ann', iat: now, exp: now + 600 };
    const idToken = this.idToken?.({
      ...claims,
      aud: CLIENT_ID,
      sid: 's1',
      preferred_username: 'Ann',
      ...(nonce ? { nonce } : {}),
    });
    const accessToken = this.accessToken({
      ...claims,
      aud: RESOURCE,
      client_id: CLIENT_ID,
      scope: 'research:fast',
      roles: ['analyst'],
      jti: `${this.#refreshTokens}`,
    });
    return {
      token_type: 'Bearer',
      expires_in: 600,
      access_token: await this.sign(accessToken, { typ: 'at+jwt' }),
      refresh_token: `refresh-${++this.#refreshTokens}`,
      ...(idToken ? { id_token: await this.sign(idToken) } : {}),
    };
  }
}
