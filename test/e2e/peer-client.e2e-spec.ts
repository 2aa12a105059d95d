import 'reflect-metadata';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { IsString, Length } from 'class-validator';
import { EmbeddedAuthority } from '@mesh/authority';
import { SignedDto, type AgentEvent, type RequestContext } from '@mesh/contracts';
import { MeshError } from '@mesh/errors';
import {
  authorizeId,
  createMtlsPool,
  SpiffeId,
  TrustDomain,
  X509Source,
  type MtlsPool,
} from '@mesh/identity';
import { runInContext } from '@mesh/observability';
import { Policy, type PolicySettings } from '@mesh/resilience';
import { ScriptedPeer } from '../kit/scripted-peer.js';
import { PeerClient, RequestEndedError, type HopOutcome } from '@mesh/agent';

class Answer extends SignedDto {
  @IsString()
  @Length(1, 10)
  text!: string;
}

const TD = TrustDomain.parse('mesh.test');
const WRITER = SpiffeId.parse('spiffe://mesh.test/ns/agents/sa/writer');

let folder: string;
let authority: EmbeddedAuthority;
let own: X509Source;
let theirs: X509Source;
let peer: ScriptedPeer;
let pool: MtlsPool;
let hops: HopOutcome[];
const policies: Policy[] = [];
let caller: AbortController;
/** Every answer that was to be proven. */
let proven: string[];
let prove: () => Promise<void>;

/** Delegated to everybody, and every answer is proven: how that comes about has tests of its own. */
const trust: ConstructorParameters<typeof PeerClient>[3] = {
  delegate: () =>
    Promise.resolve({
      headers: { 'txn-token': `token-${++delegated}`, 'request-nonce': `nonce-${delegated}` },
      prove: (answer) => {
        proven.push(answer);
        return prove();
      },
    }),
  servesOwn: (peer, action) => peer === 'writer' && action === 'writer:greet',
};
let delegated: number;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'peer-'));
  authority = await EmbeddedAuthority.start({
    trustDomain: TD,
    directory: join(folder, 'run'),
    workloads: [
      { name: 'writer', id: WRITER },
      { name: 'researcher', id: SpiffeId.fromPath(TD, '/ns/agents/sa/researcher') },
    ],
  });
  own = await X509Source.create({ address: authority.socketOf('researcher') });
  theirs = await X509Source.create({ address: authority.socketOf('writer') });
});
afterAll(() => {
  own.close();
  theirs.close();
  authority.close();
  rmSync(folder, { recursive: true });
});
beforeEach(async () => {
  peer = await ScriptedPeer.start(theirs);
  pool = createMtlsPool(peer.url, own, own, authorizeId(WRITER));
  hops = [];
  proven = [];
  prove = () => Promise.resolve();
  delegated = 0;
  caller = new AbortController();
});
afterEach(async () => {
  for (const policy of policies.splice(0)) policy.close();
  await pool.destroy();
  await peer.close();
});

function client(settings: PolicySettings = {}): PeerClient {
  const policy = new Policy('writer', { backoffBaseMs: 1, backoffMaxMs: 1, ...settings });
  policies.push(policy);
  return new PeerClient(
    'writer',
    () => pool,
    policy,
    trust,
    (hop) => hops.push(hop.outcome),
  );
}

function context(deadlineMs = 10_000): RequestContext {
  return {
    agent: 'researcher',
    correlationId: 'question-0001',
    traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
    traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
    deadline: Date.now() + deadlineMs,
    signal: caller.signal,
  };
}

function post(agent = client(), deadlineMs?: number): Promise<Answer> {
  return runInContext(context(deadlineMs), () =>
    agent.post('/v1/drafts', { question: 'why?' }, Answer),
  );
}

async function collect(agent = client(), deadlineMs?: number): Promise<AgentEvent<Answer>[]> {
  return runInContext(context(deadlineMs), async () => {
    const all: AgentEvent<Answer>[] = [];
    for await (const event of agent.events('/v1/drafts', { question: 'why?' }, Answer)) {
      all.push(event);
    }
    return all;
  });
}

function failure(work: Promise<unknown>): Promise<MeshError> {
  return work.then(
    () => {
      throw new Error('it was accepted');
    },
    (error: unknown) => error as MeshError,
  );
}

function answers(status: number, body: string, headers: Record<string, string> = {}): void {
  peer.script = (_request, response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(body);
  };
}

