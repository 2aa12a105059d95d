import { once } from 'node:events';
import { connect } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { AnswerDto, DraftRequestDto } from '@mesh/contracts';
import { MeshError, type ErrorCode } from '@mesh/errors';
import type { DraftChunk } from '@mesh/llm';
import { requireContext } from '@mesh/observability';
import type { SearchResult } from '@mesh/search';
import { RunningAgents } from '../kit/running-agents.js';
import { agentsUnderTest, ScriptedModel, ScriptedSearch } from './agents-under-test.js';

class ProviderError extends MeshError {
  constructor(
    readonly code: ErrorCode,
    message: string,
    retryAfterMs?: number,
  ) {
    super(message, retryAfterMs === undefined ? {} : { retryAfterMs });
  }
}

let mesh: RunningAgents;
let bearer: string;
const search = new ScriptedSearch();
const model = new ScriptedModel();
const fresh = { search: search.search, draft: model.draft };
const unhandled: unknown[] = [];
const onUnhandled = (error: unknown) => unhandled.push(error);

beforeAll(async () => {
  process.on('unhandledRejection', onUnhandled);
  mesh = await RunningAgents.start(agentsUnderTest({ search, model }));
  bearer = await mesh.signIn('analyst', 'research:fast draft:write');
});
afterAll(async () => {
  await mesh.close();
  process.off('unhandledRejection', onUnhandled);
  expect(unhandled).toEqual([]);
});
beforeEach(() => {
  search.search = fresh.search;
  model.draft = fresh.draft;
  mesh.log.length = 0;
});

const FORMS = ['application/json', 'text/event-stream'] as const;

function ask(
  body: unknown,
  headers: Record<string, string> = {},
  signal?: AbortSignal,
): Promise<Response> {
  return fetch(`${mesh.agent('gateway').url}/v1/research`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      authorization: `Bearer ${bearer}`,
      ...headers,
    },
    body: typeof body === 'string' ? body : JSON.stringify(body),
    ...(signal ? { signal } : {}),
  });
}

/** The problem of a failed request: of the response, or of the stream's last event. */
async function problemOf(response: Response): Promise<Record<string, unknown>> {
  const text = await response.text();
  expect(text).not.toMatch(/\bat .*:\d+:\d+|node_modules|planted|\/home|\/work/);
  const stream = response.headers.get('content-type')!.startsWith('text/event-stream');
  if (stream) {
    expect(response.status).toBe(200);
    const last = /\nevent: error\ndata: (.*)\n\n$/.exec(text);
    return JSON.parse(last![1]!) as Record<string, unknown>;
  }
  expect(response.headers.get('content-type')).toMatch(/^application\/problem\+json/);
  const problem = JSON.parse(text) as Record<string, unknown>;
  expect(problem['status']).toBe(response.status);
  expect(problem['correlationId']).toBe(response.headers.get('x-correlation-id'));
  return problem;
}

const QUESTION = { question: 'What is an SVID?' };

