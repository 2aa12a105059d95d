import { randomBytes } from 'node:crypto';
import { Browser, type Visited } from '../../kit/browser.js';
import { SUCCEEDED } from '../attack.js';
import type { AttackedMesh } from '../mesh/attacked-mesh.js';
import { QUESTION } from './calls.js';
import { outcomeOf } from './outcome.js';
import { received } from './wire.js';

/** What a session's cookie is called where there is no TLS. */
export const SESSION = 'mesh-session';
/** What knows a browser between the two halves of a sign-in. */
export const SIGN_IN = 'mesh-sign-in';
/** Cookies go by the host's name, whatever the port. */
const HOST = 'mesh.localhost';

/** IDs and secrets of all sessions of the run, to be searched for where they must not be. */
export const sessionSecrets: string[] = [];

/** A person's browser, whose answers from the gateway are kept to be searched. */
export class PersonsBrowser extends Browser {
  override async send(...request: Parameters<Browser['send']>): Promise<Visited> {
    const answer = await super.send(...request);
    const { url, status, headers, text } = answer;
    if (url.startsWith(this.origin)) {
      const kept = Object.entries(headers).map(([name, value]) => `${name}: ${String(value)}`);
      received.push({ from: url, status, text: `${kept.join('\n')}\n${text}` });
    }
    return answer;
  }

  override async signIn(account: string, to?: string) {
    const page = await super.signIn(account, to);
    sessionSecrets.push(page.csrf, this.session);
    return page;
  }

  get #jar(): Map<string, string> {
    const jar = this.cookies.get(HOST) ?? new Map<string, string>();
    this.cookies.set(HOST, jar);
    return jar;
  }

  /** The session's ID; empty where there is none. */
  get session(): string {
    return this.cookie(SESSION);
  }

  cookie(name: string): string {
    return this.#jar.get(name) ?? '';
  }

  /** As a page on another port of the host does. */
  plant(name: string, value: string): void {
    this.#jar.set(name, value);
  }

  /** What a thief of the cookie has, who has the page's secret too. */
  stolen(): PersonsBrowser {
    const thief = new PersonsBrowser(this.origin, () => '');
    thief.plant(SESSION, this.session);
    thief.csrf = this.csrf;
    return thief;
  }
}

export function newBrowser(mesh: AttackedMesh): PersonsBrowser {
  return new PersonsBrowser(mesh.origin, (account) => mesh.passwords.of(account));
}

/** A session of its own. */
export async function signedIn(mesh: AttackedMesh, account = 'analyst'): Promise<PersonsBrowser> {
  const browser = newBrowser(mesh);
  await browser.signIn(account);
  return browser;
}

const shared = new WeakMap<AttackedMesh, Map<string, PersonsBrowser>>();

/** A session that many rows have in common; another one where it has ended. Its browser is not to change. */
export async function sharedSession(
  mesh: AttackedMesh,
  account = 'analyst',
): Promise<PersonsBrowser> {
  const ofMesh = shared.get(mesh) ?? new Map<string, PersonsBrowser>();
  shared.set(mesh, ofMesh);
  const known = ofMesh.get(account);
  if (known && (await fetchRoute(known, ME)) === SUCCEEDED) return known;
  const session = await signedIn(mesh, account);
  ofMesh.set(account, session);
  return session;
}

/** What an answer of the gateway comes to. */
export function visitOutcome({ status, text }: Pick<Visited, 'status' | 'text'>): string {
  return outcomeOf({ status, body: text });
}

/** What the gateway makes of a step of a sign-in: on to the issuer or signed in, or the page that says why not. */
export function signInOutcome(answer: Visited): string {
  if (answer.status !== 303 || answer.location === undefined) return visitOutcome(answer);
  const { pathname, searchParams } = new URL(answer.location);
  return pathname === '/sign-in-failed' ? (searchParams.get('code') ?? 'no code') : SUCCEEDED;
}

/** A route for people. */
export interface Route {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  /** Who may. */
  readonly account: string;
  readonly body?: string;
}

/** All routes that a session opens; a row holds the list to the API's description. */
export const ROUTES: readonly Route[] = [
  { method: 'GET', path: '/v1/me', account: 'analyst' },
  { method: 'GET', path: '/v1/documents', account: 'analyst' },
  { method: 'GET', path: '/v1/agents', account: 'admin' },
  {
    method: 'POST',
    path: '/v1/research',
    account: 'analyst',
    body: JSON.stringify({ question: QUESTION, depth: 'fast' }),
  },
  { method: 'POST', path: '/sign-out', account: 'analyst' },
];

export const ME = ROUTES[0]!;
export const RESEARCH: Route = ROUTES[3]!;
export const SIGN_OUT: Route = ROUTES[4]!;

/** Asks a route as a page of the mesh does, but for what the headers say; those that are undefined are left out. */
export async function fetchRoute(
  browser: PersonsBrowser,
  { method, path, body }: Route,
  headers: Readonly<Record<string, string | undefined>> = {},
): Promise<string> {
  const all = {
    ...(browser.csrf === undefined ? {} : { 'x-csrf-token': browser.csrf }),
    ...(method === 'GET' ? {} : { origin: browser.origin }),
    ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    'request-nonce': randomBytes(16).toString('base64url'),
    ...headers,
  };
  const given = Object.entries(all).filter((one): one is [string, string] => one[1] !== undefined);
  return visitOutcome(
    await browser.send(path, {
      method,
      headers: Object.fromEntries(given),
      ...(body === undefined ? {} : { body }),
    }),
  );
}