const streams = (...events: string[]) =>
  answers(200, events.join(''), { 'content-type': 'text/event-stream' });
const TEXT = 'event: text\ndata: {"text":"a "}\n\n';
/** What is signed says so. */
const answer = (text: string) =>
  JSON.stringify({ text, requests: [{ digest: 'd'.repeat(43) }], statements: ['s1'] });
const DONE = `event: done\ndata: ${answer('a b')}\n\n`;

describe('an answer', () => {
  it('is parsed into its contract', async () => {
    answers(200, answer('well'));
    expect(await post()).toBeInstanceOf(Answer);
    expect(hops).toEqual(['ok']);
  });

  it.each([
    ['outside the contract', answer('')],
    ['with more than the contract', answer('a').replace('{', '{"more":1,')],
    ['that is not signed', '{"text":"a"}'],
    ['that is no object', '[]'],
    ['nested deep', `{"text":${'['.repeat(50_000)}${']'.repeat(50_000)}}`],
    ['that is no JSON', '<html>proxy</html>'],
    ['of nothing', ''],
    ['of bytes that are no text', '\ufffd\u0000\u0001'],
  ])('%s is ERR_PEER_RESPONSE_INVALID', async (_what, body) => {
    answers(200, body);
    const error = await failure(post());
    expect(error).toMatchObject({ code: 'ERR_PEER_RESPONSE_INVALID', retry: 'no' });
    expect(error.message).not.toContain('proxy');
    expect(peer.requests).toHaveLength(1);
    expect(hops).toEqual(['error']);
  });

  it('of more than 4 MiB is not read to its end', async () => {
    let sent = 0;
    const closed = new Promise<void>((resolve) => {
      peer.script = (_request, response) => {
        response.once('close', resolve);
        const more = () => {
          while (response.write('x'.repeat(65_536))) sent += 65_536;
        };
        response.on('drain', more);
        more();
      };
    });
    expect(await failure(post())).toMatchObject({ code: 'ERR_PEER_RESPONSE_INVALID' });
    await closed;
    expect(sent).toBeLessThan(16 * 1024 * 1024);
  });

  it('that is cut half way is a lost connection', async () => {
    peer.script = (_request, response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('{"text":', () => response.destroy());
    };
    expect(await failure(post())).toMatchObject({ code: 'ERR_CONNECTION_LOST' });
    expect(peer.requests).toHaveLength(1);
  });
});

