import { exchange as exchangeRaw } from '../../kit/raw-http.js';
import { type Act, type Attack, SUCCEEDED, variants } from '../attack.js';
import type { AttackedMesh } from '../mesh/attacked-mesh.js';
import {
  fetchRoute,
  ME,
  newBrowser,
  RESEARCH,
  type Route,
  ROUTES,
  SESSION,
  sharedSession,
  SIGN_OUT,
  signedIn,
} from '../tools/browsing.js';
import { QUESTION } from '../tools/calls.js';
import { firstOutcome, outcomeOf } from '../tools/outcome.js';
import { send, type WireResponse } from '../tools/wire.js';

const AGENTS: Route = ROUTES.find(({ path }) => path === '/v1/agents')!;
const ROLE = 'ERR_ACCESS_TOKEN_ROLE';

/** 35: what is for some people and some agents alone. */
export const admins: readonly Attack[] = [
  ...variants<{ account: string; headers?: Record<string, string> }>(
    35,
    async (mesh, { account, headers } = { account: 'admin' }) =>
      fetchRoute(await sharedSession(mesh, account), AGENTS, headers),
    [
      ["the mesh's agents, by a reader", ROLE, { account: 'reader' }],
      ["the mesh's agents, by an analyst", ROLE, { account: 'analyst' }],
      [
        "the mesh's agents, by an analyst with headers that say admin",
        ROLE,
        { account: 'analyst', headers: { 'x-roles': 'admin', 'x-user': 'admin' } },
      ],
    ],
  ),
  ...variants<'reader'>(
    35,
    async (mesh, account) => {
      const authorization = `Bearer ${await mesh.signIn(account ?? 'admin')}`;
      return outcomeOf(
        await send(`${mesh.urls.gateway}/v1/agents`, { headers: { authorization } }),
      );
    },
    [["the mesh's agents, by a reader's bearer token", ROLE, 'reader']],
  ),
  ...variants<'reader'>(
    35,
    async (mesh, account) =>
      fetchRoute(await sharedSession(mesh, account), {
        ...RESEARCH,
        body: JSON.stringify({ question: QUESTION, depth: 'deep' }),
      }),
    [["a deep question, by a reader's session", 'ERR_ACCESS_TOKEN_SCOPE', 'reader']],
  ),
  ...(['writer', 'researcher', 'tts'] as const).flatMap((agent) =>
    variants<string>(
      35,
      async (mesh, as = 'gateway') =>
        outcomeOf(await send(`${mesh.urls[agent]}/v1/status`, { svid: mesh.svidOf(as) })),
      (['researcher', 'writer', 'tts', 'issuer'] as const)
        .filter((as) => as !== agent)
        .map((as) => [`how the ${agent} is, by ${as}`, 'ERR_CALLER_DENIED', as] as const),
    ),
  ),
];

/** Every page, and answers that a browser might show as one. */
const PAGES = [
  '/',
  '/verify',
  '/agents',
  '/signed-in',
  '/signed-out',
  '/sign-in-failed',
  '/docs/',
  '/docs/oauth2-redirect.html',
  '/errors',
  '/openapi.json',
  '/v1/trust',
];

/** What a page lets others do with it. */
const closedTo: Readonly<
  Record<string, (policy: string, answer: Pick<WireResponse, 'headers'>) => boolean>
> = {
  'cannot be framed': (policy, { headers }) =>
    policy.includes("frame-ancestors 'none'") && headers['x-frame-options'] === 'DENY',
  'runs no script but its own': (policy) =>
    policy.startsWith("default-src 'none'") &&
    !/(?:script|default|object)-src [^;]*(?:unsafe|\*|https?:|data:|blob:)/.test(policy),
  'has no other base': (policy) => policy.includes("base-uri 'none'"),
  'is of the type it says': (_, { headers }) => headers['x-content-type-options'] === 'nosniff',
  'tells nobody its address': (_, { headers }) =>
    ['no-referrer', 'same-origin'].includes(String(headers['referrer-policy'])),
  'is shared with no window of another site': (_, { headers }) =>
    /^same-origin|^unsafe-none/.test(String(headers['cross-origin-opener-policy'])),
  'is for no other site to load': (_, { headers }) =>
    headers['cross-origin-resource-policy'] === 'same-origin',
  'cannot be read by another site': (_, { headers }) =>
    !Object.keys(headers).some((name) => name.startsWith('access-control-')),
};

async function policyOf(mesh: AttackedMesh, path: string, rule: string | undefined) {
  const { host } = new URL(mesh.origin);
  const answer = await send(`${mesh.urls.gateway}${path}`, {
    headers: { host, origin: 'https://evil.example' },
  });
  if (rule === undefined) return outcomeOf(answer);
  const policy = String(answer.headers['content-security-policy']);
  return closedTo[rule]!(policy, answer) ? rule : SUCCEEDED;
}

/** What holds for the issuer's pages as well. */
const ISSUER_RULES = [
  'cannot be framed',
  'runs no script but its own',
  'has no other base',
  'is of the type it says',
  'tells nobody its address',
  'cannot be read by another site',
];

