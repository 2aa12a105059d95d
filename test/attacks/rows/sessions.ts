import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  randomUUID,
} from 'node:crypto';
import { type Act, type Attack, SUCCEEDED, variants } from '../attack.js';
import { type AttackedMesh, SESSION_CLIENT } from '../mesh/attacked-mesh.js';
import type { LogoutTokenDefect } from '../mesh/issuer-door.js';
import {
  fetchRoute,
  ME,
  newBrowser,
  type PersonsBrowser,
  RESEARCH,
  type Route,
  ROUTES,
  SESSION,
  sharedSession,
  SIGN_OUT,
  signedIn,
  visitOutcome,
} from '../tools/browsing.js';
import { es256, hs256 } from '../tools/jws.js';

const ENDED = 'ERR_SESSION_ENDED';
const CSRF = 'ERR_CSRF_TOKEN';
const ORIGIN = 'ERR_CSRF_ORIGIN';
/** Where nobody has to be signed in, what is sent is looked at first. */
const FORM = 'a form';
const formCode = (route: Route) => (route === SIGN_OUT ? 'ERR_BODY_TYPE' : CSRF);
const CHOSEN = 'A'.repeat(43);

type Headers = Readonly<Record<string, string | undefined>>;
/** What another site can have the person's browser send: the cookie comes along by itself. */
type Forgery = (mesh: AttackedMesh, browser: PersonsBrowser) => Headers | Promise<Headers>;

/** A session that a control may end gets one of its own. */
const sessionFor = (mesh: AttackedMesh, route: Route) =>
  route === SIGN_OUT ? signedIn(mesh) : sharedSession(mesh, route.account);

const forged =
  (route: Route): Act<Forgery> =>
  async (mesh, forgery) => {
    const browser = await sessionFor(mesh, route);
    return fetchRoute(browser, route, await forgery?.(mesh, browser));
  };

const forgeries: readonly (readonly [name: string, expected: string, forgery: Forgery])[] = [
  ['without the secret', CSRF, () => ({ 'x-csrf-token': undefined })],
  [
    "with another session's secret",
    CSRF,
    async (mesh) => ({ 'x-csrf-token': (await sharedSession(mesh, 'reader')).csrf }),
  ],
  ['with an empty secret', CSRF, () => ({ 'x-csrf-token': '' })],
  ['with the cookie as the secret', CSRF, (_, { session }) => ({ 'x-csrf-token': session })],
  [
    'with the secret in another header',
    CSRF,
    (_, { csrf }) => ({ 'x-csrf-token': undefined, 'x-xsrf-token': csrf, 'csrf-token': csrf }),
  ],
];

/** Of changes alone. */
const foreign: typeof forgeries = [
  ['by a page of another site', ORIGIN, () => ({ origin: 'https://evil.example' })],
  ['by a page on another port of the host', ORIGIN, () => ({ origin: 'http://mesh.localhost:1' })],
  [
    'by a page of the host on its default port',
    ORIGIN,
    () => ({ origin: 'http://mesh.localhost' }),
  ],
  ['by the issuer’s page', ORIGIN, (mesh) => ({ origin: mesh.issuer.url })],
  [
    'by a page of a host that begins the same',
    ORIGIN,
    ({ origin }) => ({ origin: `${origin}.evil.example` }),
  ],
  [
    'by the same page over TLS',
    ORIGIN,
    ({ origin }) => ({ origin: origin.replace('http:', 'https:') }),
  ],
  ['from a sandboxed frame', ORIGIN, () => ({ origin: 'null' })],
  ['without an origin', ORIGIN, () => ({ origin: undefined })],
  [
    'without an origin, its referrer right',
    ORIGIN,
    ({ origin }) => ({ origin: undefined, referer: `${origin}/` }),
  ],
  [
    'as a form of another site',
    FORM,
    () => ({
      'x-csrf-token': undefined,
      origin: 'https://evil.example',
      'content-type': 'application/x-www-form-urlencoded',
    }),
  ],
  [
    'as a form in text/plain that looks like JSON',
    FORM,
    () => ({ 'x-csrf-token': undefined, origin: 'null', 'content-type': 'text/plain' }),
  ],
  [
    'with another method by a header',
    CSRF,
    () => ({ 'x-csrf-token': undefined, 'x-http-method-override': 'GET' }),
  ],
];