describe('a stream', () => {
  it('yields its events and ends with done, over one connection for many calls', async () => {
    streams(
      'event: progress\ndata: {"stage":"writing","agent":"writer"}\n\n',
      'event: sources\ndata: {"sources":[{"id":1,"title":"T","url":"documents:///a.md"}]}\n\n',
      TEXT,
      DONE,
    );
    const agent = client();
    for (let call = 0; call < 5; call++) {
      expect((await collect(agent)).map(({ type }) => type)).toEqual([
        'progress',
        'sources',
        'text',
        'done',
      ]);
    }
    // One may still be giving its connection back when the next begins.
    expect(peer.handshakes).toBeLessThanOrEqual(2);
    expect(hops).toEqual(['ok', 'ok', 'ok', 'ok', 'ok']);
  });

  it('may come in pieces cut anywhere', async () => {
    const bytes = Buffer.from(`event: text\r\ndata: {"text":"é漢😀"}\r\n\r\n: comment\n\n${DONE}`);
    peer.script = async (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      for (const byte of bytes) {
        await new Promise<void>((resolve) => response.write(Uint8Array.of(byte), () => resolve()));
      }
      response.end();
    };
    expect(await collect()).toEqual([
      { type: 'text', text: 'é漢😀' },
      { type: 'done', result: expect.objectContaining({ text: 'a b' }) },
    ]);
  });

  it.each([
    ['that ends without done', TEXT],
    ['of nothing', ''],
    ['that is cut within an event', `${TEXT}event: done\ndata: {"te`],
    ['whose result is outside the contract', `event: done\ndata: ${answer('')}\n\n`],
    ['with data that is no JSON', 'event: text\ndata: nonsense\n\n'],
    ['with an unknown event', `event: delete\ndata: {}\n\n${DONE}`],
    ['with an event without a name', `data: {"text":"a"}\n\n${DONE}`],
    ['with an event outside its contract', `event: text\ndata: {"text":7}\n\n${DONE}`],
    ['with an unknown stage', `event: progress\ndata: {"stage":"x","agent":"w"}\n\n${DONE}`],
    [
      'with a SPIFFE ID by the word of an agent',
      `event: progress\ndata: {"stage":"writing","agent":"w","spiffeId":"spiffe://a.test/b"}\n\n${DONE}`,
    ],
    ['with a null', `event: sources\ndata: null\n\n${DONE}`],
    ['that goes on after done', `${DONE}${TEXT}`],
    ['that is JSON instead', answer('a')],
  ])('%s is ERR_PEER_RESPONSE_INVALID', async (_what, body) => {
    streams(body);
    expect(await failure(collect())).toMatchObject({ code: 'ERR_PEER_RESPONSE_INVALID' });
    expect(hops).toEqual(['error']);
  });

  it('with an event of more than 4 MiB is refused', async () => {
    streams(`event: text\ndata: {"text":"${'x'.repeat(5 * 1024 * 1024)}"}\n\n`);
    expect(await failure(collect())).toMatchObject({ code: 'ERR_PEER_RESPONSE_INVALID' });
  });

  it('whose connection is lost half way fails after what came', async () => {
    peer.script = (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(TEXT, () => response.destroy());
    };
    expect(await failure(collect())).toMatchObject({ code: 'ERR_CONNECTION_LOST' });
    expect(peer.requests).toHaveLength(1);
  });

  it.each([
    ['of its own', 'ERR_MODEL_BLOCKED_MARKER', 'ERR_PEER_FAILED'],
    ['that may be passed on', 'ERR_DEADLINE_EXCEEDED', 'ERR_DEADLINE_EXCEEDED'],
    ['inside it', 'ERR_INTERNAL', 'ERR_PEER_FAILED'],
  ])('that ends with an error %s (%s) is %s', async (_what, code, expected) => {
    streams(TEXT, `event: error\ndata: ${JSON.stringify({ code, status: 403, detail: 'd' })}\n\n`);
    expect(await failure(collect())).toMatchObject({ code: expected, peer: 'writer' });
  });

  it.each(['null', '7', '"x"', '[]', '{}', '{"code":{},"status":"<b>","detail":[]}'])(
    'that ends with %s for an error is ERR_PEER_FAILED',
    async (data) => {
      streams(`event: error\ndata: ${data}\n\n`);
      const error = await failure(collect());
      expect(error).toMatchObject({ code: 'ERR_PEER_FAILED', message: 'writer failed.' });
    },
  );

  it('that its consumer leaves ends the request at the peer', async () => {
    const left = new Promise<void>((resolve) => {
      peer.script = (_request, response) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.write(TEXT);
        response.once('close', resolve);
      };
    });
    const agent = client();
    await runInContext(context(), async () => {
      for await (const event of agent.events('/v1/drafts', {}, Answer)) {
        expect(event).toEqual({ type: 'text', text: 'a ' });
        break;
      }
    });
    await left;
    expect(hops).toEqual(['aborted']);
  });

  it('that its consumer leaves while the peer is silent ends it as well', async () => {
    let arrived: () => void = () => undefined;
    const silent = new Promise<void>((resolve) => (arrived = resolve));
    const left = new Promise<void>((resolve) => {
      peer.script = (_request, response) => {
        response.once('close', resolve);
        arrived();
      };
    });
    const events = runInContext(context(), () =>
      client().events('/v1/drafts', {}, Answer)[Symbol.asyncIterator](),
    );
    const first = runInContext(context(), () => events.next());
    await silent;
    caller.abort(new RequestEndedError('ERR_REQUEST_ABORTED', 'The caller left.'));
    expect(await failure(first)).toMatchObject({ code: 'ERR_REQUEST_ABORTED' });
    await left;
    expect(hops).toEqual(['aborted']);
  });
});

