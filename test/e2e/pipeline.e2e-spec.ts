import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Body, Controller, Get, HttpCode, Post, Module } from '@nestjs/common';
import { IsString, Length } from 'class-validator';
import { defineAgent } from '@mesh/agent/nest';
import type { AgentEvent, RequestContext } from '@mesh/contracts';
import { MeshError } from '@mesh/errors';
import type { MtlsPool, MtlsResponse } from '@mesh/identity';
import { Action, Caller, Public } from '@mesh/identity/nest';
import type { PeerIdentity } from '@mesh/identity';
import { requireContext } from '@mesh/observability';
import { RunningAgents } from '../kit/running-agents.js';

class EchoRequest {
  @IsString()
  @Length(1, 100)
  text!: string;
}

class BrokenError extends MeshError {
  readonly code = 'ERR_PEER_FAILED';
}

/** What the handler saw, and what it waits for. */
const seen: { context?: RequestContext; aborted?: Promise<unknown>; bodies: number } = {
  bodies: 0,
};

@Controller()
class EchoController {
  @Post('echo')
  @HttpCode(200)
  @Action('echo:say', { delegated: false })
  echo(@Body() request: EchoRequest, @Caller() caller: PeerIdentity): object {
    seen.bodies += 1;
    seen.context = requireContext();
    return {
      text: request.text,
      caller: caller.id.toString(),
      isContract: request instanceof EchoRequest,
    };
  }

  @Post('either')
  @HttpCode(200)
  @Action(['echo:say', 'echo:shout'], {
    delegated: false,
    pick: ({ text }: EchoRequest) => (text === text.toUpperCase() ? 'echo:shout' : 'echo:say'),
  })
  either(@Body() request: EchoRequest): object {
    return { text: request.text };
  }

  @Post('undeclared')
  undeclared(): object {
    return { never: true };
  }

  @Get('public')
  @Public()
  open(): object {
    return { open: true };
  }

  @Post('events')
  @HttpCode(200)
  @Action('echo:say', { delegated: false })
  async *events(@Body() request: EchoRequest): AsyncGenerator<AgentEvent<object>> {
    if (request.text === 'fail at once') throw new BrokenError('broken from the start');
    yield { type: 'text', text: 'one ' };
    if (request.text === 'fail later') throw new BrokenError('broken half way');
    if (request.text === 'secret') throw new Error('/etc/shadow');
    if (request.text === 'no end') return;
    yield {
      type: 'done',
      result: { text: request.text, correlationId: requireContext().correlationId },
    };
  }

  @Post('hang')
  @HttpCode(200)
  @Action('echo:say', { delegated: false })
  async *hang(@Body() _request: EchoRequest): AsyncGenerator<AgentEvent<object>> {
    const { signal } = requireContext();
    yield { type: 'text', text: 'waiting' };
    seen.aborted = once(signal, 'abort').then(() => signal.reason as unknown);
    await seen.aborted;
    throw signal.reason;
  }

  @Post('bug')
  @Action('echo:say', { delegated: false })
  bug(): never {
    throw new Error('at /home/someone/secret.ts');
  }
}

@Module({ controllers: [EchoController] })
class EchoModule {}

const file = `
name: echo
identity: /ns/agents/sa/echo
port: 4090
actions:
  echo:say: { callers: [friend], delegated: false }
  echo:shout: { callers: [], delegated: false }
limits: { bodyBytes: 2048, deadlineMs: 5000 }
`;
const friend = `{ name: friend, identity: /ns/agents/sa/friend, port: 4091 }`;

@Module({})
class FriendModule {}

let mesh: RunningAgents;
let pool: MtlsPool;

beforeAll(async () => {
  mesh = await RunningAgents.start([
    {
      definition: defineAgent({ name: 'echo', listener: 'peers', module: () => EchoModule }),
      file,
    },
    {
      definition: defineAgent({ name: 'friend', listener: 'peers', module: () => FriendModule }),
      file: friend,
    },
  ]);
  pool = await mesh.poolAs('friend', 'echo');
});
afterAll(() => mesh.close());
beforeEach(() => {
  mesh.log.length = 0;
  seen.bodies = 0;
});

