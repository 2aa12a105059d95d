import type { IncomingMessage, ServerResponse } from 'node:http';
import type Provider from 'oidc-provider';
import { AttemptLimit } from './attempt-limit.js';
import type { IssuerLog } from './issuer-log.js';
import { consentPage, errorPage, loginPage } from './pages.js';
import { interactionPath, OIDC_SCOPES, PASSWORD_SIGN_IN } from './provider.js';
import { isSampleAccount, sampleAccount, type Scopes } from './sample-accounts.js';
import type { SamplePasswords } from './sample-passwords.js';

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
    allowRedirect(response, details);
    if (request.method === 'GET') return this.#ask(response, details);
    if (request.method !== 'POST') {
      response.setHeader('Allow', 'GET, POST');
      return this.#refuse(response, 405, 'invalid_request', 'There are GET and POST alone.');
    }
    if (!this.#isOwnForm(request)) {
      return this.#refuse(response, 403, 'invalid_request', 'This form is not of this page.');
    }
    const form = await readForm(request);
    if (form === undefined) {
      response.setHeader('Connection', 'close');
      return this.#refuse(response, 400, 'invalid_request', 'The form cannot be read.');
    }
    // A page that was left open: the sign-in has gone on in another one.
    if (form.get('prompt') !== details.prompt.name) return this.#ask(response, details);
    if (form.get('answer') !== 'yes') {
      const result = { error: 'access_denied', error_description: 'the person cancelled' };
      return provider.interactionFinished(request, response, result);
    }
    if (details.prompt.name === 'login') return this.#login(request, response, details, form);
    return this.#consent(request, response, details);
  }

  async #ask(response: ServerResponse, details: Details): Promise<void> {
    const client = await this.#clientName(details);
    if (details.prompt.name === 'login') return send(response, 200, loginPage(client, undefined));
    const { account, granted, withheld, openid } = this.#scopes(details);
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
    const account = form.get('account') ?? '';
    const password = form.get('password') ?? '';
    // All names that are no account count as one: what is typed there may be a password, and is anybody's to choose.
    const counted = isSampleAccount(account) ? account : 'unknown';
    const client = await this.#clientName(details);
    const wait = this.#attempts.waitSeconds(counted);
    if (wait > 0) {
      response.setHeader('Retry-After', wait);
      const problem = `Too many wrong passwords. Try again in ${wait} seconds.`;
      return send(response, 429, loginPage(client, problem));
    }
    if (!this.#options.passwords.match(account, password)) {
      this.#attempts.failed(counted);
      this.#options.log?.warn({ name: counted }, 'Embedded issuer: wrong password');
      return send(response, 403, loginPage(client, 'That account and password do not match.'));
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
    const session = await this.#options.provider().Session.findByUid(details.session!.uid);
    await session?.destroy();
    details.session = undefined;
    await details.persist();
  }

  async #consent(
    request: IncomingMessage,
    response: ServerResponse,
    details: Details,
  ): Promise<void> {
    const provider = this.#options.provider();
    const { account, granted, withheld, openid } = this.#scopes(details);
    // A new grant each time: one that lives on would keep what an earlier client's request was given.
    const grant = new provider.Grant({
      accountId: account.name,
      clientId: details.params.client_id as string,
    });
    grant.addOIDCScope(openid);
    grant.addResourceScope(this.#options.resource, granted);
    grant.rejectResourceScope(this.#options.resource, withheld);
    const grantId = await grant.save();
    await provider.interactionFinished(request, response, { consent: { grantId } });
  }

  /** What was asked, split by what the account may. */
  #scopes({ params, session }: Details) {
    const account = sampleAccount(session?.accountId);
    if (account === undefined) throw new Error('A page that asks without a person.');
    const asked = typeof params.scope === 'string' ? params.scope.split(' ') : [];
    const { scopes } = this.#options;
    const forApi = asked.filter((scope) => scopes.has(scope));
    return {
      account,
      granted: forApi.filter((scope) => scopes.isFor(account, scope)),
      withheld: forApi.filter((scope) => !scopes.isFor(account, scope)),
      openid: OIDC_SCOPES.filter((scope) => asked.includes(scope)),
    };
  }

  async #clientName({ params }: Details): Promise<string> {
    const client = await this.#options.provider().Client.find(params.client_id as string);
    return client?.clientName ?? 'An application';
  }

  /** Every port of loopback is the same site, so SameSite alone does not keep another local page's form away. */
  #isOwnForm({ headers }: IncomingMessage): boolean {
    const site = headers['sec-fetch-site'];
    return (
      (headers.origin === undefined || headers.origin === this.#options.url) &&
      (site === undefined || site === 'same-origin')
    );
  }

  #refuse(response: ServerResponse, status: number, error: string, description: string): void {
    send(response, status, errorPage(error, description));
  }
}

/** Browsers hold a form's answer to `form-action` too, and it leads to the client. */
function allowRedirect(response: ServerResponse, { params }: Details): void {
  const policy = String(response.getHeader('Content-Security-Policy'));
  const { origin } = new URL(params.redirect_uri as string);
  response.setHeader(
    'Content-Security-Policy',
    policy.replace("form-action 'self'", `form-action 'self' ${origin}`),
  );
}

function send(response: ServerResponse, status: number, body: string): void {
  response.writeHead(status, { 'Content-Type': 'text/html; charset=utf-8' }).end(body);
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
