import type { IncomingMessage, ServerResponse } from 'node:http';
import type Provider from 'oidc-provider';
import { AttemptLimit } from './attempt-limit.js';
import type { BackChannel } from './back-channel.js';
import { askedScopes, decide } from './grants.js';
import type { IssuerLog } from './issuer-log.js';
import { isOwnForm } from './own-form.js';
import { allowFormTarget, consentPage, errorPage, loginPage, send } from './pages.js';
import { interactionPath, PASSWORD_SIGN_IN } from './provider.js';
import { isSampleAccount, type Scopes } from './sample-accounts.js';
import type { SamplePasswords } from './sample-passwords.js';
import { HINT_COOKIE } from './welcome.js';

const FORM_MAX_BYTES = 4096;
const PATH = /^\/interaction\/([\w-]{1,64})$/;

type Details = Awaited<ReturnType<Provider['interactionDetails']>>;

export interface InteractionsOptions {
  /** The provider as it is at the time of a request. */
  readonly provider: () => Provider;
  readonly url: string;
  readonly resource: string;
  readonly scopes: Scopes;
  readonly passwords: SamplePasswords;
  readonly passwordsFile: string | undefined;
  readonly backChannel: BackChannel;
  readonly now: () => number;
  readonly log: IssuerLog | undefined;
}

/**
 * The pages between a client's request and its answer: who are you, and may this client. A page belongs to one
 * interaction: its random ID stands in the path and in a signed SameSite cookie of that path, and both must agree.
 */
export class Interactions {
  readonly #options: InteractionsOptions;
  readonly #attempts: AttemptLimit;

  constructor(options: InteractionsOptions) {
    this.#options = options;
    this.#attempts = new AttemptLimit(options.now);
  }

  /** False for a path that is none of these pages'. */
  serves(path: string): boolean {
    return PATH.test(path);
  }

  /** @param path of the request, without its query */
  async handle(request: IncomingMessage, response: ServerResponse, path: string): Promise<void> {
    const provider = this.#options.provider();
    let details: Details;
    try {
      details = await provider.interactionDetails(request, response);
    } catch {
      // No cookie, one of another page, or the page stood open too long.
      return this.#refuse(response, 400, 'invalid_request', 'This sign-in has ended.');
    }
    if (path !== interactionPath(details.uid)) {
      return this.#refuse(response, 400, 'invalid_request', 'This page is not of your sign-in.');
    }
    allowFormTarget(response, details.params.redirect_uri as string);
    if (request.method === 'GET') return this.#ask(request, response, details);
    if (request.method !== 'POST') {
      response.setHeader('Allow', 'GET, POST');
      return this.#refuse(response, 405, 'invalid_request', 'There are GET and POST alone.');
    }
    if (!isOwnForm(request, this.#options.url)) {
      return this.#refuse(response, 403, 'invalid_request', 'This form is not of this page.');
    }
    const form = await readForm(request);
    if (form === undefined) {
      response.setHeader('Connection', 'close');
      return this.#refuse(response, 400, 'invalid_request', 'The form cannot be read.');
    }
    // A page that was left open: the sign-in has gone on in another one.
    if (form.get('prompt') !== details.prompt.name) return this.#ask(request, response, details);
    if (form.get('answer') !== 'yes') {
      const result = { error: 'access_denied', error_description: 'the person cancelled' };
      return provider.interactionFinished(request, response, result);
    }
    if (details.prompt.name === 'login') return this.#login(request, response, details, form);
    return this.#consent(request, response, details);
  }

  async #ask(request: IncomingMessage, response: ServerResponse, details: Details): Promise<void> {
    const { passwordsFile } = this.#options;
    const client = await this.#clientName(details);
    if (details.prompt.name === 'login')
      return send(
        response,
        200,
        loginPage(client, { hint: takeHint(request, response), passwordsFile }),
      );
    const { account, granted, withheld, openid } = askedScopes(
      details.params.scope,
      details.session?.accountId,
      this.#options.scopes,
    );
    const again = new URLSearchParams(
      Object.entries(details.params).flatMap(([name, value]) =>
        typeof value === 'string' ? [[name, value]] : [],
      ),
    );
    again.set('prompt', openid.includes('offline_access') ? 'login consent' : 'login');
    const words = (names: readonly string[]) =>
      names.map((scope) => this.#options.scopes.inWords(scope));
    const staysSignedIn = openid.includes('offline_access')
      ? ['Access while you are away, for some hours']
      : [];
    send(
      response,
      200,
      consentPage(
        client,
        account.name,
        ['Your account and role', ...words(granted), ...staysSignedIn],
        words(withheld),
        `/auth?${again.toString()}`,
      ),
    );
  }

  async #login(
    request: IncomingMessage,
    response: ServerResponse,
    details: Details,
    form: URLSearchParams,
  ): Promise<void> {
    const { passwordsFile } = this.#options;
    const account = form.get('account') ?? '';
    const password = form.get('password') ?? '';
    // All names that are no account count as one: what is typed there may be a password, and is anybody's to choose.
    const counted = isSampleAccount(account) ? account : 'unknown';
    const client = await this.#clientName(details);
    const wait = this.#attempts.waitSeconds(counted);
    if (wait > 0) {
      response.setHeader('Retry-After', wait);
      const problem = `Too many wrong passwords. Try again in ${wait} seconds.`;
      return send(response, 429, loginPage(client, { problem, passwordsFile }));
    }
    if (!this.#options.passwords.match(account, password)) {
      this.#attempts.failed(counted);
      this.#options.log?.warn({ name: counted }, 'Embedded issuer: wrong password');
      return send(
        response,
        403,
        loginPage(client, { problem: 'That account and password do not match.', passwordsFile }),
      );
    }
    this.#attempts.succeeded(counted);
    if (details.session !== undefined && details.session.accountId !== account) {
      await this.#endSession(details);
    }
    this.#options.log?.info({ name: account }, 'Embedded issuer: signed in');
    await this.#options
      .provider()
      .interactionFinished(
        request,
        response,
        { login: { accountId: account, remember: false, ...PASSWORD_SIGN_IN } },
        { mergeWithLastSubmission: false },
      );
  }