function post(
  path: string,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<MtlsResponse> {
  return pool.request({
    method: 'POST',
    path,
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
}

async function problem(response: MtlsResponse): Promise<Record<string, unknown>> {
  expect(response.headers['content-type']).toMatch(/^application\/problem\+json/);
  return JSON.parse(await text(response.body)) as Record<string, unknown>;
}

async function requestLine(): Promise<Record<string, unknown>> {
  // The line is written once the response is out, which may be a moment after the client has it.
  for (;;) {
    const line = mesh.log.find(({ event }) => event === 'request');
    if (line) return line;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe('guards', () => {
  it('let a declared caller in, with its body parsed into the contract', async () => {
    const response = await post('/echo', { text: 'hello' });
    expect(response.status).toBe(200);
    expect(JSON.parse(await text(response.body))).toEqual({
      text: 'hello',
      caller: 'spiffe://mesh.test/ns/agents/sa/friend',
      isContract: true,
    });
  });

  it('decide by the action that the parsed body asks for', async () => {
    const said = await post('/either', { text: 'quiet' });
    expect(said.status).toBe(200);
    await said.body.dump();
    const shouted = await post('/either', { text: 'LOUD' });
    expect(await problem(shouted)).toMatchObject({ status: 403, code: 'ERR_CALLER_DENIED' });
  });

  it('refuse a route that declares nothing, whoever calls', async () => {
    const response = await post('/undeclared', {});
    expect(response.status).toBe(403);
    await response.body.dump();
  });

  it('let any verified peer use a public route', async () => {
    const stranger = await mesh.poolAs('stranger', 'echo');
    const response = await stranger.request({ method: 'GET', path: '/public' });
    expect(response.status).toBe(200);
    await response.body.dump();
  });
});

describe('bodies', () => {
  it.each([
    ['malformed JSON', '{"text":', 400, 'ERR_BODY_MALFORMED'],
    ['nothing', '', 400, 'ERR_BODY_MALFORMED'],
    ['a list', '[]', 400, 'ERR_BODY_INVALID'],
    ['null', 'null', 400, 'ERR_BODY_INVALID'],
    ['a wrong type', '{"text":7}', 400, 'ERR_BODY_INVALID'],
    ['an unknown member', '{"text":"a","more":1}', 400, 'ERR_BODY_INVALID'],
    ['a missing member', '{}', 400, 'ERR_BODY_INVALID'],
    ['an empty text', '{"text":""}', 400, 'ERR_BODY_INVALID'],
    ['a prototype', '{"text":"a","__proto__":{"x":1}}', 400, 'ERR_BODY_MALFORMED'],
    ['too much', JSON.stringify({ text: 'x'.repeat(4096) }), 413, 'ERR_BODY_TOO_LARGE'],
  ])('refuse %s', async (_what, body, status, code) => {
    const response = await post('/echo', body);
    const answer = await problem(response);
    expect(answer).toMatchObject({ status, code, type: `/errors#${code.toLowerCase()}` });
    expect(response.status).toBe(status);
    expect(answer['correlationId']).toBe(response.headers['x-correlation-id']);
    expect(seen.bodies).toBe(0);
  });

  it('name the member at fault and not its value', async () => {
    const answer = await problem(
      await post('/echo', { text: 'x'.repeat(101), secretish: 'hunter2' }),
    );
    expect(answer['errors']).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ path: 'text' }),
        expect.objectContaining({ path: 'secretish' }),
      ]),
    );
    expect(JSON.stringify(answer)).not.toContain('hunter2');
  });

  it.each(['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x'])(
    'refuse %s',
    async (type) => {
      const answer = await problem(await post('/echo', 'text=a', { 'content-type': type }));
      expect(answer).toMatchObject({ status: 415, code: 'ERR_BODY_TYPE' });
    },
  );
});

describe('headers', () => {
  it('echo a well-formed correlation ID, make one else', async () => {
    const kept = await post('/echo', { text: 'a' }, { 'x-correlation-id': 'question-0001' });
    await kept.body.dump();
    expect(kept.headers['x-correlation-id']).toBe('question-0001');
    for (const bad of ['short', 'x'.repeat(65), 'has space here', 'quote"quote']) {
      const made = await post('/echo', { text: 'a' }, { 'x-correlation-id': bad });
      await made.body.dump();
      expect(made.headers['x-correlation-id']).toMatch(/^[0-9a-f-]{36}$/);
    }
  });

  it('take up the trace of the caller', async () => {
    const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
    await (
      await post('/echo', { text: 'a' }, { traceparent: `00-${traceId}-00f067aa0ba902b7-01` })
    ).body.dump();
    expect(seen.context).toMatchObject({ traceId });
    expect(seen.context?.traceparent).not.toContain('00f067aa0ba902b7');
  });

  it('shorten the deadline, never lengthen it', async () => {
    await (await post('/echo', { text: 'a' }, { 'deadline-ms': '1000' })).body.dump();
    expect(seen.context!.deadline - Date.now()).toBeLessThanOrEqual(1000);
    await (await post('/echo', { text: 'a' }, { 'deadline-ms': '99999999' })).body.dump();
    expect(seen.context!.deadline - Date.now()).toBeLessThanOrEqual(5000);
  });

  it.each([
    ['-1', 400, 'ERR_HEADER_INVALID'],
    ['soon', 400, 'ERR_HEADER_INVALID'],
    ['1e3', 400, 'ERR_HEADER_INVALID'],
    ['0', 504, 'ERR_DEADLINE_EXCEEDED'],
  ])('refuse a deadline of %s', async (value, status, code) => {
    expect(
      await problem(await post('/echo', { text: 'a' }, { 'deadline-ms': value })),
    ).toMatchObject({ status, code });
  });

  it('never override the identity of the connection', async () => {
    const stranger = await mesh.poolAs('stranger', 'echo');
    const response = await stranger.request({
      method: 'POST',
      path: '/echo',
      headers: {
        'content-type': 'application/json',
        'x-forwarded-client-cert': 'URI=spiffe://mesh.test/ns/agents/sa/friend',
      },
      body: '{"text":"a"}',
    });
    expect(await problem(response)).toMatchObject({ code: 'ERR_CALLER_DENIED' });
  });
});

