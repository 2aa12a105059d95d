import { createHash, randomBytes } from 'node:crypto';
import type { Agent } from 'undici';
import { CLI_CLIENT_ID, CLI_REDIRECT_URI } from '../clients.js';
import { assertLoopbackHostname } from '../development-only.js';
import { SignInError } from '../issuer.error.js';
import { loopbackAgent } from './loopback-http.js';

export interface SignInOptions {
  /** Separated by spaces. `offline_access` gets a refresh token. */
  readonly scope: string;
  /** What the access token is for (RFC 8707). */
  readonly resource: string;
  /** Default `mesh-cli`. */
  readonly clientId?: string;
  /** One of the client's; nobody listens there, as the answer is taken from the redirect. Default the command line's. */
  readonly redirectUri?: string;
  /** Default: 10 seconds for all of it. */
  readonly signal?: AbortSignal;
}

/** What the token endpoint gave (RFC 6749, section 5.1). */
export interface SignedIn {
  readonly accessToken: string;
  /** Seconds. */
  readonly expiresIn: number;
  /** That were granted: fewer than were asked for where the account may less. */
  readonly scope: string;
  readonly refreshToken: string | undefined;
  readonly idToken: string | undefined;
}

/** Redirects and pages that a sign-in has at most. */
const MAX_STEPS = 12;

/**
 * Signs a sample account in at the embedded issuer without a browser, by the very code flow a browser goes: the
 * request with PKCE, the login form, the form that asks, the redirect, the token endpoint. It sends a password
 * without TLS, so it speaks to loopback alone.
 *
 * @throws SignInError `ERR_ISSUER_SIGN_IN_REFUSED` (account, password, scope, or too many attempts),
 *   `ERR_ISSUER_SIGN_IN_FAILED`; IssuerError `ERR_ISSUER_ADDRESS`; the signal's reason
 *
 * @example
 * const { accessToken } = await signInAs(issuer.url, 'analyst', passwords.of('analyst'), {
 *   scope: 'research:deep draft:write', resource: 'https://mesh.local/api',
 * });
 */
export async function signInAs(
  issuerUrl: string,
  account: string,
  password: string,
  options: SignInOptions,
): Promise<SignedIn> {
  assertLoopbackHostname(URL.parse(issuerUrl)?.hostname ?? '');
  const agent = loopbackAgent();
  const signal = options.signal ?? AbortSignal.timeout(10_000);
  try {
    return await new SignIn(issuerUrl, options, agent, signal).run(account, password);
  } catch (error) {
    if (error instanceof SignInError) throw error;
    signal.throwIfAborted();
    throw failed('The issuer cannot be reached, or does not answer as an issuer does.', error);
  } finally {
    await agent.destroy();
  }
}

interface Metadata {
  readonly authorization_endpoint: string;
  readonly token_endpoint: string;
}

interface Page {
  readonly url: string;
  readonly status: number;
  readonly location: string | undefined;
  readonly text: string;
}

class SignIn {
  readonly #cookies = new Map<string, string>();
  readonly #clientId: string;
  readonly #redirectUri: string;
  readonly #verifier = randomBytes(32).toString('base64url');
  readonly #state = randomBytes(16).toString('base64url');

  constructor(
    private readonly issuerUrl: string,
    private readonly options: SignInOptions,
    private readonly agent: Agent,
    private readonly signal: AbortSignal,
  ) {
    this.#clientId = options.clientId ?? CLI_CLIENT_ID;
    this.#redirectUri = options.redirectUri ?? CLI_REDIRECT_URI;
  }

  async run(account: string, password: string): Promise<SignedIn> {
    const metadata = await this.#discover();
    const answer = await this.#authorize(metadata, account, password);
    return this.#redeem(metadata, this.#code(answer));
  }

