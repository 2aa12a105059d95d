import { once, type EventEmitter } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { exchange, responsesOf, type RawResponse } from '../kit/raw-http.js';
import { RunningAgents } from '../kit/running-agents.js';
import { agentsUnderTest, ScriptedModel, ScriptedSearch } from './agents-under-test.js';

let web: string;
let mesh: RunningAgents;
let gateway: string;
let management: string;
let bearer: string;
let signedIn: string;

beforeAll(async () => {
  web = mkdtempSync(join(tmpdir(), 'web-'));
  writeFileSync(join(web, 'index.html'), '<!doctype html><title>Ask</title>');
  mesh = await RunningAgents.start(
    agentsUnderTest({ search: new ScriptedSearch(), model: new ScriptedModel() }),
    { env: { MESH_WEB: web } },
  );
  gateway = mesh.agent('gateway').url;
  management = mesh.agent('gateway').managementUrl;
  bearer = `Bearer ${await mesh.signIn('analyst', 'research:fast draft:write')}`;
  signedIn = `Authorization: ${bearer}\r\n`;
});
afterAll(async () => {
  await mesh.close();
  rmSync(web, { recursive: true });
});
beforeEach(() => {
  mesh.log.length = 0;
});

const HOST = 'Host: localhost\r\n';
const CLOSE = 'Connection: close\r\n';
const JSON_TYPE = 'Content-Type: application/json\r\n';
const QUESTION = '{"question":"What is an SVID?"}';

