import { connect, type Socket } from 'node:net';
import { type Act, type Attack, variants } from '../attack.js';
import { type AgentName, type AttackedMesh, idOf } from '../mesh/attacked-mesh.js';
import { exchange as exchangeRaw, responsesOf } from '../../kit/raw-http.js';
import { newNonce, researcherToken } from '../tools/calls.js';
import { outcomeOf, refusedHandshake, requestOutcome, unlessClosed } from '../tools/outcome.js';
import { keep, open, send, talk } from '../tools/wire.js';

/** A route asked for where it is not to be had, and where it is. */
interface Door {
  readonly name: string;
  readonly expected: string;
  readonly wrong: (mesh: AttackedMesh) => Promise<string>;
  readonly right: (mesh: AttackedMesh) => Promise<string>;
}

type Peer = Exclude<AgentName, 'gateway'>;
/** A workload of the domain that no file names. */
const stranger =
  (path: string, agent: Peer = 'writer') =>
  async (mesh: AttackedMesh) => {
    const svid = await mesh.mint({ uri: idOf('stranger') });
    return outcomeOf(await send(`${mesh.urls[agent]}${path}`, { svid }));
  };
const visitor = (path: string) => async (mesh: AttackedMesh) =>
  outcomeOf(await send(`${mesh.urls.gateway}${path}`));
const manager =
  (path: string, agent: AgentName = 'writer') =>
  async (mesh: AttackedMesh) =>
    outcomeOf(await send(`${mesh.managementUrls[agent]}${path}`));
const DENIED = 'ERR_CALLER_DENIED';
const NOT_FOUND = 'ERR_ROUTE_NOT_FOUND';

const doors: readonly Door[] = [
  {
    name: 'health, on the port of peers',
    expected: DENIED,
    wrong: stranger('/health'),
    right: manager('/health'),
  },
  {
    name: 'readiness, on the port of peers',
    expected: DENIED,
    wrong: stranger('/health/ready'),
    right: manager('/health/ready'),
  },
  {
    name: 'metrics, on the port of peers',
    expected: DENIED,
    wrong: stranger('/metrics'),
    right: manager('/metrics'),
  },
  {
    name: 'docs, on the port of peers',
    expected: DENIED,
    wrong: stranger('/docs/'),
    right: visitor('/docs/'),
  },
  {
    name: 'API document, on the port of peers',
    expected: DENIED,
    wrong: stranger('/openapi.json'),
    right: visitor('/openapi.json'),
  },
  {
    name: 'debug, on the port of peers',
    expected: DENIED,
    wrong: stranger('/debug/pprof'),
    right: manager('/health/live'),
  },
  {
    name: 'a route that is not there, on the port of peers',
    expected: DENIED,
    wrong: stranger('/v1/none'),
    right: manager('/health/live'),
  },
  {
    name: 'health, on the port of people',
    expected: NOT_FOUND,
    wrong: visitor('/health'),
    right: manager('/health', 'gateway'),
  },
  {
    name: 'metrics, on the port of people',
    expected: NOT_FOUND,
    wrong: visitor('/metrics'),
    right: manager('/metrics', 'gateway'),
  },
  {
    name: 'debug, on the port of people',
    expected: NOT_FOUND,
    wrong: visitor('/debug/pprof'),
    right: visitor('/openapi.json'),
  },
  {
    name: 'the token endpoint, on the port of people',
    expected: NOT_FOUND,
    wrong: visitor('/token'),
    right: visitor('/openapi.json'),
  },
  {
    name: 'debug, on the management port',
    expected: NOT_FOUND,
    wrong: manager('/debug/pprof'),
    right: manager('/health/live'),
  },
  {
    name: "Node's inspector, on the management port",
    expected: NOT_FOUND,
    wrong: manager('/json/list'),
    right: manager('/health/live'),
  },
];

/** The same of the other agents, where it matters most. */
const otherDoors: readonly Door[] = (['researcher', 'tts'] as const).flatMap((agent) =>
  ['/health', '/metrics'].map((path) => ({
    name: `${path}, on the port of ${agent}`,
    expected: DENIED,
    wrong: stranger(path, agent),
    right: manager(path, agent),
  })),
);