describe('an error of the peer', () => {
  const problem = (code: string, more: object = {}) =>
    JSON.stringify({ code, detail: 'a detail', status: 500, ...more });

  it('is passed on where its code may be', async () => {
    answers(422, problem('ERR_MODEL_PROMPT_BLOCKED'));
    expect(await failure(post())).toMatchObject({
      code: 'ERR_MODEL_PROMPT_BLOCKED',
      message: 'a detail',
      status: 422,
      peerVerdict: 'refused',
    });
    answers(422, problem('ERR_MODEL_PROMPT_BLOCKED', { detail: 'x'.repeat(9_000) }));
    expect((await failure(post())).message).toHaveLength(500);
  });

  it('about what lies behind it is left to the peer to try again, and says when to come back', async () => {
    answers(503, problem('ERR_MODEL_RATE_LIMITED'), { 'retry-after': '2' });
    expect(await failure(post())).toMatchObject({
      code: 'ERR_MODEL_RATE_LIMITED',
      retry: 'no',
      retryAfterMs: 2_000,
    });
    expect(peer.requests).toHaveLength(1);
  });

  it.each([
    [403, 'ERR_PEER_REFUSED', 'a problem', problem('ERR_CALLER_DENIED')],
    [403, 'ERR_PEER_REFUSED', 'something else', 'nothing'],
    [404, 'ERR_PEER_FAILED', 'a problem', problem('ERR_ROUTE_NOT_FOUND')],
    [400, 'ERR_PEER_FAILED', 'a word about our body', problem('ERR_BODY_INVALID')],
    [500, 'ERR_PEER_FAILED', 'a problem', problem('ERR_INTERNAL')],
    [500, 'ERR_PEER_FAILED', 'an unknown code', problem('ERR_NO_SUCH_CODE')],
    [502, 'ERR_PEER_FAILED', 'a page', '<html>'],
    [500, 'ERR_PEER_FAILED', 'null', 'null'],
    [500, 'ERR_PEER_FAILED', 'more than is read', 'x'.repeat(100_000)],
    [201, 'ERR_PEER_FAILED', 'an answer', '{"text":"a"}'],
    [302, 'ERR_PEER_FAILED', 'nothing', ''],
    [204, 'ERR_PEER_FAILED', 'nothing', ''],
  ])('of status %d is %s with %s in its body', async (status, code, _what, body) => {
    answers(status, body);
    const error = await failure(post());
    expect(error).toMatchObject({ code, peer: 'writer' });
    expect(error.message).not.toContain('html');
  });
});