describe('event streams', () => {
  const events = (body: unknown) => post('/events', body, { accept: 'text/event-stream' });

  it('carry each event and end with done', async () => {
    const response = await events({ text: 'x' });
    expect(response.headers['content-type']).toBe('text/event-stream; charset=utf-8');
    const correlationId = response.headers['x-correlation-id'];
    expect(await text(response.body)).toBe(
      `event: text\ndata: {"text":"one ","inProgress":true}\n\nevent: done\ndata: {"text":"x","correlationId":"${String(correlationId)}"}\n\n`,
    );
  });

  it('are the JSON of done for a caller that accepts no events', async () => {
    const response = await post('/events', { text: 'x' }, { accept: 'application/json' });
    expect(response.headers['content-type']).toMatch(/^application\/json/);
    expect(JSON.parse(await text(response.body))).toMatchObject({ text: 'x' });
  });

  it('fail as an ordinary problem before the first event', async () => {
    expect(await problem(await events({ text: 'fail at once' }))).toMatchObject({
      status: 502,
      code: 'ERR_PEER_FAILED',
    });
  });

  it('end with a problem as the last event after it', async () => {
    const response = await events({ text: 'fail later' });
    expect(response.status).toBe(200);
    const body = await text(response.body);
    const last = /\nevent: error\ndata: (.*)\n\n$/.exec(body)![1]!;
    expect(JSON.parse(last)).toMatchObject({
      code: 'ERR_PEER_FAILED',
      correlationId: response.headers['x-correlation-id'],
    });
  });

  it('tell nothing of a foreign error', async () => {
    const body = await text((await events({ text: 'secret' })).body);
    expect(body).toContain('ERR_INTERNAL');
    expect(body).not.toContain('shadow');
  });

  it('are an error for a handler that ends without a result', async () => {
    const response = await post('/events', { text: 'no end' });
    expect(await problem(response)).toMatchObject({ status: 500, code: 'ERR_INTERNAL' });
  });
});

describe('the end of a request', () => {
  it('aborts the work when the caller leaves', async () => {
    const response = await post('/hang', { text: 'a' }, { accept: 'text/event-stream' });
    await once(response.body, 'data');
    response.body.on('error', () => undefined).destroy();
    expect(await seen.aborted).toMatchObject({ code: 'ERR_REQUEST_ABORTED' });
  });

  it('aborts the work at its deadline and says so', async () => {
    const response = await post(
      '/hang',
      { text: 'a' },
      { accept: 'text/event-stream', 'deadline-ms': '100' },
    );
    expect(await text(response.body)).toContain('"code":"ERR_DEADLINE_EXCEEDED"');
  });
});

describe('what is told', () => {
  it('to a caller: no stack, no path', async () => {
    const answer = await problem(await post('/bug', {}));
    expect(answer).toMatchObject({
      status: 500,
      code: 'ERR_INTERNAL',
      detail: 'Something failed inside the agent.',
    });
    expect(JSON.stringify(answer)).not.toContain('secret.ts');
  });

  it('to the log: one line a request, in the schema', async () => {
    const response = await post(
      '/echo',
      { text: 'marker-in-body' },
      { 'x-correlation-id': 'question-0002' },
    );
    await response.body.dump();
    expect(await requestLine()).toEqual({
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
      level: 'info',
      msg: 'POST /echo 200',
      event: 'request',
      method: 'POST',
      route: '/echo',
      status: 200,
      duration_ms: expect.any(Number),
      outcome: 'ok',
      agent: 'echo',
      spiffe_id: 'spiffe://mesh.test/ns/agents/sa/echo',
      caller_spiffe_id: 'spiffe://mesh.test/ns/agents/sa/friend',
      serial_number: expect.stringMatching(/^[0-9a-f]+$/),
      correlation_id: 'question-0002',
      trace_id: expect.stringMatching(/^[0-9a-f]{32}$/),
      span_id: expect.stringMatching(/^[0-9a-f]{16}$/),
    });
    expect(JSON.stringify(mesh.log)).not.toContain('marker-in-body');
  });
});