describe('a request body', () => {
  it.each<[string, unknown, number, string]>([
    ['of malformed JSON', '{"question":', 400, 'ERR_BODY_MALFORMED'],
    ['of two values', '{"question":"a"}{}', 400, 'ERR_BODY_MALFORMED'],
    ['of bytes that are no UTF-8 JSON', '\u0000\u0001', 400, 'ERR_BODY_MALFORMED'],
    ['of nothing', '', 400, 'ERR_BODY_MALFORMED'],
    ['of a list', [QUESTION], 400, 'ERR_BODY_INVALID'],
    ['of null', null, 400, 'ERR_BODY_INVALID'],
    ['without a question', {}, 400, 'ERR_BODY_INVALID'],
    ['with a number', { question: 7 }, 400, 'ERR_BODY_INVALID'],
    ['with a list', { question: ['a'] }, 400, 'ERR_BODY_INVALID'],
    ['with an object', { question: { length: 5 } }, 400, 'ERR_BODY_INVALID'],
    ['with null', { question: null }, 400, 'ERR_BODY_INVALID'],
    ['with an empty question', { question: '' }, 400, 'ERR_BODY_INVALID'],
    ['with a blank question', { question: ' \t\n\u3000' }, 400, 'ERR_BODY_INVALID'],
    ['of 2,001 characters', { question: 'a'.repeat(2_001) }, 400, 'ERR_BODY_INVALID'],
    ['of 100,000 characters', { question: 'a'.repeat(100_000) }, 400, 'ERR_BODY_INVALID'],
    ['of 100,000 of others', { question: '漢'.repeat(100_000) }, 413, 'ERR_BODY_TOO_LARGE'],
    ['of 10 MB', { question: 'a'.repeat(10 * 1024 * 1024) }, 413, 'ERR_BODY_TOO_LARGE'],
    ['of half a surrogate pair', { question: 'a \ud83d b?' }, 400, 'ERR_BODY_INVALID'],
    ['with a bad depth', { ...QUESTION, depth: 'deepest' }, 400, 'ERR_BODY_INVALID'],
    ['with a depth of another type', { ...QUESTION, depth: 1 }, 400, 'ERR_BODY_INVALID'],
    ['with a depth of null', { ...QUESTION, depth: null }, 400, 'ERR_BODY_INVALID'],
    ['with an unknown field', { ...QUESTION, planted: 1 }, 400, 'ERR_BODY_INVALID'],
    ['with a field like a method', '{"question":"a","toString":1}', 400, 'ERR_BODY_INVALID'],
    ['with a prototype', '{"question":"a","__proto__":{}}', 400, 'ERR_BODY_MALFORMED'],
  ])('%s is a problem with a code', async (_what, body, status, code) => {
    search.search = () => Promise.reject(new Error('never asked'));
    const response = await ask(body);
    expect(response.status).toBe(status);
    const text = await response.text();
    expect(JSON.parse(text)).toMatchObject({ code, status });
    expect(mesh.log.some(({ agent }) => agent === 'researcher')).toBe(false);
  });

  it.each([
    ['Arabic', 'ما هي هوية العمل؟'],
    ['Chinese', '什么是工作负载身份？'],
    ['Devanagari', 'कार्यभार की पहचान क्या है?'],
    ['Hebrew', 'מהי זהות עומס עבודה?'],
    ['Thai', 'ตัวตนของเวิร์กโหลดคืออะไร'],
    ['Cyrillic', 'Что такое SVID?'],
    ['emoji', '🔐👩🏽‍💻🇺🇳?'],
    ['combining marks', 'Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A̴̵̜̰͔ͫ͗͢L?'],
    ['control characters', 'a\u0000b\u001bc\u202e?'],
    ['markup', "<script>alert(1)</script> `x` $(id) {{7*7}} ' OR 1=1 --"],
    ['line breaks', 'event: done\ndata: {}\n\n'],
    ['2,000 characters', '漢'.repeat(2_000)],
  ])('in %s reaches search and model as it is', async (_script, question) => {
    const seen: string[] = [];
    search.search = (asked) => {
      seen.push(asked);
      return fresh.search(asked, { depth: 'fast', signal: new AbortController().signal });
    };
    model.draft = (request, options) => {
      seen.push(request.question);
      return fresh.draft(request, options);
    };
    for (const accept of FORMS) {
      const response = await ask({ question }, { accept });
      expect(response.status).toBe(200);
      expect(await response.text()).toContain('A document. [1]');
    }
    expect(seen).toEqual(Array.from({ length: 4 }, () => question.trim()));
  });

  it('of text that looks like an event does not become one', async () => {
    model.draft = async function* (request, options) {
      yield { type: 'text', text: `\n\nevent: done\ndata: {"answer":"planted"}\n\n` };
      yield* fresh.draft(request, options);
    };
    const text = await (await ask(QUESTION, { accept: 'text/event-stream' })).text();
    expect(text.match(/^event: done$/gm)).toHaveLength(1);
  });
});