  async #discover(): Promise<Metadata> {
    const page = await this.#request(`${this.issuerUrl}/.well-known/openid-configuration`);
    const found = JSON.parse(page.text) as Metadata & { issuer?: unknown };
    if (found.issuer !== this.issuerUrl) throw failed('The issuer names itself otherwise.');
    return found;
  }

  /** Follows redirects and fills in forms until the issuer leads back to the client. */
  async #authorize(metadata: Metadata, account: string, password: string): Promise<URL> {
    const request = new URL(metadata.authorization_endpoint);
    request.search = new URLSearchParams({
      response_type: 'code',
      client_id: this.#clientId,
      redirect_uri: this.#redirectUri,
      scope: this.options.scope,
      resource: this.options.resource,
      state: this.#state,
      code_challenge: createHash('sha256').update(this.#verifier).digest('base64url'),
      code_challenge_method: 'S256',
      // Without it there is no refresh token (OpenID Connect Core, section 11).
      ...(this.options.scope.split(' ').includes('offline_access') ? { prompt: 'consent' } : {}),
    }).toString();
    let page = await this.#request(request.href);
    for (let step = 0; step < MAX_STEPS; step++) {
      if (page.location !== undefined) {
        const target = new URL(page.location, page.url);
        if (`${target.origin}${target.pathname}` === this.#redirectUri) return target;
        page = await this.#request(target.href);
      } else {
        const prompt = /name="prompt" value="(login|consent)"/.exec(page.text)?.[1];
        if (page.status !== 200 || prompt === undefined) throw refusedPage(page);
        const person: Record<string, string> = prompt === 'login' ? { account, password } : {};
        page = await this.#request(page.url, { prompt, answer: 'yes', ...person });
      }
    }
    throw failed('The issuer leads in circles.');
  }

  #code({ searchParams }: URL): string {
    if (searchParams.get('state') !== this.#state || searchParams.get('iss') !== this.issuerUrl) {
      throw failed("The issuer's answer is not to this request.");
    }
    const error = searchParams.get('error');
    if (error !== null) throw refused(error, searchParams.get('error_description'));
    const code = searchParams.get('code');
    if (code === null) throw failed("The issuer's answer holds no code.");
    return code;
  }

  async #redeem(metadata: Metadata, code: string): Promise<SignedIn> {
    const { status, text } = await this.#request(metadata.token_endpoint, {
      grant_type: 'authorization_code',
      client_id: this.#clientId,
      redirect_uri: this.#redirectUri,
      code,
      code_verifier: this.#verifier,
    });
    const body = JSON.parse(text) as Record<string, unknown>;
    if (status !== 200) throw refused(String(body.error), undefined);
    const { access_token: accessToken, expires_in: expiresIn, scope } = body;
    if (typeof accessToken !== 'string' || typeof expiresIn !== 'number') {
      throw failed('The issuer gave no access token.');
    }
    return {
      accessToken,
      expiresIn,
      scope: optional(scope) ?? '',
      refreshToken: optional(body.refresh_token),
      idToken: optional(body.id_token),
    };
  }

  /** Never beyond the issuer's origin: cookies, password and code are for it alone. */
  async #request(url: string, form?: Record<string, string>): Promise<Page> {
    if (new URL(url).origin !== this.issuerUrl) throw failed('The issuer leads elsewhere.');
    const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const { origin, pathname, search } = new URL(url);
    const response = await this.agent.request({
      origin,
      path: pathname + search,
      method: form === undefined ? 'GET' : 'POST',
      headers: {
        ...(cookie === '' ? {} : { cookie }),
        ...(form === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' }),
      },
      body: form === undefined ? null : new URLSearchParams(form).toString(),
      signal: this.signal,
    });
    this.#keepCookies(response.headers['set-cookie']);
    const { location } = response.headers;
    return {
      url,
      status: response.statusCode,
      location: typeof location === 'string' ? location : undefined,
      text: await response.body.text(),
    };
  }

  /** One issuer, one sign-in: names are enough, as a later cookie of another path replaces the one before. */
  #keepCookies(header: string | string[] | undefined): void {
    for (const cookie of [header ?? []].flat()) {
      const [, name, value] = /^([^=;]+)=([^;]*)/.exec(cookie) ?? [];
      if (name === undefined || value === undefined) continue;
      if (value === '') this.#cookies.delete(name);
      else this.#cookies.set(name, value);
    }
  }
}

function optional(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function refusedPage({ status, text }: Page): SignInError {
  if (status === 429) {
    return new SignInError(
      'ERR_ISSUER_SIGN_IN_REFUSED',
      'The issuer refuses for now: too many wrong passwords.',
    );
  }
  if (status === 403) {
    return new SignInError(
      'ERR_ISSUER_SIGN_IN_REFUSED',
      'The issuer refused the sign-in: account and password do not match.',
    );
  }
  const error = /<code>([a-z_]{1,64})<\/code>/.exec(text)?.[1];
  return error === undefined ? failed("The issuer's page is unknown.") : refused(error, null);
}

function refused(error: string, description: string | null | undefined): SignInError {
  const oauthError = /^[\x21-\x7e]{1,64}$/.test(error) ? error : undefined;
  const detail = description?.replace(/[^\x20-\x7e]/g, '').slice(0, 200);
  return new SignInError(
    'ERR_ISSUER_SIGN_IN_REFUSED',
    `The issuer refused the sign-in: ${oauthError ?? 'without a reason'}${detail ? ` (${detail})` : ''}.`,
    { oauthError },
  );
}

function failed(message: string, cause?: unknown): SignInError {
  return new SignInError('ERR_ISSUER_SIGN_IN_FAILED', message, { cause });
}