const named = (route: Route, how: string) => `${route.method} ${route.path} ${how}`;

/** Each route that the API's description lets a session in to. */
async function describedRoutes(mesh: AttackedMesh): Promise<string[]> {
  const { text } = await newBrowser(mesh).send('/openapi.json');
  const { paths } = JSON.parse(text) as {
    paths: Record<string, Record<string, { security?: Record<string, unknown>[] }>>;
  };
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods)
      .filter(([, { security = [] }]) => security.some((one) => 'session' in one))
      .map(([method]) => `${method.toUpperCase()} ${path}`),
  );
}

/** 29: requests that a person's browser sends for somebody else's page. */
export const crossSite: readonly Attack[] = [
  ...ROUTES.flatMap((route) =>
    variants<Forgery>(
      29,
      forged(route),
      forgeries.map(([how, expected, forgery]) => [named(route, how), expected, forgery] as const),
    ),
  ),
  ...ROUTES.filter(({ method }) => method === 'POST').flatMap((route) =>
    variants<Forgery>(
      29,
      forged(route),
      foreign.map(
        ([how, expected, forgery]) =>
          [named(route, how), expected === FORM ? formCode(route) : expected, forgery] as const,
      ),
    ),
  ),
  ...variants<true>(
    29,
    async (mesh, defect) => {
      const tried = ROUTES.map(({ method, path }) => `${method} ${path}`);
      const known = defect ? tried : [];
      const others = (await describedRoutes(mesh)).filter((one) => !known.includes(one));
      if (!defect) return others.length >= tried.length ? SUCCEEDED : 'the description is not read';
      return others.length === 0 ? 'none' : others.join(', ');
    },
    [['a route for sessions that the rows above leave out', 'none', true]],
  ),
];

/** How a session ends that somebody has a copy of. */
type End = (mesh: AttackedMesh, browser: PersonsBrowser) => Promise<unknown>;

const stolen =
  (route: Route): Act<End> =>
  async (mesh, end) => {
    const browser = await signedIn(mesh);
    const thief = browser.stolen();
    await end?.(mesh, browser);
    return fetchRoute(thief, route);
  };

const signOut: End = (_, browser) => fetchRoute(browser, SIGN_OUT);
const byBackChannel: End = (mesh) => logout(mesh, mesh.door.mintLogout(SESSION_CLIENT));
const atIssuer: End = async (mesh, browser) => {
  const page = await browser.send(`${mesh.issuer.url}/session/end`);
  const fields = [...page.text.matchAll(/name="(\w+)" value="([^"]*)"/g)];
  const form = new URLSearchParams(
    fields.map(([, name, value]): [string, string] => [name!, value!]),
  );
  await browser.send(new URL(/action="([^"]+)"/.exec(page.text)![1]!, page.url).href, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: form.toString(),
  });
};
async function logout(mesh: AttackedMesh, token: string): Promise<string> {
  return visitOutcome(
    await newBrowser(mesh).send('/sign-in/back-channel', {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ logout_token: token }).toString(),
    }),
  );
}

/** 30: cookie and secret stolen, and used after the session's end. */
export const stolenSessions: readonly Attack[] = [
  ...[ME, RESEARCH, SIGN_OUT].flatMap((route) =>
    variants<End>(30, stolen(route), [
      [`${route.path} after sign-out`, ENDED, signOut],
      [`${route.path} after a logout token`, ENDED, byBackChannel],
    ]),
  ),
  ...variants<End>(30, stolen(ME), [
    ['/v1/me after sign-out at the issuer', ENDED, atIssuer],
    ['/v1/me after the person signed in again', ENDED, (_, browser) => browser.signIn('analyst')],
    [
      '/v1/me after another person signed in',
      ENDED,
      async (_, browser) => {
        browser.cookies.forEach((jar) =>
          [...jar.keys()]
            .filter((name) => name.startsWith('_'))
            .forEach((name) => jar.delete(name)),
        );
        await browser.signIn('reader');
      },
    ],
  ]),
];

/** A logout token that ends no session: `succeeded` if it does. */
const loggingOut: Act<
  (mesh: AttackedMesh) => LogoutTokenDefect | Promise<LogoutTokenDefect>
