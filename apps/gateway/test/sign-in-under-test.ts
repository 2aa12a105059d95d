import { generateKeyPairSync } from 'node:crypto';
import type { OpenIdIssuer } from '@mesh/agent/nest';
import { AccessTokenError, AccessTokenVerifier } from '@mesh/delegation';
import { Secret } from '@mesh/secrets';
import type { Clock } from '@mesh/identity';
import { BrowserCookie } from '../src/sign-in/browser-cookie.js';
import { BrowserSessions } from '../src/sign-in/browser-sessions.js';
import { readClientKey } from '../src/sign-in/client-key.js';
import { IssuerClient } from '../src/sign-in/issuer-client.js';
import { PendingSignIns } from '../src/sign-in/pending-sign-ins.js';
import { MemorySessionStore } from '../src/sign-in/session-store.js';
import { SignIn } from '../src/sign-in/sign-in.js';
import { CLIENT_ID, MESH, RESOURCE, type ScriptedIssuer } from './scripted-issuer.js';

export const IDLE_MS = 30 * 60_000;
export const MAX_MS = 480 * 60_000;

const key = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  .privateKey.export({ type: 'pkcs8', format: 'der' })
  .toString('base64');

type Approve = (
  location: string,
  changes: Record<string, string | undefined>,
) => URLSearchParams | Promise<URLSearchParams>;

/** Sign-in and sessions as the gateway puts them together, by a clock that a test moves. */
export class SignInUnderTest<C extends Clock> {
  readonly lines: Record<string, unknown>[] = [];
  readonly store = new MemorySessionStore();
  readonly pending: PendingSignIns;
  readonly issuer: IssuerClient;
  readonly sessions: BrowserSessions;
  readonly signIn: SignIn;
  readonly cookie = new BrowserCookie('mesh-session', false);
  readonly accessTokens: AccessTokenVerifier;
  readonly publicUrl: string;
  /** Whether the gateway has a key of its own. */
  hasKey = true;
  /** Whom the gateway acts for. */
  roles = ['analyst'];

  /**
   * @param openId The issuer, and the way to it.
   * @param approve What a browser does at the issuer: from the address that sign-in leads to, to its answer.
   */
  constructor(
    openId: OpenIdIssuer,
    private readonly approve: Approve,
    readonly clock: C,
    { publicUrl = MESH, resource = RESOURCE } = {},
  ) {
    this.pending = new PendingSignIns(clock);
    const log = (fields: object) => void this.lines.push(fields as Record<string, unknown>);
    this.publicUrl = publicUrl;
    this.issuer = new IssuerClient(openId, {
      clientId: CLIENT_ID,
      resource,
      scopes: ['research:fast', 'research:deep'],
      publicUrl: () => publicUrl,
      key: () => this.key(),
      clock: this.clock,
    });
    this.accessTokens = new AccessTokenVerifier(
      openId.url,
      resource,
      async (url, { signal }) => {
        const response = await openId.fetch(url, { method: 'GET', headers: {}, signal });
        return { status: response.status, body: await response.text() };
      },
      { clock: this.clock },
    );
    this.sessions = new BrowserSessions({
      store: this.store,
      issuer: this.issuer,
      accessTokens: this.accessTokens,
      cookie: () => this.cookie,
      publicUrl: () => publicUrl,
      idleMs: IDLE_MS,
      maxMs: MAX_MS,
      requestMs: 120_000,
      clock: this.clock,
      logger: { info: log, warn: log } as never,
    });
    this.signIn = new SignIn({
      issuer: this.issuer,
      pending: this.pending,
      sessions: this.sessions,
      accessTokens: this.accessTokens,
      admit: ({ roles }) => {
        if (roles.some((role) => this.roles.includes(role))) return;
        throw new AccessTokenError('ERR_ACCESS_TOKEN_PERSON', 'Not for this person.');
      },
      publicUrl: () => publicUrl,
      signInCookie: () => new BrowserCookie('mesh-sign-in', false),
      sessionCookie: () => this.cookie,
      cookieSeconds: MAX_MS / 1000,
    });
  }

  /** At a scripted issuer, where everybody signs in. */
  static at<C extends Clock>(issuer: ScriptedIssuer, clock: C): SignInUnderTest<C> {
    const fetch = (url: string, init: RequestInit) => globalThis.fetch(url, init);
    return new SignInUnderTest(
      { url: issuer.url, fetch: fetch, knowsSvids: false },
      (location, changes) => issuer.approve(location, changes),
      clock,
    );
  }

  /** The gateway's own, where it has one. */
  async key() {
    if (!this.hasKey) return undefined;
    return readClientKey({
      get: async () => ({ secret: new Secret(key) }),
      onChange: () => () => undefined,
      close: () => undefined,
    });
  }

  /** Signs in as a browser with these cookies does; gives the session's cookie and the page's secret. */
  async signedIn({
    cookies = '',
    changes = {},
    page,
  }: { cookies?: string; changes?: Record<string, string | undefined>; page?: string } = {}) {
    const begun = await this.signIn.begin('/', { cookie: cookies }, page);
    const jar = [cookies, ...begun.cookies.map(pairOf)].filter(Boolean).join('; ');
    const answer = await this.approve(begun.location, changes);
    const finished = await this.signIn.finish(answer, jar);
    const csrf = new URLSearchParams(new URL(finished.location, this.publicUrl).hash.slice(1)).get(
      'csrf',
    )!;
    const id = pairOf(finished.cookies[0]!);
    return { id, csrf, hash: String(this.lines.at(-1)!['session']) };
  }

  /** A request with a session. @param origin Null: it names none. */
  request(
    { id, csrf }: { id?: string; csrf?: string },
    {
      method = 'GET',
      origin = this.publicUrl,
      headers = {},
    }: { method?: string; origin?: string | null; headers?: Record<string, string> } = {},
  ) {
    return {
      raw: { socket: {}, rawHeaders: [], method },
      headers: {
        cookie: id,
        'x-csrf-token': csrf,
        ...(origin === null ? {} : { origin }),
        ...headers,
      },
    } as never;
  }

  close(): void {
    this.sessions.close();
  }
}

/** Name and value of a `Set-Cookie`. */
export function pairOf(setCookie: string): string {
  return setCookie.split(';')[0]!;
}
