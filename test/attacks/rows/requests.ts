import { exchange as exchangeRaw } from '../../kit/raw-http.js';
import { type Act, type Attack, SUCCEEDED, variants } from '../attack.js';
import { type AttackedMesh, FEW } from '../mesh/attacked-mesh.js';
import {
  fetchRoute,
  ME,
  newBrowser,
  RESEARCH,
  SESSION,
  sharedSession,
  visitOutcome,
} from '../tools/browsing.js';
import { QUESTION } from '../tools/calls.js';
import { firstOutcome, outcomeOf } from '../tools/outcome.js';
import { send, type WireResponse } from '../tools/wire.js';

/** One more than may be asked, each as from somewhere else; the control asks as often as may be. */
const often =
  (
    ask: (mesh: AttackedMesh, url: string, at: number, from: string) => Promise<WireResponse>,
    control: string,
  ): Act<string> =>
  async (mesh, from) => {
    const url = await mesh.limitedGateway();
    let last: WireResponse | undefined;
    for (let at = 0; at < (from === undefined ? FEW : FEW + 1); at++) {
      last = await ask(mesh, url, at, from ?? control);
      if (last.status >= 400) break;
    }
    const outcome = last!.status === 303 ? SUCCEEDED : outcomeOf(last!);
    const waits = Number(last!.headers['retry-after']) > 0;
    return outcome === 'ERR_RATE_LIMITED' && !waits ? 'no Retry-After' : outcome;
  };

/** Whoever stands in front says where a request comes from, or the sender does. */
const forwarded = (at: number) => ({
  'x-forwarded-for': `10.0.0.${at}`,
  forwarded: `for=10.0.0.${at}`,
  'x-real-ip': `10.0.0.${at}`,
  'x-client-ip': `10.0.0.${at}`,
  'true-client-ip': `10.0.0.${at}`,
  'cf-connecting-ip': `10.0.0.${at}`,
});
const asks = (path: string) => (_: AttackedMesh, url: string, at: number, from: string) =>
  send(`${url}${path}`, { from, headers: forwarded(at) });

/** 38: more than may be asked in a minute. */
export const limits: readonly Attack[] = [
  ...variants(38, often(asks('/sign-in'), '127.0.0.31'), [
    ['sign-ins, each from another X-Forwarded-For', 'ERR_RATE_LIMITED', '127.0.0.21'],
  ]),
  ...variants(38, often(asks('/sign-in?to=//evil.example'), '127.0.0.32'), [
    [
      'sign-ins that come to nothing, each from another X-Forwarded-For',
      'ERR_RATE_LIMITED',
      '127.0.0.22',
    ],
  ]),
  ...variants<'analyst'>(
    38,
    async (mesh, defect) => {
      const account = defect ?? 'reader';
      const asking = often(async (_, url, at) => {
        // Each with a token of its own, from an address of its own.
        const token = await mesh.signInAnew(account);
        return send(`${url}/v1/research`, {
          from: `127.0.1.${at + 1}`,
          headers: {
            authorization: `Bearer ${token}`,
            'content-type': 'application/json',
            accept: 'application/json',
            ...forwarded(at),
          },
          body: JSON.stringify({ question: QUESTION, depth: 'fast' }),
        });
      }, '');
      return asking(mesh, defect);
    },
    [["a person's questions, each by another token and address", 'ERR_RATE_LIMITED', 'analyst']],
  ),
];