describe('a call', () => {
  it('carries correlation ID, trace and the milliseconds that are left', async () => {
    answers(200, answer('a'));
    await post(client(), 5_000);
    const { headers, body } = peer.requests[0]!;
    expect(headers).toMatchObject({
      'content-type': 'application/json',
      accept: 'application/json',
      'x-correlation-id': 'question-0001',
      traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
    });
    const left = Number(headers['deadline-ms']);
    expect(left).toBeGreaterThan(0);
    expect(left).toBeLessThanOrEqual(5_000);
    expect(body).toBe('{"question":"why?"}');
  });

  it('is tried again where the peer asked for it, with less time left and the same IDs', async () => {
    peer.script = (_request, response) => {
      if (peer.requests.length === 1) {
        response.writeHead(503, { 'retry-after': '1' }).end('{"code":"ERR_AGENT_STOPPING"}');
      } else response.end(answer('a'));
    };
    expect(await post()).toMatchObject({ text: 'a' });
    expect(peer.requests).toHaveLength(2);
    const [first, second] = peer.requests.map(({ headers }) => headers);
    expect(Number(second!['deadline-ms'])).toBeLessThanOrEqual(
      Number(first!['deadline-ms']) - 1_000,
    );
    expect(second!['x-correlation-id']).toBe(first!['x-correlation-id']);
    expect(hops).toEqual(['error', 'ok']);
  });

  it.each([
    ['503 without Retry-After', 503, {}],
    ['500 with Retry-After', 500, { 'retry-after': '0' }],
    ['a wait beyond the deadline', 503, { 'retry-after': '3600' }],
    ['a date long past that is no date', 503, { 'retry-after': 'tomorrow' }],
  ])('is not tried again after %s', async (_what, status, headers) => {
    answers(status, '{}', headers);
    expect(await failure(post())).toMatchObject({ code: 'ERR_PEER_FAILED' });
    expect(peer.requests).toHaveLength(1);
  });

  it('is not tried again once its request may have been processed', async () => {
    peer.script = (_request, response) => void response.destroy();
    expect(await failure(post())).toMatchObject({ code: 'ERR_PEER_UNREACHABLE' });
    expect(peer.requests).toHaveLength(1);
  });

  it('to a peer that does not listen is ERR_PEER_UNREACHABLE, and safe to try again', async () => {
    await peer.close();
    expect(await failure(post())).toMatchObject({
      code: 'ERR_PEER_UNREACHABLE',
      retry: 'safe',
      message: 'writer cannot be reached.',
    });
    expect(hops).toEqual(['error', 'error', 'error']);
  });

  it('to something that speaks no TLS is ERR_PEER_UNREACHABLE', async () => {
    const plain = createServer((socket) => socket.end('HTTP/1.1 200 OK\r\n\r\n'));
    plain.listen(0, '127.0.0.1');
    await once(plain, 'listening');
    pool = createMtlsPool(
      `https://127.0.0.1:${(plain.address() as AddressInfo).port}`,
      own,
      own,
      authorizeId(WRITER),
    );
    expect(await failure(post())).toMatchObject({ code: 'ERR_PEER_UNREACHABLE' });
    plain.close();
  });

  it('never reaches a peer of another identity', async () => {
    pool = createMtlsPool(peer.url, own, own, authorizeId(SpiffeId.fromPath(TD, '/other')));
    answers(200, answer('a'));
    expect(await failure(post())).toMatchObject({ code: 'ERR_PEER_UNREACHABLE' });
    expect(peer.requests).toEqual([]);
  });

  it('ends at its deadline where the peer hangs, and so does its request', async () => {
    const left = new Promise<void>((resolve) => {
      peer.script = (_request, response) => void response.once('close', resolve);
    });
    // Long enough for a busy machine to get the request there.
    expect(await failure(post(client(), 1_500))).toMatchObject({ code: 'ERR_DEADLINE_EXCEEDED' });
    await left;
    expect(hops).toEqual(['error']);
  });

  it('ends at its deadline where the peer hangs within its answer', async () => {
    peer.script = (_request, response) => void response.write('{"text":');
    expect(await failure(post(client(), 100))).toMatchObject({ code: 'ERR_DEADLINE_EXCEEDED' });
    peer.script = (_request, response) => void response.write(TEXT);
    expect(await failure(collect(client(), 100))).toMatchObject({ code: 'ERR_DEADLINE_EXCEEDED' });
    peer.script = (_request, response) => void response.writeHead(500).write('{"code":');
    expect(await failure(post(client(), 100))).toMatchObject({ code: 'ERR_DEADLINE_EXCEEDED' });
  });

  it('whose caller leaves ends the request at the peer', async () => {
    let arrived: () => void = () => undefined;
    const received = new Promise<void>((resolve) => (arrived = resolve));
    const left = new Promise<void>((resolve) => {
      peer.script = (_request, response) => {
        response.once('close', resolve);
        arrived();
      };
    });
    const work = failure(post());
    await received;
    caller.abort(new RequestEndedError('ERR_REQUEST_ABORTED', 'The caller left.'));
    expect(await work).toMatchObject({ code: 'ERR_REQUEST_ABORTED' });
    await left;
    expect(hops).toEqual(['aborted']);
  });

  it('whose caller has left already sends nothing', async () => {
    caller.abort(new RequestEndedError('ERR_REQUEST_ABORTED', 'The caller left.'));
    expect(await failure(post())).toMatchObject({ code: 'ERR_REQUEST_ABORTED' });
    expect(peer.requests).toEqual([]);
  });

  it('carries what makes it delegated, the same in each of its tries', async () => {
    peer.script = (_request, response) => {
      if (peer.requests.length === 1) response.writeHead(503, { 'retry-after': '1' }).end('{}');
      else response.end(answer('a'));
    };
    await post();
    await post();
    expect(
      peer.requests.map(({ headers }) => [headers['txn-token'], headers['request-nonce']]),
    ).toEqual([
      ['token-1', 'nonce-1'],
      ['token-1', 'nonce-1'],
      ['token-2', 'nonce-2'],
    ]);
  });

  it('is made within a request alone', async () => {
    expect(await failure(client().post('/', {}, Answer))).toMatchObject({
      code: 'ERR_CALL_UNDELEGATED',
      message: 'No request is being served here.',
    });
    const events = client().events('/', {}, Answer);
    expect(await failure(events.next())).toMatchObject({ code: 'ERR_CALL_UNDELEGATED' });
    expect(peer.requests).toEqual([]);
  });
});

class UnprovenError extends MeshError {
  readonly code = 'ERR_ANSWER_SIGNATURE';
}