describe('a provider that fails', () => {
  const down = new ProviderError('ERR_SEARCH_UNAVAILABLE', 'Tavily cannot be reached.');

  describe.each(FORMS)('as %s:', (accept) => {
    it.each<[string, () => Promise<SearchResult[]>, string]>([
      ['search that is down', () => Promise.reject(down), 'ERR_SEARCH_UNAVAILABLE'],
      [
        'search with a bug',
        () => Promise.reject(new Error('planted /home/secret')),
        'ERR_PEER_FAILED',
      ],
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- others do it
      ['search that throws nothing', () => Promise.reject(undefined), 'ERR_PEER_FAILED'],
      [
        'search that throws a text',
        // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- others do it
        () => Promise.reject('planted'),
        'ERR_PEER_FAILED',
      ],
      ['search that finds garbage', () => Promise.resolve([{ planted: 1 }] as never), 'ERR_PEER_'],
      ['search that finds no list', () => Promise.resolve('planted' as never), 'ERR_PEER_FAILED'],
    ])('%s', async (_what, work, code) => {
      search.search = work;
      const problem = await problemOf(await ask(QUESTION, { accept }));
      expect(problem['code']).toMatch(new RegExp(`^${code}`));
      expect(problem['status']).toBe(502);
    });

    const done = { type: 'done', article: 'a', answered: true } as const;
    const used = { provider: 'embedded', name: 'n', used: false } as const;
    it.each<[string, () => Generator<unknown>, string]>([
      [
        'model that is down',
        () => {
          throw new ProviderError('ERR_MODEL_UNAVAILABLE', 'Gemini cannot be reached.');
        },
        'ERR_MODEL_UNAVAILABLE',
      ],
      [
        'model that fails half way',
        function* () {
          yield { type: 'text', text: 'a' };
          throw new ProviderError('ERR_MODEL_ANSWER_BLOCKED', 'Gemini blocked its answer.');
        },
        'ERR_MODEL_ANSWER_BLOCKED',
      ],
      [
        'model with a bug',
        function* () {
          yield { type: 'text', text: 'a' };
          throw new TypeError('planted at /home/secret.ts:1:1');
        },
        'ERR_PEER_FAILED',
      ],
      ['model that never ends', function* () {}, 'ERR_PEER_FAILED'],
      [
        'model without an article',
        function* () {
          yield { type: 'done', planted: 1 };
        },
        // The writer cannot sign it.
        'ERR_PEER_FAILED',
      ],
      [
        'model with an article beyond all limits',
        function* () {
          yield { ...done, model: used, article: 'a'.repeat(100_001) };
        },
        'ERR_PEER_RESPONSE_INVALID',
      ],
      [
        'model with text that is none',
        function* () {
          yield { type: 'text', text: { planted: 1 } };
          yield { ...done, model: used };
        },
        'ERR_PEER_RESPONSE_INVALID',
      ],
      [
        'model of an unknown provider',
        function* () {
          yield { ...done, model: { ...used, provider: 'planted' } };
        },
        'ERR_PEER_RESPONSE_INVALID',
      ],
    ])('%s', async (_what, work, code) => {
      model.draft = async function* () {
        yield* work() as Generator<DraftChunk>;
      };
      expect(await problemOf(await ask(QUESTION, { accept }))).toMatchObject({ code, status: 502 });
    });
  });

  it('and asks to come back later is called once, not once a hop and try', async () => {
    let calls = 0;
    search.search = () => {
      calls += 1;
      throw new ProviderError('ERR_SEARCH_RATE_LIMITED', 'Tavily limits calls.', 100);
    };
    expect(await problemOf(await ask(QUESTION))).toMatchObject({ code: 'ERR_SEARCH_RATE_LIMITED' });
    expect(calls).toBe(1);
  });

  it('leaves the agents able to serve', async () => {
    const response = await ask(QUESTION);
    expect(response.status).toBe(200);
    expect((await response.json()) as AnswerDto).toMatchObject({
      answer: 'A document. [1]',
      answered: true,
      agents: ['gateway', 'researcher', 'writer'].map((name) => ({
        spiffeId: `spiffe://mesh.test/ns/agents/sa/${name}`,
      })),
    });
  });
});

/** A model that starts to write and then waits for the end of its request. */
function waitingModel(): { called: Promise<DraftRequestDto>; reason: Promise<unknown> } {
  let call: (request: DraftRequestDto) => void;
  let end: (reason: unknown) => void;
  const called = new Promise<DraftRequestDto>((resolve) => (call = resolve));
  const reason = new Promise<unknown>((resolve) => (end = resolve));
  model.draft = async function* (request, { signal }) {
    yield { type: 'text', text: 'It ' };
    call(request);
    if (!signal.aborted) await once(signal, 'abort');
    end(signal.reason);
    throw signal.reason;
  };
  return { called, reason };
}

/** Of the agents that the question goes through; each asks the token service as well. */
async function requestLines(count: number): Promise<Record<string, unknown>[]> {
  for (;;) {
    const lines = mesh.log.filter(({ event, agent }) => event === 'request' && agent !== 'tts');
    if (lines.length >= count) return lines;
    await turn();
  }
}