const plainHttp: Act<true> = (mesh, defect) => {
  if (!defect) return callAs(mesh, 'researcher');
  const url = mesh.urls.writer.replace('https:', 'http:');
  return refusedHandshake(mesh.log('writer'), undefined, () =>
    unlessClosed(async () => outcomeOf(await send(`${url}/v1/drafts`))),
  );
};

async function callAs(mesh: AttackedMesh, as: string): Promise<string> {
  const token = await researcherToken(mesh);
  const response = await send(`${mesh.urls.writer}/v1/drafts`, {
    svid: mesh.svidOf(as),
    headers: {
      'content-type': 'application/json',
      'txn-token': token,
      'request-nonce': newNonce(),
    },
    body: DRAFT,
  });
  return outcomeOf(response);
}

/** 19: what a stranger finds. */
export const strangers: readonly Attack[] = [
  ...[...doors, ...otherDoors].map(({ name, expected, wrong, right }) => ({
    number: 19,
    name: `a stranger asks for ${name}`,
    expected,
    run: wrong,
    control: right,
  })),
  ...variants(19, plainHttp, [
    ['HTTP without TLS on the port of peers', 'ERR_PEER_HANDSHAKE_FAILED', true as const],
  ]),
  ...variants<string>(
    19,
    async (mesh, thief = 'tts') => {
      const as = mesh.svidOf(thief);
      const url = `${mesh.issuer.agentsUrl}/jwks`;
      return requestOutcome(mesh.issuerLog, as, () => send(url, { svid: as }));
    },
    [["a stranger reads the issuer's keys", 'ERR_PEER_NOT_AUTHORIZED', 'relay-1']],
  ),
];

const DRAFT = JSON.stringify({ question: 'What is an SVID?', notes: [], sources: [] });
const QUESTION = JSON.stringify({ question: 'What is an SVID?', depth: 'fast' });

/** A request by its parts, to be put together wrongly. */
interface RawRequest {
  readonly start: string;
  /** Header lines but those that tell how long the body is. */
  readonly headers: readonly string[];
  readonly body: string;
}
/** How the request is written. */
type Writing = (request: RawRequest) => string;

const right: Writing = ({ start, headers, body }) =>
  written(start, [...headers, `Content-Length: ${body.length}`], body);
function written(start: string, headers: readonly string[], rest: string): string {
  return `${start}\r\n${headers.join('\r\n')}\r\n\r\n${rest}`;
}
/** A whole request that hides in the body of the first. */
const SMUGGLED = 'GET /errors HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n';
const chunked = (body: string) => `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`;

type Exchange = (mesh: AttackedMesh, make: Writing) => Promise<string>;

const toGateway: Exchange = async (mesh, make) => {
  const token = await mesh.signIn();
  const { host } = new URL(mesh.urls.gateway);
  const text = await exchangeRaw(
    mesh.urls.gateway,
    make({
      start: 'POST /v1/research HTTP/1.1',
      headers: [
        `Host: ${host}`,
        `Authorization: Bearer ${token}`,
        'Content-Type: application/json',
        'Accept: application/json',
        'Connection: close',
      ],
      body: QUESTION,
    }),
  );
  keep(mesh.urls.gateway, text);
  return firstOf(text);
};

const toWriter: Exchange = async (mesh, make) => {
  const token = await researcherToken(mesh);
  const socket = await open(mesh.urls.writer, mesh.svidOf('researcher'));
  const text = await talk(
    socket,
    make({
      start: 'POST /v1/drafts HTTP/1.1',
      headers: [
        'Host: writer',
        `Txn-Token: ${token}`,
        `Request-Nonce: ${newNonce()}`,
        'Content-Type: application/json',
        'Accept: application/json',
        'Connection: close',
      ],
      body: DRAFT,
    }),
  );
  return firstOf(text);
};