describe('an answer that is to be proven', () => {
  beforeEach(() => {
    prove = () => Promise.reject(new UnprovenError('The signature does not hold.'));
  });

  it('is so by its very text', async () => {
    prove = () => Promise.resolve();
    const text = answer('well').replace('{', '{ ');
    answers(200, text);
    await post();
    streams(TEXT, `event: done\ndata: ${text}\n\n`);
    await collect();
    expect(proven).toEqual([text, text]);
  });

  it('and is not is an error, before its contract is looked at, and not tried again', async () => {
    for (const text of [answer('well'), '{"text":7}']) {
      answers(200, text);
      expect(await failure(post())).toMatchObject({ code: 'ERR_ANSWER_SIGNATURE', retry: 'no' });
    }
    expect(peer.requests).toHaveLength(2);
    expect(hops).toEqual(['error', 'error']);
  });

  it('and is not ends a stream in its place: no done', async () => {
    streams(TEXT, DONE);
    const seen: string[] = [];
    const work = runInContext(context(), async () => {
      for await (const { type } of client().events('/v1/drafts', {}, Answer)) seen.push(type);
    });
    expect(await failure(work)).toMatchObject({ code: 'ERR_ANSWER_SIGNATURE' });
    expect(seen).toEqual(['text']);
    expect(hops).toEqual(['error']);
  });
});

class Greeting {
  @IsString()
  text!: string;
}

describe("a call on the agent's own business", () => {
  const greet = (body: object) => client().postOwn('writer:greet', '/greet', body, Greeting);

  it('needs no request that is served, no delegation and no proof', async () => {
    answers(200, '{"text":"hello"}');
    expect(await greet({ name: 'x' })).toEqual({ text: 'hello' });
    const { headers, body } = peer.requests[0]!;
    expect(headers).not.toHaveProperty('txn-token');
    expect(headers).not.toHaveProperty('request-nonce');
    expect(headers['x-correlation-id']).toMatch(/^[0-9a-f-]{36}$/);
    expect(Number(headers['deadline-ms'])).toBeGreaterThan(0);
    expect(body).toBe('{"name":"x"}');
    expect({ proven, delegated }).toEqual({ proven: [], delegated: 0 });
  });

  it('is a part of the request that is served where there is one, and goes on nobody’s behalf', async () => {
    answers(200, '{"text":"hello"}');
    await runInContext(context(), () => greet({}));
    expect(peer.requests[0]!.headers).toMatchObject({ 'x-correlation-id': 'question-0001' });
    expect(peer.requests[0]!.headers).not.toHaveProperty('txn-token');
  });

  it('sends a form as what it is', async () => {
    answers(200, '{"text":"hello"}');
    await greet(new URLSearchParams({ scope: 'a b' }));
    expect(peer.requests[0]).toMatchObject({
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: 'scope=a+b',
    });
  });

  it('has an answer of its contract', async () => {
    answers(200, '{"text":7}');
    expect(await failure(greet({}))).toMatchObject({ code: 'ERR_PEER_RESPONSE_INVALID' });
  });

  it('for an action that is not declared so is not made', async () => {
    const work = client().postOwn('draft:write', '/v1/drafts', {}, Greeting);
    expect(await failure(work)).toMatchObject({
      code: 'ERR_CALL_UNDELEGATED',
      message: 'draft:write of writer is not declared with delegated: false.',
    });
    expect(peer.requests).toEqual([]);
  });

  it.each([
    ['that may be passed on', 'ERR_EXCHANGE_SCOPE_WIDER', 'ERR_EXCHANGE_SCOPE_WIDER', 'a scope'],
    ['inside it', 'ERR_EXCHANGE_NO_EDGE', 'ERR_PEER_FAILED', 'writer answered with status 400'],
  ])('passes an OAuth error %s on (%s as %s)', async (_what, code, expected, words) => {
    answers(400, JSON.stringify({ error: 'invalid_scope', error_description: 'a scope', code }));
    const error = await failure(greet({}));
    expect(error.code).toBe(expected);
    expect(error.message).toContain(words);
  });
});

