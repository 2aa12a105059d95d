import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Controller, HttpCode, Module, Post } from '@nestjs/common';
import { defineAgent, type AgentContext } from '@mesh/agent/nest';
import { AgentIdentityDto, type RequestContext } from '@mesh/contracts';
import { Action } from '@mesh/identity/nest';
import { runInContext } from '@mesh/observability';
import { RunningAgents, type AgentUnderTest } from '../kit/running-agents.js';

/** What each agent was given. */
const contexts = new Map<string, AgentContext>();
let reached: string[] = [];

function agent(name: string, port: number, more: string): AgentUnderTest {
  @Controller()
  class GreetController {
    @Post('greet')
    @HttpCode(200)
    @Action(`${name}:greet`, { delegated: false })
    greet(): AgentIdentityDto {
      reached.push(name);
      return contexts.get(name)!.self();
    }
  }

  @Module({ controllers: [GreetController] })
  class GreetModule {}

  return {
    definition: defineAgent({
      name,
      listener: 'peers',
      module: (context) => {
        contexts.set(name, context);
        return GreetModule;
      },
    }),
    file: `name: ${name}\nidentity: /ns/agents/sa/${name}\nport: ${port}\n${more}`,
  };
}

const greeting = (name: string) =>
  `actions: { ${name}:greet: { callers: [caller], delegated: false } }\n`;
let mesh: RunningAgents;

beforeAll(async () => {
  mesh = await RunningAgents.start(
    [
      agent('caller', 4091, 'secrets: [gemini]\n'),
      agent('callee', 4092, greeting('callee')),
      agent('victim', 4093, greeting('victim')),
    ],
    { rerouted: { victim: 'callee' } },
  );
});
afterAll(() => mesh.close());

function call(name: string): Promise<AgentIdentityDto> {
  const request: RequestContext = {
    agent: 'caller',
    correlationId: 'surroundings-1',
    traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    traceId: '0af7651916cd43dd8448eb211c80319c',
    deadline: Date.now() + 10_000,
    signal: new AbortController().signal,
  };
  return runInContext(request, () =>
    contexts.get('caller')!.peer(name).postOwn(`${name}:greet`, '/greet', {}, AgentIdentityDto),
  );
}

describe('the client of a peer', () => {
  it('reaches the one whose SPIFFE ID stands in agent.yaml', async () => {
    reached = [];
    expect(await call('callee')).toMatchObject({
      spiffeId: 'spiffe://mesh.test/ns/agents/sa/callee',
    });
    expect(reached).toEqual(['callee']);
  });

  it('refuses another agent of the mesh at its address, and sends it nothing', async () => {
    reached = [];
    await expect(call('victim')).rejects.toMatchObject({
      code: 'ERR_PEER_UNREACHABLE',
      cause: { code: 'ERR_PEER_NOT_AUTHORIZED' },
    });
    expect(reached).toEqual([]);
  });
});

describe('the secrets of an agent', () => {
  it('are those that its agent.yaml names, and no other', async () => {
    const { secrets } = contexts.get('caller')!;
    await expect(secrets.get('gemini')).rejects.toMatchObject({ code: 'ERR_SECRET_NOT_FOUND' });
    await expect(secrets.get('tavily')).rejects.toMatchObject({ code: 'ERR_SECRET_NOT_DECLARED' });
  });
});
