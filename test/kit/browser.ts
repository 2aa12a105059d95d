import { lookup } from 'node:dns';
import { Agent, request, type Dispatcher } from 'undici';

/** Names under `.localhost` mean loopback (RFC 6761, 6.3), which browsers know and the system's resolver often does not. */
const agentThatTrusts = (ca?: string) =>
  new Agent({
    connect: {
      ...(ca === undefined ? {} : { ca }),
      lookup: (hostname, options, done) =>
        hostname.endsWith('.localhost')
          ? options.all === true
            ? done(null, [{ address: '127.0.0.1', family: 4 }])
            : done(null, '127.0.0.1', 4)
          : lookup(hostname, options, done),
    },
  });
const agent = agentThatTrusts();

export interface Visited {
  readonly url: string;
  readonly status: number;
  readonly headers: Dispatcher.ResponseData['headers'];
  readonly location: string | undefined;
  readonly text: string;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- a test knows what it asked for
  json(): any;
}

/** What a page of the mesh was handed over at sign-in. */
export interface SignedInPage {
  readonly csrf: string;
  readonly to: string;
}

const MAX_STEPS = 16;

/** A browser as far as sign-in needs one: it keeps cookies by their host, follows redirects and fills in forms. */
export class Browser {
  /** By host name, as ports share cookies; by name in it. */
  readonly cookies = new Map<string, Map<string, string>>();
  /** What the page keeps of its last sign-in. */
  csrf: string | undefined;
  readonly #agent: Agent;

  /** @param ca What it trusts, where the mesh is opened by TLS. */
  constructor(
    /** Public address of the mesh. */
    readonly origin: string,
    private readonly passwordOf: (account: string) => string,
    ca?: string,
  ) {
    this.#agent = ca === undefined ? agent : agentThatTrusts(ca);
  }

  /** One request, with the cookies of its host; a path is one of the mesh. Redirects are not followed. */
  async send(
    to: string,
    {
      method = 'GET',
      headers = {},
      body,
    }: { method?: string; headers?: Record<string, string>; body?: string } = {},
  ): Promise<Visited> {
    const url = new URL(to, this.origin);
    const jar = this.cookies.get(url.hostname) ?? new Map<string, string>();
    this.cookies.set(url.hostname, jar);
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
    const response = await request(url, {
      method: method,
      headers: { ...(cookie ? { cookie } : {}), ...headers },
      ...(body === undefined ? {} : { body }),
      dispatcher: this.#agent,
    });
    for (const one of [response.headers['set-cookie'] ?? []].flat()) {
      const [, name, value] = /^([^=;]+)=([^;]*)/.exec(one)!;
      if (value === '' || /max-age=0/i.test(one)) jar.delete(name!);
      else jar.set(name!, value!);
    }
    const { location } = response.headers;
    const text = await response.body.text();
    return {
      url: url.href,
      status: response.statusCode,
      headers: response.headers,
      location: typeof location === 'string' ? new URL(location, url).href : undefined,
      text,
      json: () => JSON.parse(text) as never,
    };
  }

  /** A request as a page of the mesh makes it. */
  fetch(
    path: string,
    options: { method?: string; headers?: Record<string, string>; body?: string } = {},
  ): Promise<Visited> {
    const { method = 'GET' } = options;
    return this.send(path, {
      ...options,
      headers: {
        ...(this.csrf === undefined ? {} : { 'x-csrf-token': this.csrf }),
        ...(method === 'GET' ? {} : { origin: this.origin }),
        ...(options.body === undefined ? {} : { 'content-type': 'application/json' }),
        ...options.headers,
      },
    });
  }

  /** The address that the issuer leads back to: the callback, not followed. */
  async atCallback(account: string, to = '/'): Promise<string> {
    const start = await this.send(`/sign-in?${new URLSearchParams({ to }).toString()}`);
    if (!start.location?.includes('/auth?')) throw new Error(`led to ${start.location}`);
    return this.throughIssuer(start.location, account);
  }

  /** Through the issuer's pages, from their first address to the one of the mesh that they lead to. */
  async throughIssuer(first: string, account: string): Promise<string> {
    let page = await this.send(first);
    for (let step = 0; step < MAX_STEPS; step++) {
      if (page.location !== undefined) {
        if (page.location.startsWith(this.origin)) return page.location;
        page = await this.send(page.location);
        continue;
      }
      const prompt = /name="prompt" value="(login|consent)"/.exec(page.text)?.[1];
      if (page.status !== 200 || prompt === undefined) {
        throw new Error(`${page.url}: ${page.status} ${page.text.slice(0, 2000)}`);
      }
      const person: Record<string, string> =
        prompt === 'login' ? { account, password: this.passwordOf(account) } : {};
      page = await this.send(page.url, {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: new URLSearchParams({ prompt, answer: 'yes', ...person }).toString(),
      });
    }
    throw new Error('The issuer leads in circles.');
  }

  /** Signs in, and keeps what the page keeps. */
  async signIn(account: string, to = '/'): Promise<SignedInPage> {
    const { location } = await this.send(await this.atCallback(account, to));
    const { pathname, hash } = new URL(location!);
    if (pathname !== '/signed-in') throw new Error(`led to ${location}`);
    const handedOver = new URLSearchParams(hash.slice(1));
    this.csrf = handedOver.get('csrf')!;
    return { csrf: this.csrf, to: handedOver.get('to')! };
  }
}