  /** Of the person before. `oidc-provider` would do it by a page whose script submits a form. */
  async #endSession(details: Details): Promise<void> {
    const provider = this.#options.provider();
    const session = await provider.Session.findByUid(details.session!.uid);
    if (session) await this.#options.backChannel.end(provider, session);
    details.session = undefined;
    await details.persist();
  }

  async #consent(
    request: IncomingMessage,
    response: ServerResponse,
    details: Details,
  ): Promise<void> {
    const provider = this.#options.provider();
    const asked = askedScopes(
      details.params.scope,
      details.session?.accountId,
      this.#options.scopes,
    );
    // A new grant each time: one that lives on would keep what an earlier client's request was given.
    const grant = new provider.Grant({
      accountId: asked.account.name,
      clientId: details.params.client_id as string,
    });
    decide(grant, this.#options.resource, asked);
    const grantId = await grant.save();
    await provider.interactionFinished(request, response, { consent: { grantId } });
  }

  async #clientName({ params }: Details): Promise<string> {
    const client = await this.#options.provider().Client.find(params.client_id as string);
    return client?.clientName ?? 'An application';
  }

  #refuse(response: ServerResponse, status: number, error: string, description: string): void {
    send(response, status, errorPage(error, description));
  }
}

/** Told once: the next sign-in has nothing to do with the link. */
function takeHint({ headers }: IncomingMessage, response: ServerResponse): string | undefined {
  if (!headers.cookie?.includes(`${HINT_COOKIE}=`)) return undefined;
  response.appendHeader('Set-Cookie', `${HINT_COOKIE}=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax`);
  return 'That link has been used, or is too old. Sign in with an account and its password.';
}

/** Undefined for what is no form, or too large. */
async function readForm(request: IncomingMessage): Promise<URLSearchParams | undefined> {
  const type = request.headers['content-type']?.split(';')[0]?.trim().toLowerCase();
  if (type !== 'application/x-www-form-urlencoded') return undefined;
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > FORM_MAX_BYTES) return undefined;
    chunks.push(chunk);
  }
  return new URLSearchParams(Buffer.concat(chunks).toString('utf8'));
}