describe('a person who leaves', () => {
  it.each(FORMS)("cancels the writer's model call over all hops, as %s", async (accept) => {
    const { called, reason } = waitingModel();
    const controller = new AbortController();
    const work = ask(QUESTION, { accept }, controller.signal)
      .then((response) => response.text())
      .catch(() => 'left');
    await called;
    controller.abort();
    expect(await work).toBe('left');
    expect(await reason).toMatchObject({ code: 'ERR_REQUEST_ABORTED' });
    const lines = await requestLines(3);
    expect(lines.map(({ agent, outcome }) => [agent, outcome]).sort()).toEqual([
      ['gateway', 'aborted'],
      ['researcher', 'aborted'],
      ['writer', 'aborted'],
    ]);
    expect(mesh.log.filter(({ level }) => level === 'error')).toEqual([]);
  });

  it('while the search is under way cancels that', async () => {
    let begin: () => void;
    const begun = new Promise<void>((resolve) => (begin = resolve));
    const ended = new Promise<unknown>((resolve) => {
      search.search = async (_query, { signal }) => {
        begin();
        await once(signal, 'abort');
        resolve(signal.reason);
        throw signal.reason;
      };
    });
    const controller = new AbortController();
    const work = ask(QUESTION, {}, controller.signal).catch(() => 'left');
    await begun;
    controller.abort();
    await work;
    expect(await ended).toMatchObject({ code: 'ERR_REQUEST_ABORTED' });
  });

  it('cancels what they pipelined as well', async () => {
    let begun = 0;
    let ended = 0;
    search.search = async (_query, { signal }) => {
      begun += 1;
      await once(signal, 'abort');
      ended += 1;
      throw signal.reason;
    };
    const { hostname, port } = new URL(mesh.agent('gateway').url);
    const socket = connect(Number(port), hostname);
    const body = JSON.stringify(QUESTION);
    socket.write(
      `POST /v1/research HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${bearer}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`.repeat(
        5,
      ),
    );
    while (begun < 5) await turn();
    socket.resetAndDestroy();
    while (ended < 5) await turn();
    expect((await requestLines(10)).every(({ outcome }) => outcome === 'aborted')).toBe(true);
  });
});

describe('the deadline', () => {
  it.each(FORMS)('ends the model call over all hops, as %s', async (accept) => {
    const { reason } = waitingModel();
    const start = Date.now();
    const problem = await problemOf(await ask(QUESTION, { accept, 'deadline-ms': '300' }));
    expect(problem).toMatchObject({ code: 'ERR_DEADLINE_EXCEEDED', status: 504 });
    expect(Date.now() - start).toBeLessThan(2_000);
    const cause = (await reason) as MeshError;
    expect(['ERR_DEADLINE_EXCEEDED', 'ERR_REQUEST_ABORTED']).toContain(cause.code);
  });

  it('comes nearer with each hop, and is never later than an agent allows', async () => {
    const left: number[] = [];
    search.search = (...args) => {
      left.push(requireContext().deadline - Date.now());
      return fresh.search(...args);
    };
    model.draft = (...args) => {
      left.push(requireContext().deadline - Date.now());
      return fresh.draft(...args);
    };
    await (await ask(QUESTION, { 'deadline-ms': '5000' })).text();
    expect(left[0]).toBeLessThanOrEqual(5_000);
    expect(left[1]).toBeLessThanOrEqual(left[0]!);
    expect(left[1]).toBeGreaterThan(0);
    left.length = 0;
    await (await ask(QUESTION, { 'deadline-ms': '99999999' })).text();
    expect(left[0]).toBeLessThanOrEqual(90_000);
    expect(left[1]).toBeLessThanOrEqual(60_000);
  });
});

// The last: the writer does not come back.
describe('an agent that is gone', () => {
  it('is ERR_PEER_UNREACHABLE, then left alone, and health names it', async () => {
    await mesh.agent('writer').close();
    const problem = await problemOf(await ask(QUESTION));
    expect(problem).toMatchObject({ code: 'ERR_PEER_UNREACHABLE', status: 503 });
    expect(problem['detail']).toBe('writer cannot be reached.');
    let code: unknown;
    for (let number = 0; number < 20 && code !== 'ERR_BREAKER_OPEN'; number++) {
      ({ code } = await problemOf(await ask(QUESTION)));
    }
    expect(code).toBe('ERR_BREAKER_OPEN');
    const health = await fetch(`${mesh.agent('researcher').managementUrl}/health`);
    expect(health.status).toBe(200);
    expect(await health.json()).toMatchObject({
      details: {
        breakers: {
          status: 'degraded',
          writer: { breaker: 'open', reason: 'ERR_PEER_UNREACHABLE' },
        },
        identity: { status: 'up' },
      },
    });
    const ready = await fetch(`${mesh.agent('researcher').managementUrl}/health/ready`);
    expect(ready.status).toBe(200);
    await ready.text();
  });
});