const huge = 'x'.repeat(1_000_000);
const nested = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`;
const question = (text: string) => JSON.stringify({ question: text, depth: 'fast' });

/** 39: what a person who is signed in sends too much of, or oddly. */
export const oversized: readonly Attack[] = [
  ...variants<{ body?: string; headers?: Record<string, string> }>(
    39,
    async (mesh, { body = RESEARCH.body!, headers } = {}) =>
      fetchRoute(await sharedSession(mesh), { ...RESEARCH, body }, headers),
    [
      ['a question of 1 MB', 'ERR_BODY_TOO_LARGE', { body: question(huge) }],
      ['a question that is too long', 'ERR_BODY_INVALID', { body: question('x'.repeat(60_000)) }],
      [
        'a body nested 20,000 deep',
        'ERR_BODY_INVALID',
        { body: `{"question":${nested(20_000)},"depth":"fast"}` },
      ],
      [
        '__proto__ in the body',
        'ERR_BODY_MALFORMED',
        { body: `{"__proto__":{"depth":"deep"},"question":"x","depth":"fast"}` },
      ],
      [
        'constructor in the body',
        'ERR_BODY_MALFORMED',
        { body: `{"constructor":{"prototype":{"depth":"deep"}},"question":"x","depth":"fast"}` },
      ],
      [
        'a member that nobody knows',
        'ERR_BODY_INVALID',
        { body: `{"question":"x","depth":"fast","roles":["admin"]}` },
      ],
      [
        'a depth that nobody knows',
        'ERR_BODY_INVALID',
        { body: `{"question":"x","depth":"deepest"}` },
      ],
      ['a list', 'ERR_BODY_INVALID', { body: '[]' }],
      [
        'half a surrogate pair',
        'ERR_BODY_INVALID',
        { body: '{"question":"\\ud800","depth":"fast"}' },
      ],
      ['XML', 'ERR_BODY_TYPE', { headers: { 'content-type': 'application/xml' } }],
      [
        'a cookie of 20 KiB',
        'ERR_HEADERS_TOO_LARGE',
        { headers: { 'x-cookie': 'x'.repeat(20 * 1024) } },
      ],
      [
        'a secret of 8 KiB',
        'ERR_CSRF_TOKEN',
        { headers: { 'x-csrf-token': 'x'.repeat(8 * 1024) } },
      ],
    ],
  ),
];

/** A request line and headers as bytes. */
type Writing = (request: { host: string; cookie: string; csrf: string }) => string;

const raw: Act<Writing> = async (mesh, write = whole) => {
  const browser = await sharedSession(mesh);
  const { host } = new URL(mesh.origin);
  const cookie = `${SESSION}=${browser.session}`;
  return firstOutcome(
    await exchangeRaw(mesh.urls.gateway, write({ host, cookie, csrf: browser.csrf! })),
  );
};
const line =
  (start: string, more = ''): Writing =>
  ({ host, cookie, csrf }) =>
    `${start}\r\nHost: ${host}\r\nCookie: ${cookie}\r\nX-CSRF-Token: ${csrf}\r\n${more}Connection: close\r\n\r\n`;
const whole = line('GET /v1/me HTTP/1.1');
/** Nobody is signed in: what is found this way is found by everybody. */
const stranger =
  (start: string): Writing =>
  ({ host }) =>
    `${start}\r\nHost: ${host}\r\nConnection: close\r\n\r\n`;

const paths: readonly (readonly [path: string, expected: string])[] = [
  ['/assets/../v1/me', 'ERR_REQUEST_MALFORMED'],
  ['/assets/%2e%2e/v1/me', 'ERR_REQUEST_MALFORMED'],
  ['/assets/..%2fv1/me', 'ERR_REQUEST_MALFORMED'],
  ['/assets/%2e%2e%2f%2e%2e%2findex.html', 'ERR_REQUEST_MALFORMED'],
  ['/docs/%2e%2e/v1/me', 'ERR_REQUEST_MALFORMED'],
  ['/docs/../v1/agents', 'ERR_REQUEST_MALFORMED'],
  ['/openapi.json/../v1/me', 'ERR_ROUTE_NOT_FOUND'],
  ['/v1/me/', 'ERR_ROUTE_NOT_FOUND'],
  ['/V1/ME', 'ERR_ROUTE_NOT_FOUND'],
  ['//v1/me', 'ERR_ROUTE_NOT_FOUND'],
  ['/v1//me', 'ERR_ROUTE_NOT_FOUND'],
  ['/v1/./me', 'ERR_ROUTE_NOT_FOUND'],
  ['/v1/%6de', 'ERR_ACCESS_TOKEN_MISSING'],
  ['/v1/me;/assets', 'ERR_ROUTE_NOT_FOUND'],
  ['/v1/me%00', 'ERR_ROUTE_NOT_FOUND'],
  ['/v1/me?path=/assets/x', 'ERR_ACCESS_TOKEN_MISSING'],
  ['/v1/me#/assets/x', 'ERR_ACCESS_TOKEN_MISSING'],
  ['/v1/%', 'ERR_REQUEST_MALFORMED'],
];

/** 40: requests of a form that nobody thought of. */
export const odd: readonly Attack[] = [
  ...variants<Writing>(
    40,
    raw,
    paths.map(
      ([path, code]) =>
        [`a stranger asks for ${path}`, code, stranger(`GET ${path} HTTP/1.1`)] as const,
    ),
  ),
  ...variants<Writing>(40, raw, [
    ['HEAD by a stranger', 'status 401', stranger('HEAD /v1/me HTTP/1.1')],
    ['TRACE', 'ERR_METHOD_NOT_ALLOWED', line('TRACE /v1/me HTTP/1.1')],
    ['OPTIONS', 'ERR_METHOD_NOT_ALLOWED', line('OPTIONS /v1/me HTTP/1.1')],
    ['PUT', 'ERR_METHOD_NOT_ALLOWED', line('PUT /v1/me HTTP/1.1')],
    ['a method that nobody knows', 'ERR_REQUEST_MALFORMED', line('STEAL /v1/me HTTP/1.1')],
    ['HTTP/0.9', 'ERR_REQUEST_MALFORMED', () => 'GET /v1/me\r\n\r\n'],
    ['HTTP/2 in clear text', 'ERR_REQUEST_MALFORMED', () => 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    [
      'an absolute target of another host',
      'ERR_REQUEST_MALFORMED',
      line('GET http://evil.example/v1/me HTTP/1.1'),
    ],
    ['CONNECT', 'closed without an answer', line('CONNECT evil.example:443 HTTP/1.1')],
    [
      'two Cookie headers, the second of another session',
      'ERR_SESSION_COOKIE',
      line('GET /v1/me HTTP/1.1', `Cookie: ${SESSION}=${'A'.repeat(43)}\r\n`),
    ],
    [
      'two secrets',
      'ERR_CSRF_TOKEN',
      line('GET /v1/me HTTP/1.1', `X-CSRF-Token: ${'A'.repeat(43)}\r\n`),
    ],
    [
      'two origins',
      'ERR_CSRF_ORIGIN',
      (request) =>
        line(
          'POST /sign-out HTTP/1.1',
          `Origin: https://evil.example\r\nOrigin: http://${request.host}\r\nContent-Length: 0\r\n`,
        )(request),
    ],
    [
      'two origins, the right one first',
      'ERR_CSRF_ORIGIN',
      (request) =>
        line(
          'POST /sign-out HTTP/1.1',
          `Origin: http://${request.host}\r\nOrigin: https://evil.example\r\nContent-Length: 0\r\n`,
        )(request),
    ],
    [
      'an Authorization header that is empty, beside the cookie',
      'ERR_ACCESS_TOKEN_MISSING',
      line('GET /v1/me HTTP/1.1', 'Authorization:\r\n'),
    ],
    [
      'an upgrade to a WebSocket',
      'ERR_ACCESS_TOKEN_MISSING',
      ({ host }) =>
        `GET /v1/me HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade, close\r\nUpgrade: websocket\r\n` +
        'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n',
    ],
  ]),
  ...variants<string>(
    40,
    async (mesh, path) => {
      const browser = await sharedSession(mesh);
      const headers = { 'x-csrf-token': browser.csrf!, 'if-none-match': '*' };
      const answer = await browser.send(path ?? ME.path, { headers });
      if (path === undefined) return visitOutcome(answer);
      const { 'cache-control': kept, etag, 'last-modified': changed } = answer.headers;
      return kept === 'no-store' && !etag && !changed ? 'kept by nobody' : SUCCEEDED;
    },
    ['/v1/me', '/v1/documents', '/', '/signed-in', '/sign-in', '/sign-in/callback?state=x'].map(
      (path) => [`${path} out of a cache`, 'kept by nobody', path] as const,
    ),
  ),
  ...variants<true>(
    40,
    async (mesh, defect) =>
      defect
        ? visitOutcome(await newBrowser(mesh).send('/assets/'))
        : visitOutcome(await newBrowser(mesh).send('/')),
    [['the list of the assets', 'ERR_REQUEST_MALFORMED', true]],
  ),
];