function research(body: string, headers = ''): string {
  return `POST /v1/research HTTP/1.1\r\n${HOST}${signedIn}${JSON_TYPE}${headers}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}

async function one(request: string, url = gateway): Promise<RawResponse> {
  const responses = responsesOf(await exchange(url, request));
  expect(responses).toHaveLength(1);
  return responses[0]!;
}

function problemIn({ status, headers, body }: RawResponse): Record<string, unknown> {
  expect(headers['content-type']).toMatch(/^application\/problem\+json/);
  const problem = JSON.parse(body) as Record<string, unknown>;
  expect(problem).toMatchObject({ status, correlationId: headers['x-correlation-id'] });
  expect(problem['type']).toBe(`/errors#${String(problem['code']).toLowerCase()}`);
  expect(body).not.toMatch(/node_modules|\.ts:|\.js:|at \w+ \(/);
  return problem;
}

/** The line is written when the response is over, a moment after the client has it. */
async function requestLines(count = 1): Promise<Record<string, unknown>[]> {
  for (;;) {
    const lines = mesh.log.filter(({ event }) => event === 'request');
    if (lines.length >= count) return lines;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe('what is no proper HTTP request', () => {
  const get = (target: string, headers = HOST + CLOSE) =>
    `GET ${target} HTTP/1.1\r\n${headers}\r\n`;

  it.each([
    ['a path that cannot be decoded', get('/%zz'), 400, 'ERR_REQUEST_MALFORMED'],
    ['a path cut within a character', get('/%E0%A4'), 400, 'ERR_REQUEST_MALFORMED'],
    ['a target with a host of its own', get('http://evil/docs'), 400, 'ERR_REQUEST_MALFORMED'],
    ['no Host', get('/docs', CLOSE), 400, 'ERR_REQUEST_MALFORMED'],
    ['two Hosts', get('/docs', `${HOST}Host: evil\r\n`), 400, 'ERR_REQUEST_MALFORMED'],
    ['HTTP/1.0 without Host', 'GET / HTTP/1.0\r\n\r\n', 400, 'ERR_REQUEST_MALFORMED'],
    ['text', 'hello\r\n\r\n', 400, 'ERR_REQUEST_MALFORMED'],
    ['a TLS handshake', '\x16\x03\x01\x02\x00\x01\x00\r\n', 400, 'ERR_REQUEST_MALFORMED'],
    ['an unknown method', get('/docs').replace('GET', 'BREW'), 400, 'ERR_REQUEST_MALFORMED'],
    [
      'a control character in a header',
      get('/docs', `${HOST}X-A: a\x00b\r\n`),
      400,
      'ERR_REQUEST_MALFORMED',
    ],
    ['a long URL', get(`/${'a'.repeat(20_000)}`), 431, 'ERR_HEADERS_TOO_LARGE'],
    [
      'long headers',
      get('/docs', `${HOST}Cookie: ${'a'.repeat(20_000)}\r\n`),
      431,
      'ERR_HEADERS_TOO_LARGE',
    ],
  ])('%s is a problem, on both listeners', async (_what, request, status, code) => {
    for (const url of [gateway, management]) {
      const response = await one(request, url);
      expect(problemIn(response)).toMatchObject({ status, code });
      expect(response.headers['connection']).toBe('close');
    }
    expect(await requestLines()).toEqual([
      expect.objectContaining({ agent: 'gateway', status, code, outcome: 'error' }),
    ]);
  });

  const smuggled = `GET /smuggled HTTP/1.1\r\n${HOST}\r\n`;
  it.each([
    ['both lengths', `Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${smuggled}`],
    ['two lengths', `Content-Length: 2\r\nContent-Length: 50\r\n\r\n{}${smuggled}`],
    ['an unknown coding', `Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n${smuggled}`],
    [
      'a coding twice',
      `Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n${smuggled}`,
    ],
    ['a folded coding', `Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n${smuggled}`],
    ['a space before the colon', `Content-Length : 2\r\n\r\n{}${smuggled}`],
    ['a signed length', `Content-Length: +2\r\n\r\n{}${smuggled}`],
    ['a bad chunk size', `Transfer-Encoding: chunked\r\n\r\nzz\r\n{}${smuggled}`],
    ['bare line feeds', `Transfer-Encoding: chunked\n\n0\n\n${smuggled}`],
  ])('a request with %s hides no second one', async (_what, rest) => {
    let begun = 0;
    const begins = () => void (begun += 1);
    const server = mesh.agent('gateway').app.getHttpServer() as EventEmitter;
    server.on('request', begins);
    const answer = await exchange(
      gateway,
      `POST /v1/research HTTP/1.1\r\n${HOST}${signedIn}${JSON_TYPE}${rest}`,
    );
    for (const response of responsesOf(answer)) {
      expect(response.status).toBe(400);
      problemIn(response);
    }
    expect(answer.match(/^HTTP\/1\.1 /gm)).toHaveLength(1);
    server.off('request', begins);
    // Of one that began it is written when its connection is gone: not into the next test.
    const own = ({ method }: Record<string, unknown>) => method === 'POST';
    let lines = await requestLines();
    while (lines.filter(own).length < begun) lines = await requestLines(lines.length + 1);
    expect(lines.every(({ method }) => method !== 'GET')).toBe(true);
  });

  it('an expectation that is not known leads past nothing, on both listeners', async () => {
    const expecting = (host: string) => get('/health', `Host: ${host}\r\nExpect: tea\r\n${CLOSE}`);
    for (const url of [gateway, management]) {
      expect(problemIn(await one(expecting('evil.example'), url))).toMatchObject({ status: 421 });
    }
    expect((await one(expecting('localhost'), management)).status).toBe(200);
    expect(await requestLines()).toMatchObject([{ status: 421 }]);
  });

  it('CONNECT gets no tunnel', async () => {
    expect(await exchange(gateway, `CONNECT evil:443 HTTP/1.1\r\n${HOST}\r\n`)).toBe('');
  });

  it('a connection that says nothing, or goes away half way, is no error', async () => {
    const { hostname, port } = new URL(gateway);
    for (const bytes of ['', 'POST /v1/resea', research(QUESTION).slice(0, -5)]) {
      const socket = connect(Number(port), hostname);
      await once(socket, 'connect');
      if (bytes !== '') await new Promise<void>((done) => socket.write(bytes, () => done()));
      socket.resetAndDestroy();
    }
    expect(await requestLines()).toEqual([
      expect.objectContaining({
        method: 'POST',
        status: 499,
        outcome: 'aborted',
        code: 'ERR_REQUEST_ABORTED',
      }),
    ]);
    expect(mesh.log.filter(({ level }) => level === 'error')).toEqual([]);
  });
});

describe('Host', () => {
  it.each(['localhost', '127.0.0.1', 'LOCALHOST:4000', 'localhost:1'])(
    '%s is served',
    async (host) => {
      const response = await one(`GET /errors HTTP/1.1\r\nHost: ${host}\r\n${CLOSE}\r\n`);
      expect(response.status).toBe(200);
    },
  );

  it.each(['evil.example', 'localhost.evil.example', 'localhost:4000@evil', '', 'localhost, evil'])(
    '%j is 421, on both listeners and for each path',
    async (host) => {
      for (const url of [gateway, management]) {
        for (const path of [
          '/docs',
          '/openapi.json',
          '/health/live',
          '/metrics',
          '/none',
          '/%zz',
        ]) {
          const response = await one(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\n\r\n`, url);
          if (path === '/%zz' && url === management) continue; // refused for its path
          expect(problemIn(response)).toMatchObject({ status: 421, code: 'ERR_HOST_UNKNOWN' });
        }
      }
    },
  );
});

describe('routes', () => {
  const CODES: Record<number, string> = {
    400: 'ERR_REQUEST_MALFORMED',
    404: 'ERR_ROUTE_NOT_FOUND',
    405: 'ERR_METHOD_NOT_ALLOWED',
  };

  it.each([
    ['GET', '/v1/research', 405, 'POST'],
    ['OPTIONS', '/v1/research', 405, 'POST'],
    ['DELETE', '/v1/research?x=1', 405, 'POST'],
    ['PROPFIND', '/v1/research', 405, 'POST'],
    ['TRACE', '/v1/research', 405, 'POST'],
    ['POST', '/errors', 405, 'GET, HEAD'],
    ['PUT', '/docs', 405, 'GET, HEAD'],
    ['POST', '/v1/research/', 404, undefined],
    ['POST', '/V1/research', 404, undefined],
    ['POST', '//v1/research', 404, undefined],
    ['POST', '/v1/../v1/research', 404, undefined],
    ['GET', '/docs/../../../../../etc/passwd', 400, undefined],
    ['GET', '/docs/%2e%2e%2f%2e%2e%2fpackage.json', 404, undefined],
    ['GET', '/health', 404, undefined],
    ['GET', '/metrics', 404, undefined],
  ])('%s %s is %d', async (method, path, status, allow) => {
    const response = await one(`${method} ${path} HTTP/1.1\r\n${HOST}${CLOSE}\r\n`);
    expect(problemIn(response)).toMatchObject({
      code: CODES[status],
    });
    expect(response.status).toBe(status);
    expect(response.headers['allow']).toBe(allow);
    expect(await requestLines()).toHaveLength(1);
  });

  it('GET / is the page where a question can be asked', async () => {
    const response = await one(`GET / HTTP/1.1\r\n${HOST}${CLOSE}\r\n`);
    expect(response).toMatchObject({ status: 200, body: '<!doctype html><title>Ask</title>' });
    expect(response.headers['content-type']).toBe('text/html; charset=utf-8');
  });

  it.each([
    'GET /docs',
    'HEAD /docs',
    'GET /docs?url=http://evil/openapi.json',
    'GET /docs/?url=http://evil/openapi.json',
  ])('%s goes on to where sign-in comes back', async (line) => {
    const response = await one(`${line} HTTP/1.1\r\n${HOST}${CLOSE}\r\n`);
    expect(response).toMatchObject({ status: 302, headers: { location: '/docs/' } });
  });

  it.each(['/docs/', '/openapi.json', '/errors'])('HEAD %s is GET without a body', async (path) => {
    const head = await exchange(gateway, `HEAD ${path} HTTP/1.1\r\n${HOST}${CLOSE}\r\n`);
    expect(head).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(head).toMatch(/\r\n\r\n$/);
    expect(Number(/content-length: (\d+)/.exec(head)![1])).toBeGreaterThan(100);
  });

  it.each([
    ['/nothing', 404, 'ERR_ROUTE_NOT_FOUND'],
    ['/v1/research', 404, 'ERR_ROUTE_NOT_FOUND'],
  ])('the management listener answers %s with a problem', async (path, status, code) => {
    const response = await one(`GET ${path} HTTP/1.1\r\n${HOST}${CLOSE}\r\n`, management);
    expect(problemIn(response)).toMatchObject({ status, code });
  });
});

describe('bodies', () => {
  it.each(['text/plain', 'application/x-www-form-urlencoded', 'application/vnd.api+json', 'x'])(
    'of type %s are 415',
    async (type) => {
      const body = 'question=a';
      const response = await one(
        `POST /v1/research HTTP/1.1\r\n${HOST}${signedIn}Content-Type: ${type}\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
      );
      expect(problemIn(response)).toMatchObject({ status: 415, code: 'ERR_BODY_TYPE' });
    },
  );

  it('without a type are 415', async () => {
    const response = await one(
      `POST /v1/research HTTP/1.1\r\n${HOST}${signedIn}Content-Length: 2\r\n${CLOSE}\r\n{}`,
    );
    expect(problemIn(response)).toMatchObject({ status: 415, code: 'ERR_BODY_TYPE' });
  });

  it('of 10 MB are 413, and the answer arrives although nobody reads them', async () => {
    const body = Buffer.alloc(10 * 1024 * 1024, 'x');
    const headers = `POST /v1/research HTTP/1.1\r\n${HOST}${signedIn}${JSON_TYPE}`;
    const requests = [
      Buffer.concat([Buffer.from(`${headers}Content-Length: ${body.length}\r\n\r\n`), body]),
      Buffer.concat([
        Buffer.from(`${headers}Transfer-Encoding: chunked\r\n\r\n${body.length.toString(16)}\r\n`),
        body,
        Buffer.from('\r\n0\r\n\r\n'),
      ]),
    ];
    for (const answer of await Promise.all(requests.map((each) => exchange(gateway, each)))) {
      const [response] = responsesOf(answer);
      expect(problemIn(response!)).toMatchObject({ status: 413, code: 'ERR_BODY_TOO_LARGE' });
    }
  });

  it('of 10 MB are 413 for fetch as well', async () => {
    const response = await fetch(`${gateway}/v1/research`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: bearer },
      body: 'x'.repeat(10 * 1024 * 1024),
    });
    expect(response.status).toBe(413);
    expect(await response.json()).toMatchObject({ code: 'ERR_BODY_TOO_LARGE' });
  });

  it('that come byte by byte are one body, and the problem has the right correlation ID', async () => {
    const request = research('{"question":', `X-Correlation-ID: slow-question\r\n${CLOSE}`);
    const answer = await exchange(gateway, ...request);
    expect(problemIn(responsesOf(answer)[0]!)).toMatchObject({
      code: 'ERR_BODY_MALFORMED',
      correlationId: 'slow-question',
    });
    expect(await requestLines()).toEqual([
      expect.objectContaining({ correlation_id: 'slow-question', agent: 'gateway' }),
    ]);
  });
});

describe('pipelined requests', () => {
  it('are answered in order, each with its own IDs', async () => {
    const ids = ['pipelined-1', 'pipelined-2', 'pipelined-3'];
    const requests = ids.map((id, index) =>
      research(QUESTION, `X-Correlation-ID: ${id}\r\n${index === 2 ? CLOSE : ''}`),
    );
    const responses = responsesOf(await exchange(gateway, requests.join('')));
    expect(responses.map(({ headers }) => headers['x-correlation-id'])).toEqual(ids);
    expect(
      responses.map(({ body }) => (JSON.parse(body) as { correlationId: string }).correlationId),
    ).toEqual(ids);
  });

  it('behind a refused one are not looked at', async () => {
    const answer = await exchange(
      gateway,
      `GET /docs HTTP/1.1\r\nHost: evil\r\n\r\n${research(QUESTION)}`,
    );
    expect(responsesOf(answer).map(({ status }) => status)).toEqual([421]);
  });

  it('behind a stream do not get into it', async () => {
    const stream = research(QUESTION, 'Accept: text/event-stream\r\n');
    const answer = await exchange(gateway, `${stream}nonsense\r\n\r\n`);
    expect(answer.match(/HTTP\/1\.1/g)?.length ?? 0).toBeLessThanOrEqual(1);
  });
});

describe('Accept', () => {
  it.each([
    [undefined, 'application/json'],
    ['*/*', 'application/json'],
    ['application/json', 'application/json'],
    ['text/event-stream', 'text/event-stream'],
    ['application/json, text/event-stream', 'text/event-stream'],
    ['application/json, text/event-stream;q=0.5', 'application/json'],
    ['text/html, */*;q=0.1', 'application/json'],
    ['text/event-stream;q=0, application/*', 'application/json'],
  ])('%s gets %s', async (accept, type) => {
    const response = await fetch(`${gateway}/v1/research`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        authorization: bearer,
        ...(accept ? { accept } : {}),
      },
      body: QUESTION,
    });
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toContain(type);
    await response.text();
  });

  it.each(['text/html', 'application/json;q=0', '*/*;q=0'])('%s is 406', async (accept) => {
    const response = await one(research(QUESTION, `Accept: ${accept}\r\n${CLOSE}`));
    expect(problemIn(response)).toMatchObject({ status: 406, code: 'ERR_NOT_ACCEPTABLE' });
  });
});