/** A page of the issuer that a person answers, as a browser comes to it. */
async function issuersPage(
  mesh: AttackedMesh,
  page: 'sign-in' | 'sign-out' | 'welcome',
  rule: string | undefined,
): Promise<string> {
  const browser = page === 'sign-out' ? await signedIn(mesh) : newBrowser(mesh);
  const first = {
    'sign-in': '/sign-in',
    'sign-out': `${mesh.issuer.url}/session/end`,
    welcome: mesh.issuer.welcome('analyst'),
  }[page];
  const headers = { origin: 'https://evil.example' };
  let answer = await browser.send(first, { headers });
  while (answer.location !== undefined) answer = await browser.send(answer.location, { headers });
  if (rule === undefined) return answer.text.includes('<form') ? SUCCEEDED : 'no page with a form';
  const policy = String(answer.headers['content-security-policy']);
  return closedTo[rule]!(policy, answer) ? rule : SUCCEEDED;
}

/** What a page of another site has its visitor's browser ask. */
const crossOrigin: Act<{ route: Route; preflight?: boolean }> = async (mesh, defect) => {
  const { route = ME, preflight = false } = defect ?? {};
  const browser = await sharedSession(mesh, route.account);
  if (!defect) return fetchRoute(browser, route);
  const { headers } = await browser.send(route.path, {
    method: preflight ? 'OPTIONS' : route.method,
    headers: {
      origin: 'https://evil.example',
      ...(preflight
        ? {
            'access-control-request-method': route.method,
            'access-control-request-headers': 'x-csrf-token,content-type',
          }
        : {}),
    },
  });
  const granted = Object.keys(headers).find((name) => name.startsWith('access-control-'));
  return granted === undefined ? 'nothing is granted' : SUCCEEDED;
};

/** Names under which an attacker's page may have this machine's address. */
const HOSTS = [
  'evil.example',
  'mesh.localhost.evil.example',
  'localhost.evil.example',
  '127.0.0.1.nip.io',
  'mesh.localhost.',
  'mesh.localhost@evil.example',
  'evil.example#mesh.localhost',
  'mesh.localhost,evil.example',
  '0.0.0.0',
  '[::ffff:7f00:1]',
  '2130706433',
  'mesh.localhost:80:80',
  'm\u00e9sh.localhost',
];

const rebound: Act<string> = async (mesh, host) => {
  const browser = await sharedSession(mesh);
  const own = new URL(mesh.origin);
  const text = await exchangeRaw(
    mesh.urls.gateway,
    `GET /v1/me HTTP/1.1\r\nHost: ${host ?? own.host}\r\nCookie: ${SESSION}=${browser.session}\r\n` +
      `X-CSRF-Token: ${browser.csrf}\r\nConnection: close\r\n\r\n`,
  );
  return firstOutcome(text);
};

/** 36: pages of other sites: frames, windows, requests, names that were rebound. */
export const otherSites: readonly Attack[] = [
  ...Object.keys(closedTo).flatMap((rule) =>
    PAGES.map((path) => ({
      number: 36,
      name: `${path}, which ${rule}`,
      expected: rule,
      run: (mesh: AttackedMesh) => policyOf(mesh, path, rule),
      control: (mesh: AttackedMesh) => policyOf(mesh, path, undefined),
    })),
  ),
  ...(['sign-in', 'sign-out', 'welcome'] as const).flatMap((page) =>
    ISSUER_RULES.map((rule) => ({
      number: 36,
      name: `the issuer's page for ${page}, which ${rule}`,
      expected: rule,
      run: (mesh: AttackedMesh) => issuersPage(mesh, page, rule),
      control: (mesh: AttackedMesh) => issuersPage(mesh, page, undefined),
    })),
  ),
  ...variants<{ route: Route; preflight?: boolean }>(36, crossOrigin, [
    ...ROUTES.filter((route) => route !== SIGN_OUT).map(
      (route) =>
        [
          `${route.method} ${route.path} read by another site`,
          'nothing is granted',
          { route },
        ] as const,
    ),
    ...ROUTES.map(
      (route) =>
        [
          `${route.method} ${route.path} asked for by a preflight`,
          'nothing is granted',
          { route, preflight: true },
        ] as const,
    ),
  ]),
  ...variants<string>(
    36,
    rebound,
    HOSTS.map((host) => [`a session by the name ${host}`, 'ERR_HOST_UNKNOWN', host] as const),
  ),
  ...['/auth', '/session/end', '/.well-known/openid-configuration'].flatMap((path) =>
    variants<string>(
      36,
      async (mesh, host = new URL(mesh.issuer.url).host) => {
        const answer = await send(`http://127.0.0.1:${mesh.issuer.port}${path}`, {
          headers: { host },
        });
        // Its own page says what else is missing.
        return answer.body.includes('ERR_ISSUER_HOST') ? 'ERR_ISSUER_HOST' : SUCCEEDED;
      },
      [[`the issuer's ${path} by a name that was rebound`, 'ERR_ISSUER_HOST', 'evil.example']],
    ),
  ),
];
