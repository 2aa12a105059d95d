import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Body, Controller, HttpCode, Module, Post } from '@nestjs/common';
import { Transform } from 'class-transformer';
import { IsString } from 'class-validator';
import { defineAgent } from '@mesh/agent/nest';
import type { AgentEvent } from '@mesh/contracts';
import { Action } from '@mesh/identity/nest';
import { currentContext, MeshMetrics } from '@mesh/observability';
import { RunningAgents } from '../kit/running-agents.js';

/** What happened to a request, in order; with the correlation ID where it was known. */
let order: string[] = [];

function happened(what: string): void {
  const id = currentContext()?.correlationId;
  order.push(id === undefined ? what : `${what} (${id})`);
}

class SayRequest {
  @Transform(({ value }: { value: unknown }) => {
    happened('contract guard');
    return value;
  })
  @IsString()
  text!: string;
}

@Controller()
class SayController {
  @Post('say')
  @HttpCode(200)
  @Action(['say:soft', 'say:loud'], {
    pick: ({ text }: SayRequest) => (text === 'loud' ? 'say:loud' : 'say:soft'),
  })
  async *say(@Body() { text }: SayRequest): AsyncGenerator<AgentEvent<object>> {
    happened('handler');
    yield { type: 'text', text };
    await Promise.resolve();
    yield { type: 'done', result: { text, toJSON: () => (happened('answer'), { text }) } };
    happened('handler is done');
  }
}

@Module({ controllers: [SayController] })
class SayModule {}
@Module({})
class FriendModule {}

const file = `
name: say
identity: /ns/agents/sa/say
port: 4090
actions:
  say:soft: { callers: [friend] }
  say:loud: { callers: [] }
limits: { bodyBytes: 2048, deadlineMs: 5000 }
`;

let mesh: RunningAgents;

beforeAll(async () => {
  mesh = await RunningAgents.start(
    [
      {
        definition: defineAgent({ name: 'say', listener: 'peers', module: () => SayModule }),
        file,
      },
      {
        definition: defineAgent({ name: 'friend', listener: 'peers', module: () => FriendModule }),
        file: `{ name: friend, identity: /ns/agents/sa/friend, port: 4091 }`,
      },
    ],
    {
      onLine: ({ event, side, msg, correlation_id: id }) => {
        if (event === 'handshake' && side === 'server') order.push('TLS identity');
        if (event === 'request') order.push(`log line ${String(msg)} (${String(id)})`);
      },
    },
  );
  const mayCall = mesh.directory.mayCall.bind(mesh.directory);
  jest.spyOn(mesh.directory, 'mayCall').mockImplementation((agent, action, caller) => {
    const allowed = mayCall(agent, action, caller);
    // Before the request's context is entered it is the refusal that needs no body, after it the guard.
    happened(`${currentContext() ? 'caller guard' : 'refusal'} ${action} ${String(allowed)}`);
    return allowed;
  });
  const metrics = mesh.agent('say').app.get(MeshMetrics, { strict: false });
  const observe = metrics.request.bind(metrics);
  jest.spyOn(metrics, 'request').mockImplementation((measure) => {
    happened('metrics');
    observe(measure);
  });
});
afterAll(() => mesh.close());
beforeEach(() => {
  order = [];
});

const ID = 'ordered-question';

async function say(who: string, body: string, accept = 'application/json'): Promise<number> {
  const pool = await mesh.poolAs(who, 'say');
  const response = await pool.request({
    method: 'POST',
    path: '/say',
    headers: { 'content-type': 'application/json', 'x-correlation-id': ID, accept },
    body,
  });
  await text(response.body);
  while (!order.some((step) => step.startsWith('log line'))) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  return response.status;
}

describe('the order inside an agent (docs/architecture.md)', () => {
  it('of a request that is served', async () => {
    expect(await say('friend', '{"text":"soft"}')).toBe(200);
    expect(order).toEqual([
      'TLS identity',
      'refusal say:soft true',
      `contract guard (${ID})`,
      `caller guard say:soft true (${ID})`,
      `handler (${ID})`,
      `handler is done (${ID})`,
      `answer (${ID})`,
      `metrics (${ID})`,
      `log line POST /say 200 (${ID})`,
    ]);
  });

  it('of one that is served as events', async () => {
    expect(await say('friend', '{"text":"soft"}', 'text/event-stream')).toBe(200);
    expect(order.slice(4)).toEqual([
      `handler (${ID})`,
      expect.stringMatching(/^answer/),
      `handler is done (${ID})`,
      `metrics (${ID})`,
      `log line POST /say 200 (${ID})`,
    ]);
  });

  it('of one of a stranger: refused before its body is parsed', async () => {
    expect(await say('stranger', '{"text":"soft"}')).toBe(403);
    expect(order).toEqual([
      'TLS identity',
      'refusal say:soft false',
      'refusal say:loud false',
      `metrics (${ID})`,
      `log line POST /say 403 (${ID})`,
    ]);
  });

  it('of one outside its contract: no guard picks an action from it', async () => {
    expect(await say('friend', '{"text":7}')).toBe(400);
    expect(order).toEqual([
      'TLS identity',
      'refusal say:soft true',
      `contract guard (${ID})`,
      `metrics (${ID})`,
      `log line POST /say 400 (${ID})`,
    ]);
  });

  it('of one for an action that the caller may not do: no handler runs', async () => {
    expect(await say('friend', '{"text":"loud"}')).toBe(403);
    expect(order).toEqual([
      'TLS identity',
      'refusal say:soft true',
      `contract guard (${ID})`,
      `caller guard say:loud false (${ID})`,
      `metrics (${ID})`,
      `log line POST /say 403 (${ID})`,
    ]);
  });
});
