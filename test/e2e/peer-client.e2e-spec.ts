import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Body, Controller, HttpCode, Module, Post } from '@nestjs/common';
import { IsString, Length } from 'class-validator';
import type { PeerClient } from '@mesh/agent';
import { defineAgent, type AgentContext } from '@mesh/agent/nest';
import type { AgentEvent } from '@mesh/contracts';
import { MeshError } from '@mesh/errors';
import { Action } from '@mesh/identity/nest';
import { newCorrelationId, runInContext, TraceContext } from '@mesh/observability';
import { RunningAgents } from '../kit/running-agents.js';

class TextDto {
  @IsString()
  @Length(1, 100)
  text!: string;
}

class BrokenError extends MeshError {
  readonly code = 'ERR_SEARCH_UNAVAILABLE';
}

@Controller()
class EchoController {
  @Post('echo')
  @HttpCode(200)
  @Action('echo:say')
  echo(@Body() { text }: TextDto): object {
    return { text };
  }

  @Post('events')
  @HttpCode(200)
  @Action('echo:say')
  async *events(@Body() { text }: TextDto): AsyncGenerator<AgentEvent<object>> {
    yield { type: 'text', text: 'one ' };
    if (text === 'fail') throw new BrokenError('broken half way');
    if (text === 'half way') return;
    yield { type: 'done', result: text === 'other' ? { other: true } : { text } };
    if (text === 'on and on') yield { type: 'text', text: 'two' };
  }
}

@Module({ controllers: [EchoController] })
class EchoModule {}

@Module({})
class FriendModule {}

let mesh: RunningAgents;
let friend: AgentContext;
let echo: PeerClient;

beforeAll(async () => {
  mesh = await RunningAgents.start([
    {
      definition: defineAgent({ name: 'echo', listener: 'peers', module: () => EchoModule }),
      file: `
name: echo
identity: /ns/agents/sa/echo
port: 4090
actions: { echo:say: { callers: [friend] } }
`,
    },
    {
      definition: defineAgent({
        name: 'friend',
        listener: 'peers',
        module: (context) => {
          friend = context;
          return FriendModule;
        },
      }),
      file: '{ name: friend, identity: /ns/agents/sa/friend, port: 4091 }',
    },
  ]);
  echo = friend.peer('echo');
});
afterAll(() => mesh.close());
beforeEach(() => {
  mesh.log.length = 0;
});

/** As in a request that `friend` serves. */
function inRequest<T>(work: () => Promise<T>): Promise<T> {
  const trace = TraceContext.start();
  return runInContext(
    {
      agent: 'friend',
      correlationId: newCorrelationId(),
      traceparent: trace.toString(),
      traceId: trace.traceId,
      deadline: Date.now() + 5_000,
      signal: new AbortController().signal,
    },
    work,
  );
}

function events(text: string): Promise<AgentEvent<TextDto>[]> {
  return inRequest(async () => {
    const all: AgentEvent<TextDto>[] = [];
    for await (const event of echo.events('/events', { text }, TextDto)) all.push(event);
    return all;
  });
}

describe('PeerClient', () => {
  it('yields the events of a peer and at last its result', async () => {
    expect(await events('hello')).toEqual([
      { type: 'text', text: 'one ' },
      { type: 'done', result: { text: 'hello' } },
    ]);
  });

  it.each([
    ['fail', 'ERR_SEARCH_UNAVAILABLE'],
    ['half way', 'ERR_PEER_RESPONSE_INVALID'],
    ['other', 'ERR_PEER_RESPONSE_INVALID'],
    ['on and on', 'ERR_PEER_RESPONSE_INVALID'],
  ])('refuses a stream that ends otherwise: %s', async (text, code) => {
    await expect(events(text)).rejects.toMatchObject({ code });
  });

  it('keeps its connection from call to call, streams too', async () => {
    for (let call = 0; call < 10; call++) {
      await events('hello');
      await inRequest(() => echo.post('/echo', { text: 'hello' }, TextDto));
    }
    const handshakes = mesh.log.filter(
      ({ event, side }) => event === 'handshake' && side === 'client',
    );
    // A second one where a call begins before the connection of the last is free again.
    expect(handshakes.length).toBeLessThanOrEqual(2);
  });
});
