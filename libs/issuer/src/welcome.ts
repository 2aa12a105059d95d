import { createHash, randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type Provider from 'oidc-provider';
import type { Session } from 'oidc-provider';
import type { BackChannel } from './back-channel.js';
import type { IssuerLog } from './issuer-log.js';
import { isOwnForm } from './own-form.js';
import { allowFormTarget, errorPage, send, welcomePage } from './pages.js';
import { COOKIE, SESSION_S, WELCOME_SIGN_IN } from './provider.js';
import type { SampleAccountName } from './sample-accounts.js';

/** How long a link waits to be opened, in milliseconds. */
const LINK_MS = 600_000;
/** Links that wait at a time; the oldest goes first. */
const MAX_LINKS = 16;
const PATH = /^\/welcome\/([\w-]{43})$/;
/** Tells the login page that the link did not work; it holds nothing else. */
export const HINT_COOKIE = 'mesh_issuer_welcome';

type Context = ReturnType<Provider['createContext']>;

interface Link {
  readonly account: SampleAccountName;
  /** Milliseconds since the epoch. */
  readonly until: number;
}

export interface WelcomeOptions {
  readonly provider: () => Provider;
  readonly url: string;
  /** Where a person begins to sign in; undefined as long as nobody listens there. */
  readonly signInUrl: () => string | undefined;
  readonly backChannel: BackChannel;
  readonly now: () => number;
  readonly log: IssuerLog | undefined;
}

/**
 * Links that sign a newcomer in without a password: who started the mesh reads one in the terminal. A link is good for
 * ten minutes and once, so that a scrollback holds nothing worth having. It begins a session of the very browser that
 * opens it, which takes a person who opens it: a browser says so itself, and whatever else asks for it (a page of
 * somebody else, a preview) is given a page with a button.
 */
export class Welcome {
  /** By the digest of the code: looking one up takes as long whatever it is compared with. */
  readonly #links = new Map<string, Link>();

  constructor(private readonly options: WelcomeOptions) {}

  link(account: SampleAccountName): string {
    const code = randomBytes(32).toString('base64url');
    if (this.#links.size >= MAX_LINKS) this.#links.delete(this.#links.keys().next().value!);
    this.#links.set(digest(code), { account, until: this.options.now() + LINK_MS });
    return `${this.options.url}/welcome/${code}`;
  }

  /** The code of a welcome link's path. */
  codeOf(path: string): string | undefined {
    return PATH.exec(path)?.[1];
  }

  async handle(request: IncomingMessage, response: ServerResponse, code: string): Promise<void> {
    const target = this.options.signInUrl();
    if (target === undefined) {
      return send(
        response,
        503,
        errorPage('temporarily_unavailable', 'The mesh does not run yet.'),
      );
    }
    const isForm = request.method === 'POST' && isOwnForm(request, this.options.url);
    if (request.method !== 'GET' && !isForm) {
      return send(response, 403, errorPage('invalid_request', 'This form is not of this page.'));
    }
    const account = this.#accountOf(code);
    if (account !== undefined && !isForm && !isOpenedByPerson(request)) {
      allowFormTarget(response, target);
      return send(response, 200, welcomePage(account));
    }
    this.#links.delete(digest(code));
    const context = this.options.provider().createContext(request, response);
    const before = await this.options.provider().Session.get(context);
    if (account !== undefined) await this.#signIn(context, account, before);
    else if (before.accountId === undefined) {
      context.cookies.set(HINT_COOKIE, 'ended', { ...COOKIE, signed: false, maxAge: 60_000 });
    }
    response.writeHead(303, { Location: target }).end();
  }

  #accountOf(code: string): SampleAccountName | undefined {
    const link = this.#links.get(digest(code));
    return link !== undefined && link.until > this.options.now() ? link.account : undefined;
  }

  /** A session of its own, so that none that somebody put into this browser is signed in. */
  async #signIn(context: Context, accountId: string, before: Session): Promise<void> {
    const provider = this.options.provider();
    if (before.accountId !== undefined) await this.options.backChannel.end(provider, before);
    const session = new provider.Session();
    session.loginAccount({ accountId, transient: true, ...WELCOME_SIGN_IN });
    await session.save(SESSION_S);
    context.cookies.set(provider.cookieName('session'), session.jti, COOKIE);
    this.options.log?.info({ name: accountId }, 'Embedded issuer: signed in by the welcome link');
  }
}

function digest(code: string): string {
  return createHash('sha256').update(code).digest('base64url');
}

/** From the address bar, a terminal, a mail program: no page led here, and nothing is fetched ahead (Fetch Metadata). */
function isOpenedByPerson({ headers }: IncomingMessage): boolean {
  return (
    headers['sec-fetch-site'] === 'none' &&
    headers['sec-fetch-mode'] === 'navigate' &&
    headers['sec-fetch-dest'] === 'document' &&
    headers['sec-purpose'] === undefined &&
    headers.purpose === undefined
  );
}