describe('a look at a peer', () => {
  const settings: PolicySettings = {
    retries: 2,
    breaker: { volumeThreshold: 3, errorThresholdPercent: 50, resetMs: 60_000 },
  };
  const look = (agent = client(settings)) => agent.getOwn('writer:greet', '/greet', Greeting);

  it('is a GET without a body, on nobody’s behalf, for 2 s at most', async () => {
    answers(200, '{"text":"hello"}');
    expect(await look()).toEqual({ text: 'hello' });
    const { headers, body } = peer.requests[0]!;
    expect(body).toBe('');
    for (const name of ['content-type', 'content-length', 'txn-token', 'request-nonce']) {
      expect(headers).not.toHaveProperty(name);
    }
    expect(Number(headers['deadline-ms'])).toBeLessThanOrEqual(2_000);
    expect(Number(headers['deadline-ms'])).toBeGreaterThan(1_000);
    expect(hops).toEqual(['ok']);
  });

  it('is part of the request that is served, and never longer', async () => {
    answers(200, '{"text":"hello"}');
    await runInContext({ ...context(), deadline: Date.now() + 500 }, () => look());
    const { headers } = peer.requests[0]!;
    expect(headers).toMatchObject({ 'x-correlation-id': 'question-0001' });
    expect(Number(headers['deadline-ms'])).toBeLessThanOrEqual(500);
  });

  it('ends in time where nothing comes, and with whoever asked', async () => {
    peer.script = () => new Promise(() => undefined);
    const late = runInContext({ ...context(), deadline: Date.now() + 100 }, () => look());
    expect(await failure(late)).toMatchObject({ code: 'ERR_DEADLINE_EXCEEDED' });
    const left = runInContext(context(), () => look());
    caller.abort(new RequestEndedError('ERR_REQUEST_ABORTED', 'The caller left.'));
    expect(await failure(left)).toMatchObject({ code: 'ERR_REQUEST_ABORTED' });
  });

  it('opens no breaker and is tried once, whatever comes', async () => {
    answers(500, '{}');
    const agent = client(settings);
    for (let number = 1; number <= 6; number++) {
      expect(await failure(look(agent))).toMatchObject({ code: 'ERR_PEER_FAILED' });
      expect(peer.requests).toHaveLength(number);
    }
    expect(policies.at(-1)!.state().breaker).toBe('closed');
  });

  it('is made past a breaker that is open', async () => {
    answers(500, '{}');
    const agent = client({ ...settings, retries: 0 });
    for (let call = 0; call < 3; call++) await failure(post(agent));
    expect(policies.at(-1)!.state().breaker).toBe('open');
    answers(200, '{"text":"hello"}');
    expect(await look(agent)).toEqual({ text: 'hello' });
  });

  it('has an answer of its contract', async () => {
    answers(200, '{"text":7}');
    expect(await failure(look())).toMatchObject({ code: 'ERR_PEER_RESPONSE_INVALID' });
  });

  it('for an action that is not declared so is not made', async () => {
    const work = client().getOwn('draft:write', '/v1/drafts', Greeting);
    expect(await failure(work)).toMatchObject({ code: 'ERR_CALL_UNDELEGATED' });
    expect(peer.requests).toEqual([]);
  });
});

describe('the breaker of a peer', () => {
  const settings: PolicySettings = {
    retries: 0,
    breaker: { volumeThreshold: 3, errorThresholdPercent: 50, resetMs: 60_000 },
  };

  it.each([500, 408, 429])('opens at status %d, and then nothing is sent', async (status) => {
    answers(status, '{}');
    const agent = client(settings);
    for (let call = 0; call < 3; call++) await failure(post(agent));
    expect(await failure(post(agent))).toMatchObject({ code: 'ERR_BREAKER_OPEN' });
    expect(peer.requests).toHaveLength(3);
    expect(policies.at(-1)!.state()).toMatchObject({ breaker: 'open', reason: 'ERR_PEER_FAILED' });
  });

  it.each([
    ['streams that end well', () => streams(TEXT, DONE), collect],
    ['refusals', () => answers(403, '{}'), (agent: PeerClient) => failure(post(agent))],
    // Otherwise one person's bad request would shut out all others.
    [
      'what the peer finds wrong with a request',
      () => answers(400, '{"code":"ERR_BODY_INVALID"}'),
      (agent: PeerClient) => failure(post(agent)),
    ],
    [
      'errors of a provider behind the peer',
      () => answers(504, '{"code":"ERR_DEADLINE_EXCEEDED"}'),
      (agent: PeerClient) => failure(post(agent)),
    ],
  ])('stays closed for %s', async (_what, script, call) => {
    script();
    const agent = client(settings);
    for (let number = 0; number < 6; number++) await call(agent);
    expect(peer.requests).toHaveLength(6);
    expect(policies.at(-1)!.state().breaker).toBe('closed');
  });
});