/** What came first; that anything is answered after it means that two readers saw two requests. */
function firstOf(text: string): string {
  const responses = responsesOf(text);
  const [first] = responses;
  if (first === undefined) return 'closed without an answer';
  if (responses.length > 1) return `${responses.length} answers`;
  return outcomeOf(first);
}

const MALFORMED = 'ERR_REQUEST_MALFORMED';
const smuggling: readonly (readonly [string, string, Writing])[] = [
  [
    'Content-Length and Transfer-Encoding',
    MALFORMED,
    ({ start, headers, body }) =>
      written(
        start,
        [...headers, `Content-Length: ${chunked(body).length}`, 'Transfer-Encoding: chunked'],
        chunked(body) + SMUGGLED,
      ),
  ],
  [
    'Transfer-Encoding and Content-Length',
    MALFORMED,
    ({ start, headers, body }) =>
      written(
        start,
        [...headers, 'Transfer-Encoding: chunked', 'Content-Length: 4'],
        chunked(body) + SMUGGLED,
      ),
  ],
  [
    'two Content-Lengths',
    MALFORMED,
    ({ start, headers, body }) =>
      written(
        start,
        [
          ...headers,
          `Content-Length: ${body.length}`,
          `Content-Length: ${body.length + SMUGGLED.length}`,
        ],
        body + SMUGGLED,
      ),
  ],
  [
    'Transfer-Encoding that only looks like chunked',
    MALFORMED,
    ({ start, headers, body }) =>
      written(start, [...headers, 'Transfer-Encoding: xchunked'], chunked(body) + SMUGGLED),
  ],
  [
    'Transfer-Encoding with a space before the colon',
    MALFORMED,
    ({ start, headers, body }) =>
      written(
        start,
        [...headers, `Content-Length: ${body.length}`, 'Transfer-Encoding : chunked'],
        body + SMUGGLED,
      ),
  ],
  [
    'a header folded over two lines',
    MALFORMED,
    ({ start, headers, body }) =>
      written(
        start,
        [...headers, 'Transfer-Encoding:\r\n chunked', `Content-Length: ${body.length}`],
        body + SMUGGLED,
      ),
  ],
  [
    'chunk with a length that is none',
    MALFORMED,
    ({ start, headers, body }) =>
      written(start, [...headers, 'Transfer-Encoding: chunked'], `0x${chunked(body)}${SMUGGLED}`),
  ],
  [
    'a line end within a header',
    MALFORMED,
    ({ start, headers, body }) =>
      written(
        start,
        [...headers, `X-Note: a\rX-User: admin`, `Content-Length: ${body.length}`],
        body,
      ),
  ],
  [
    'headers of 20 KiB',
    'ERR_HEADERS_TOO_LARGE',
    ({ start, headers, body }) =>
      written(
        start,
        [...headers, `X-Note: ${'x'.repeat(20 * 1024)}`, `Content-Length: ${body.length}`],
        body,
      ),
  ],
  [
    'a second Host',
    MALFORMED,
    ({ start, headers, body }) =>
      right({ start, headers: [...headers, 'Host: attacker.example'], body }),
  ],
  [
    'a target with a host of its own',
    MALFORMED,
    ({ start, ...rest }) => right({ ...rest, start: start.replace(' /', ' http://writer/') }),
  ],
];

const wired =
  (exchange: Exchange): Act<Writing> =>
  (mesh, make = right) =>
    exchange(mesh, make);

/** Paths that lead out of the folder of the API's page, or past its routes. */
const paths: readonly (readonly [path: string, expected: string])[] = [
  ['/docs/../../../../../../etc/passwd', 'ERR_REQUEST_MALFORMED'],
  ['/docs/%2e%2e/%2e%2e/package.json', 'ERR_REQUEST_MALFORMED'],
  ['/docs/..%2f..%2f..%2fpackage.json', 'ERR_ROUTE_NOT_FOUND'],
  ['/docs/..%5c..%5cpackage.json', 'ERR_REQUEST_MALFORMED'],
  ['/docs//etc/passwd', 'ERR_REQUEST_MALFORMED'],
  ['/docs/swagger-ui.css%00.html', 'ERR_REQUEST_MALFORMED'],
  ['/.git/config', 'ERR_ROUTE_NOT_FOUND'],
  ['//v1/trust', 'ERR_ROUTE_NOT_FOUND'],
];