> = async (mesh, defect) => {
  const browser = await signedIn(mesh);
  const outcome = await logout(mesh, mesh.door.mintLogout(SESSION_CLIENT, await defect?.(mesh)));
  const after = await fetchRoute(browser, ME);
  if (after === ENDED) return SUCCEEDED;
  return outcome === SUCCEEDED ? 'taken, and ended nothing' : outcome;
};

const claims = (change: object) => () => ({ claims: { ...change } });
const seconds = () => Math.floor(Date.now() / 1000);
const FORGED = 'ERR_LOGOUT_TOKEN';

/** 31: logout tokens that the issuer did not send, or not now, or not here. */
export const logoutTokens: readonly Attack[] = [
  ...variants<(mesh: AttackedMesh) => LogoutTokenDefect | Promise<LogoutTokenDefect>>(
    31,
    loggingOut,
    [
      ['alg none', FORGED, () => ({ header: { alg: 'none' }, signer: () => Buffer.alloc(0) })],
      [
        'of a key of somebody else',
        FORGED,
        () => {
          const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
          return { signer: es256(privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()) };
        },
      ],
      [
        "signed with the issuer's public key as secret",
        FORGED,
        (mesh) => ({
          header: { alg: 'HS256' },
          signer: hs256(
            createPublicKey(createPrivateKey(mesh.door.keyPem))
              .export({ type: 'spki', format: 'pem' })
              .toString(),
          ),
        }),
      ],
      [
        'with a key of its own in its header',
        FORGED,
        () => {
          const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
          return {
            header: { kid: 'own', jwk: publicKey.export({ format: 'jwk' }) },
            signer: es256(privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()),
          };
        },
      ],
      ['for another client', FORGED, claims({ aud: 'mesh-cli' })],
      ['for nobody', FORGED, claims({ aud: undefined })],
      ['of another issuer', FORGED, claims({ iss: 'https://evil.example' })],
      ['with a nonce, as an ID token has', FORGED, claims({ nonce: 'x' })],
      ['without events', FORGED, claims({ events: undefined })],
      ['of another event', FORGED, claims({ events: { 'https://evil.example/event': {} } })],
      [
        'with events that are a list',
        FORGED,
        claims({ events: ['http://schemas.openid.net/event/backchannel-logout'] }),
      ],
      ['about nobody', FORGED, claims({ sub: undefined })],
      ['about a number', FORGED, claims({ sub: 7 })],
      ['without an ID', FORGED, claims({ jti: undefined })],
      ['without an end', FORGED, claims({ exp: undefined })],
      ['that has ended', FORGED, () => ({ claims: { iat: seconds() - 200, exp: seconds() - 60 } })],
      ['of an hour ago', FORGED, () => ({ claims: { iat: seconds() - 3600 } })],
      [
        'of an hour to come',
        FORGED,
        () => ({ claims: { iat: seconds() + 3600, exp: seconds() + 3700 } }),
      ],
      ['of the type of an access token', FORGED, () => ({ header: { typ: 'at+jwt' } })],
      ['with a critical header', FORGED, () => ({ header: { crit: ['x'], x: 1 } })],
      [
        'a second time',
        FORGED,
        async (mesh) => {
          const jti = randomUUID();
          await logout(
            mesh,
            mesh.door.mintLogout(SESSION_CLIENT, { claims: { jti, sub: 'reader' } }),
          );
          return { claims: { jti } };
        },
      ],
      ['about another person', 'taken, and ended nothing', claims({ sub: 'nobody' })],
      ['about another session of the person', 'taken, and ended nothing', claims({ sid: 'x' })],
    ],
  ),
  ...variants<string>(
    31,
    async (mesh, origin) => {
      const browser = await signedIn(mesh);
      const answer = await browser.send('/sign-in/back-channel', {
        method: 'POST',
        headers: {
          'content-type': 'application/x-www-form-urlencoded',
          ...(origin === undefined ? {} : { origin }),
        },
        body: new URLSearchParams({
          logout_token:
            origin === undefined ? mesh.door.mintLogout(SESSION_CLIENT) : (browser.csrf ?? ''),
        }).toString(),
      });
      return visitOutcome(answer);
    },
    [["the person's own secret as a logout token", FORGED, 'https://evil.example']],
  ),
];

/** Cookies as they come where another page of the host has set some. */
type Cookies = (mesh: AttackedMesh, browser: PersonsBrowser) => string | Promise<string>;

