import { createHash, randomBytes } from 'node:crypto';
import { expect } from '@jest/globals';
import { request } from 'undici';
import type { EmbeddedIssuer } from '../src/embedded-issuer.js';
import { SamplePasswords } from '../src/sample-passwords.js';

export const resource = 'https://mesh.local/api';
export const passwords = SamplePasswords.random();

export interface Params {
  [name: string]: string | undefined;
}

export const verifier = randomBytes(32).toString('base64url');
export const challenge = createHash('sha256').update(verifier).digest('base64url');
export const CALLBACK = 'http://127.0.0.1:5555/callback';

/** A browser of one person: cookies by name, redirects by hand. */
export class Browser {
  readonly cookies = new Map<string, string>();

  constructor(readonly issuer: EmbeddedIssuer) {}

  async fetch(
    url: string,
    form?: Record<string, string>,
    headers: Record<string, string> = {},
  ): Promise<Response & { html: string }> {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    // Not by `fetch`, which sends Fetch Metadata of its own.
    const {
      statusCode,
      headers: received,
      body,
    } = await request(new URL(url, this.issuer.url), {
      method: form === undefined ? 'GET' : 'POST',
      headers: {
        cookie,
        ...(form === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' }),
        ...headers,
      },
      body: form === undefined ? null : new URLSearchParams(form).toString(),
    });
    const html = await body.text();
    const entries = Object.entries(received).flatMap(([name, value]) =>
      [value ?? []].flat().map((one): [string, string] => [name, one]),
    );
    const response = new Response(html === '' ? null : html, {
      status: statusCode,
      headers: entries,
    });
    for (const set of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(set)!;
      if (/; *max-age=0\b/i.test(set)) this.cookies.delete(name!);
      else this.cookies.set(name!, value!);
    }
    return Object.assign(response, { html });
  }

  authorize(changes: Params = {}): Promise<Response & { html: string }> {
    const params: Params = {
      response_type: 'code',
      client_id: 'mesh-cli',
      redirect_uri: CALLBACK,
      scope: 'research:fast',
      resource,
      state: 's',
      code_challenge: challenge,
      code_challenge_method: 'S256',
      ...changes,
    };
    const query = Object.entries(params).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, value]],
    );
    return this.fetch(`/auth?${new URLSearchParams(query).toString()}`);
  }

  /** Opens the page that a redirect leads to. Returns its address. */
  async open(response: Response): Promise<string> {
    const page = response.headers.get('location')!;
    expect((await this.fetch(page)).status).toBe(200);
    return page;
  }

  login(page: string, account: string, password: string): Promise<Response & { html: string }> {
    return this.fetch(page, { prompt: 'login', answer: 'yes', account, password });
  }

  /** Up to the redirect to the client, all pages answered with yes. */
  async signIn(account: string, changes: Params = {}): Promise<URLSearchParams> {
    let response = await this.authorize(changes);
    for (let step = 0; step < 9; step++) {
      const location = response.headers.get('location')!;
      if (location.includes(new URL(changes.redirect_uri ?? CALLBACK).pathname)) {
        return new URL(location).searchParams;
      }
      const page = await this.fetch(location);
      const prompt = /name="prompt" value="(\w+)"/.exec(page.html)?.[1];
      if (prompt === undefined) response = page;
      else if (prompt === 'login') {
        response = await this.login(location, account, passwords.of(account));
      } else response = await this.fetch(location, { prompt, answer: 'yes' });
    }
    throw new Error('no end');
  }

  async token(changes: Params): Promise<{ status: number; body: Record<string, string> }> {
    const form = {
      client_id: 'mesh-cli',
      redirect_uri: CALLBACK,
      grant_type: 'authorization_code',
      code_verifier: verifier,
      ...changes,
    };
    const entries = Object.entries(form).filter(([, value]) => value !== undefined);
    const response = await this.fetch('/token', Object.fromEntries(entries));
    return {
      status: response.status,
      body: JSON.parse(response.html) as Record<string, string>,
    };
  }
}