/** 19: files that no route is meant to show. */
export const files: readonly Attack[] = variants<string>(
  19,
  async (mesh, path = '/docs/swagger-ui.css') => {
    const { host } = new URL(mesh.urls.gateway);
    const text = await exchangeRaw(
      mesh.urls.gateway,
      `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`,
    );
    keep(mesh.urls.gateway, text);
    return firstOf(text);
  },
  paths.map(([path, expected]) => [`the gateway is asked for ${path}`, expected, path] as const),
);

/** How long between two bytes of a slow header, in milliseconds. */
const SLOW_MS = 1_000;

type Listener = 'gateway' | 'writer';

const LISTENERS: Readonly<
  Record<Listener, { reach: (mesh: AttackedMesh) => Promise<Socket>; exchange: Exchange }>
> = {
  gateway: {
    reach: async (mesh) => {
      const { hostname, port } = new URL(mesh.urls.gateway);
      return connect(Number(port), hostname);
    },
    exchange: toGateway,
  },
  writer: {
    reach: (mesh) => open(mesh.urls.writer, mesh.svidOf('researcher')),
    exchange: toWriter,
  },
};

/** A request that a byte a second is added to, until it is cut off. Begun with the run: the limit is half a minute. */
function slowly(
  listener: Listener,
  what: string,
  beginning: (mesh: AttackedMesh) => string | Promise<string>,
): Attack {
  const name = `to the ${listener}: ${what} that never ends`;
  const { reach, exchange } = LISTENERS[listener];
  const answers = new WeakMap<AttackedMesh, Promise<string>>();
  const drip = async (mesh: AttackedMesh): Promise<string> => {
    const start = await beginning(mesh);
    const socket = await reach(mesh);
    const { promise, resolve } = Promise.withResolvers<string>();
    let text = '';
    socket.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    socket.on('error', () => undefined);
    socket.write(start);
    const timer = setInterval(() => socket.write('x'), SLOW_MS);
    socket.once('close', () => {
      clearInterval(timer);
      keep(name, text);
      resolve(firstOf(text));
    });
    return promise;
  };
  return {
    number: 22,
    name,
    expected: 'ERR_REQUEST_TIMEOUT',
    begin: (mesh) => void answers.set(mesh, drip(mesh)),
    run: (mesh) => answers.get(mesh) ?? drip(mesh),
    control: (mesh) => exchange(mesh, right),
  };
}

const slowHeader = () => 'POST /v1/drafts HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ';
const slowBody = (path: string, headers: readonly string[]) =>
  written(
    `POST ${path} HTTP/1.1`,
    ['Host: 127.0.0.1', 'Content-Type: application/json', ...headers, 'Content-Length: 1000'],
    '{',
  );

/** On the port of peers Node itself answers it, without a word. */
const withoutHost: Writing = ({ start, headers, body }) =>
  right({ start, headers: headers.slice(1), body });

/** 22: requests that two readers would read differently, that are too large, or never end. */
export const smuggled: readonly Attack[] = [
  ...variants(
    22,
    wired(toGateway),
    smuggling.map(([name, code, make]) => [`to the gateway: ${name}`, code, make] as const),
  ),
  ...variants<Writing>(22, wired(toGateway), [['to the gateway: no Host', MALFORMED, withoutHost]]),
  ...variants(
    22,
    wired(toWriter),
    smuggling.map(([name, code, make]) => [`to the writer: ${name}`, code, make] as const),
  ),
  slowly('gateway', 'a header', slowHeader),
  slowly('gateway', 'a body', async (mesh) =>
    slowBody('/v1/research', [`Authorization: Bearer ${await mesh.signIn()}`]),
  ),
  slowly('writer', 'a header', slowHeader),
  slowly('writer', 'a body', () => slowBody('/v1/drafts', [])),
];