const withCookies =
  (route: Route): Act<Cookies> =>
  async (mesh, cookies) => {
    const browser = await sharedSession(mesh);
    return fetchRoute(browser, route, cookies ? { cookie: await cookies(mesh, browser) } : {});
  };

const planted: readonly (readonly [name: string, expected: string, cookies: Cookies])[] = [
  [
    "the attacker's session in the place of the person's",
    CSRF,
    async (mesh) => `${SESSION}=${(await sharedSession(mesh, 'reader')).session}`,
  ],
  [
    "the attacker's session before the person's",
    'ERR_SESSION_COOKIE',
    async (mesh, { session }) =>
      `${SESSION}=${(await sharedSession(mesh, 'reader')).session}; ${SESSION}=${session}`,
  ],
  [
    "the attacker's session behind the person's",
    'ERR_SESSION_COOKIE',
    async (mesh, { session }) =>
      `${SESSION}=${session}; ${SESSION}=${(await sharedSession(mesh, 'reader')).session}`,
  ],
  [
    'an empty one beside it',
    'ERR_SESSION_COOKIE',
    (_, { session }) => `${SESSION}=${session}; ${SESSION}=`,
  ],
  ['a session ID that nobody was given', ENDED, () => `${SESSION}=${CHOSEN}`],
  ['a session ID in quotes', ENDED, (_, { session }) => `${SESSION}="${session}"`],
  ['a session ID with a letter more', ENDED, (_, { session }) => `${SESSION}=${session}A`],
  ['its hash, as logs have it', ENDED, (_, { session }) => `${SESSION}=${sha256(session)}`],
  ['__proto__ as the session', ENDED, () => `${SESSION}=__proto__`],
  [
    'a cookie of another case',
    'ERR_ACCESS_TOKEN_MISSING',
    (_, { session }) => `Mesh-Session=${session}`,
  ],
  [
    'the cookie of a mesh with TLS',
    'ERR_ACCESS_TOKEN_MISSING',
    (_, { session }) => `__Host-${SESSION}=${session}`,
  ],
];

const sha256 = (text: string) => createHash('sha256').update(text).digest('base64url');
/** What a page keeps in its tab, each its own. */
const KEPT = { attacker: 'a'.repeat(43), victim: 'v'.repeat(43) };

/** A session whose sign-in a page began, or a link did; its secret is what the page was handed over. */
async function begunBy(mesh: AttackedMesh, kept: string | undefined): Promise<PersonsBrowser> {
  const browser = newBrowser(mesh);
  const query = kept === undefined ? '' : `?page=${sha256(kept)}`;
  const { location } = await browser.send(`/sign-in${query}`);
  const back = await browser.send(await browser.throughIssuer(location!, 'analyst'));
  browser.csrf = new URLSearchParams(new URL(back.location!).hash.slice(1)).get('csrf')!;
  return browser;
}

/** Whose sign-in it was that ended in the victim's page, by cookies that were planted. */
const planting: Act<{ by: string | undefined; kept: string | undefined }> = async (
  mesh,
  { by, kept } = { by: KEPT.victim, kept: KEPT.victim },
) => {
  const browser = await begunBy(mesh, by);
  const secret = kept === undefined ? browser.csrf : `${browser.csrf}.${kept}`;
  return fetchRoute(browser, ME, { 'x-csrf-token': secret });
};

/** 37: what a page on another port of the host can do: it gets the cookies, and sets some. */
export const otherPorts: readonly Attack[] = [
  ...[ME, RESEARCH].flatMap((route) =>
    variants<Cookies>(
      37,
      withCookies(route),
      planted.map(([name, code, cookies]) => [`${route.path}: ${name}`, code, cookies] as const),
    ),
  ),
  ...variants(37, planting, [
    [
      "the attacker's sign-in, ended in the victim's page",
      CSRF,
      { by: KEPT.attacker, kept: KEPT.victim },
    ],
    [
      "the attacker's sign-in by a link, ended in the victim's page",
      CSRF,
      { by: undefined, kept: KEPT.victim },
    ],
    [
      "the victim's own sign-in, with what was handed over alone",
      CSRF,
      { by: KEPT.victim, kept: undefined },
    ],
    [
      "the victim's own sign-in, with the digest that stood in its address",
      CSRF,
      { by: KEPT.victim, kept: sha256(KEPT.victim) },
    ],
  ]),
];
