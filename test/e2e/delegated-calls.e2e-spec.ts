import {
  afterAll,
  afterEach,
  beforeAll,
  beforeEach,
  describe,
  expect,
  it,
  jest,
} from '@jest/globals';
import { Body, Controller, HttpCode, Inject, Module, Post } from '@nestjs/common';
import { IsString } from 'class-validator';
import { request } from 'undici';
import { AGENT_CONTEXT, defineAgent, type AgentContext } from '@mesh/agent/nest';
import { SignedDto, researchTransaction } from '@mesh/contracts';
import { delegationOf, digestOfText, TokenClient, type TxnToken } from '@mesh/delegation';
import { MeshError } from '@mesh/errors';
import { Action, SignedIn } from '@mesh/identity/nest';
import { requireContext } from '@mesh/observability';
import { RunningAgents, type AgentUnderTest } from '../kit/running-agents.js';
import { agentsUnderTest, ScriptedModel, ScriptedSearch } from './agents-under-test.js';

class StepRequest {
  @IsString()
  text!: string;
}

class StepDto extends SignedDto {
  @IsString()
  text!: string;
}

class OwnDto {
  @IsString()
  text!: string;
}

interface Visit {
  readonly agent: string;
  readonly token: TxnToken | undefined;
  readonly deadline: number;
}

/** Who served what for whom, in order. */
let visits: Visit[] = [];
/** What an agent does when it serves. */
const plans = new Map<string, (context: AgentContext) => Promise<unknown>>();
const contexts = new Map<string, AgentContext>();

async function serve(agent: string): Promise<object> {
  const context = requireContext();
  visits.push({ agent, token: delegationOf(context), deadline: context.deadline });
  await plans.get(agent)?.(contexts.get(agent)!);
  return { text: agent };
}

const operation = { transaction: ({ text }: StepRequest) => ({ text }) };

@Controller()
class DoorController {
  @Post('door')
  @HttpCode(200)
  @SignedIn('middle:do', operation)
  door(@Body() _request: StepRequest): Promise<object> {
    return serve('door');
  }
}

/** Looks at no body: what it was sent counts nevertheless, for the proof of what it answers. */
@Controller()
class FarController {
  @Post('do')
  @HttpCode(200)
  @Action('far:do')
  do(): Promise<object> {
    return serve('far');
  }
}

function controllerOf(name: string, delegated: boolean) {
  @Controller()
  class StepController {
    constructor(@Inject(AGENT_CONTEXT) private readonly context: AgentContext) {}

    @Post('do')
    @HttpCode(200)
    @Action(`${name}:do`, { delegated, ...operation })
    do(@Body() _request: StepRequest): Promise<object> {
      return serve(this.context.name);
    }
  }
  return StepController;
}

const PEOPLE = 'actsFor: { roles: [analyst] }\n';
const agents: AgentUnderTest[] = [
  ['door', `${PEOPLE}apiClients: [mesh-cli]\n`],
  ['middle', `${PEOPLE}actions: { middle:do: { callers: [door] } }\n`],
  ['end', `${PEOPLE}actions: { end:do: { callers: [middle, lone] } }\n`],
  ['far', `${PEOPLE}actions: { far:do: { callers: [middle, end] } }\n`],
  ['lone', 'actions: { lone:do: { callers: [middle], delegated: false } }\n'],
].map(([name, more], index) => ({
  definition: defineAgent({
    name: name!,
    listener: name === 'door' ? 'people' : 'peers',
    module: (context) => {
      contexts.set(name!, context);
      const controller =
        { door: DoorController, far: FarController }[name!] ?? controllerOf(name!, name !== 'lone');
      @Module({ controllers: [controller] })
      class StepModule {}
      return StepModule;
    },
  }),
  file: `name: ${name}\nidentity: /ns/agents/sa/${name}\nport: ${4090 + index}\n${more}`,
}));

const TTL = 20;
const TEXT = 'hello';
let mesh: RunningAgents;

beforeAll(async () => {
  mesh = await RunningAgents.start(agents, { env: { MESH_TXN_TOKEN_TTL: String(TTL) } });
});
afterAll(() => mesh.close());
beforeEach(() => {
  visits = [];
  plans.clear();
  mesh.log.length = 0;
  plans.set('door', calls('middle'));
});
afterEach(() => {
  jest.restoreAllMocks();
});

const call =
  (peer: string, text = TEXT) =>
  (context: AgentContext) =>
    context.peer(peer).post('/do', { text }, StepDto);
const calls =
  (...peers: string[]) =>
  async (context: AgentContext) => {
    for (const peer of peers) await call(peer)(context);
  };

async function ask(scope = 'middle:do end:do far:do') {
  const bearer = await mesh.signIn('analyst', scope);
  const response = await request(`${mesh.agent('door').url}/door`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${bearer}` },
    body: JSON.stringify({ text: TEXT }),
  });
  const { code, detail } = (await response.body.json()) as Record<string, unknown>;
  return { status: response.statusCode, code, detail };
}

/** Of each token that was issued, who may use it. */
const issued = () =>
  mesh.log
    .filter(({ event }) => event === 'token.issued')
    .map(({ actors }) => (actors as string[])[0]!.split('/').at(-1));
const visitsOf = (name: string) => visits.filter(({ agent }) => agent === name);
const codesOf = (name: string) =>
  mesh.log
    .filter(({ agent, event }) => agent === name && event === 'request')
    .map(({ code }) => code);

describe('a call on behalf of whoever is served', () => {
  it('is made with the first token by whom it was issued to, however often', async () => {
    plans.set('door', calls('middle', 'middle', 'middle'));
    expect(await ask()).toMatchObject({ status: 200 });
    expect(visitsOf('middle')).toHaveLength(3);
    expect(issued()).toEqual(['door']);
  });

  it('is made with one token for each peer: in turn, at a time, and for another peer another', async () => {
    plans.set('middle', async (context) => {
      await calls('end', 'end')(context);
      await Promise.all([call('far')(context), call('far')(context), call('end')(context)]);
    });
    expect(await ask()).toMatchObject({ status: 200 });
    expect([visitsOf('end').length, visitsOf('far').length]).toEqual([3, 2]);
    expect(issued()).toEqual(['door', 'middle', 'middle']);
    expect(new Set(visitsOf('end').map(({ token }) => token!.hash)).size).toBe(1);
  });

  it('is made with a token of its own request: none is kept for the next', async () => {
    plans.set('middle', calls('end'));
    await ask();
    await ask();
    expect(issued()).toEqual(['door', 'middle', 'door', 'middle']);
    expect(new Set(visitsOf('end').map(({ token }) => token!.txn)).size).toBe(2);
  });

  it('is made with what the peer needs, and no scope more', async () => {
    plans.set('middle', calls('end', 'far'));
    expect(await ask('middle:do end:do far:do research:fast')).toMatchObject({ status: 200 });
    expect(visits.map(({ agent, token }) => [agent, token!.scope])).toEqual([
      ['door', ['middle:do', 'end:do', 'far:do']],
      ['middle', ['middle:do', 'end:do', 'far:do']],
      // It calls the last one too.
      ['end', ['end:do', 'far:do']],
      ['far', ['far:do']],
    ]);
  });

  it('is made with what those behind the peer need as well', async () => {
    plans.set('middle', calls('end'));
    plans.set('end', calls('far'));
    expect(await ask()).toMatchObject({ status: 200 });
    const [{ token }] = visitsOf('far') as [Visit];
    expect(token!.scope).toEqual(['far:do']);
    expect(token!.actors.map((actor) => mesh.directory.nameOf(actor))).toEqual([
      'end',
      'middle',
      'door',
    ]);
  });

  it('is of the same transaction and person all the way, with each workload it came through', async () => {
    plans.set('middle', calls('end'));
    await ask();
    expect(new Set(visits.map(({ token }) => token!.txn)).size).toBe(1);
    expect(new Set(visits.map(({ token }) => token!.userId)).size).toBe(1);
    expect(visits.map(({ token }) => token!.transactionContext)).toEqual(
      visits.map(() => ({ text: TEXT })),
    );
    expect(
      visits.map(({ token }) => token!.actors.map((actor) => mesh.directory.nameOf(actor))),
    ).toEqual([['door'], ['door'], ['middle', 'door']]);
  });

  it('fails where the person lacks the scope of it, which is named; others go on', async () => {
    plans.set('middle', calls('end'));
    expect(await ask('middle:do end:do')).toMatchObject({ status: 200 });
    plans.set('middle', calls('far'));
    expect(await ask('middle:do end:do')).toEqual({
      status: 403,
      code: 'ERR_TOKEN_SCOPE',
      detail: 'The scope far:do is missing.',
    });
    expect(visitsOf('far')).toEqual([]);
  });

  it('obtains its token anew where that has failed', async () => {
    class LostError extends MeshError {
      readonly code = 'ERR_PEER_UNREACHABLE';
    }
    jest.spyOn(TokenClient.prototype, 'replace').mockRejectedValueOnce(new LostError('lost'));
    plans.set('middle', async (context) => {
      await expect(call('end')(context)).rejects.toMatchObject({ code: 'ERR_PEER_UNREACHABLE' });
      await call('end')(context);
    });
    expect(await ask()).toMatchObject({ status: 200 });
    expect(visitsOf('end')).toHaveLength(1);
  });

  it('is for what the person asked: with anything else it is refused', async () => {
    plans.set('middle', call('end', 'something else'));
    expect(await ask()).toMatchObject({ status: 502, code: 'ERR_PEER_REFUSED' });
    expect(codesOf('end')).toEqual(['ERR_TOKEN_TRANSACTION']);
    plans.set('middle', call('end'));
    expect(await ask()).toMatchObject({ status: 200 });
  });

  it('fails by a fault of its own, unsent, where its body has no canonical form', async () => {
    plans.set('door', call('middle', 'half a pair: \ud83d'));
    expect(await ask()).toMatchObject({ status: 500, code: 'ERR_INTERNAL' });
    expect(visitsOf('middle')).toEqual([]);
  });

  it('has no deadline later than the end of its token, at any hop', async () => {
    plans.set('middle', calls('end'));
    await ask();
    expect(visits).toHaveLength(3);
    for (const { deadline, token } of visits) {
      expect(deadline).toBeLessThanOrEqual(token!.expiresAt * 1000);
      expect(deadline).toBeLessThanOrEqual(Date.now() + TTL * 1000);
    }
  });
});

describe('a call on nobody’s behalf', () => {
  const UNDELEGATED = { code: 'ERR_CALL_UNDELEGATED' };

  it('fails outside of a request, and is not sent', async () => {
    await expect(call('end')(contexts.get('middle')!)).rejects.toMatchObject(UNDELEGATED);
    expect(visits).toEqual([]);
    expect(mesh.log).toEqual([]);
  });

  it('fails within a request that is not delegated, although the caller is declared', async () => {
    const context = contexts.get('middle')!;
    const callLone = () => context.peer('lone').postOwn('lone:do', '/do', { text: TEXT }, OwnDto);
    plans.set('lone', async (lone) => {
      await expect(call('end')(lone)).rejects.toMatchObject({
        ...UNDELEGATED,
        message: "The request that is served is on nobody's behalf.",
      });
    });
    expect(await callLone()).toEqual({ text: 'lone' });
    expect(visits.map(({ agent, token }) => [agent, token])).toEqual([['lone', undefined]]);
    plans.set('lone', call('end'));
    await expect(callLone()).rejects.toMatchObject({ code: 'ERR_PEER_FAILED' });
    expect(codesOf('lone')).toEqual([undefined, 'ERR_CALL_UNDELEGATED']);
  });

  it('fails to a peer that serves nothing on behalf of persons', async () => {
    plans.set('middle', async (context) => {
      await expect(call('lone')(context)).rejects.toMatchObject({
        ...UNDELEGATED,
        message: "lone serves nothing to this agent on a person's behalf.",
      });
    });
    expect(await ask()).toMatchObject({ status: 200 });
    expect(visitsOf('lone')).toEqual([]);
  });

  it('fails for an action that is for persons, or for others', async () => {
    const own = (caller: string, peer: string, action: string) =>
      contexts.get(caller)!.peer(peer).postOwn(action, '/do', { text: TEXT }, OwnDto);
    await expect(own('middle', 'end', 'end:do')).rejects.toMatchObject(UNDELEGATED);
    await expect(own('door', 'lone', 'lone:do')).rejects.toMatchObject(UNDELEGATED);
    await expect(own('middle', 'lone', 'lone:other')).rejects.toMatchObject(UNDELEGATED);
    expect(visits).toEqual([]);
  });

  it('made within a delegated request takes no token along', async () => {
    plans.set('middle', (context) =>
      context.peer('lone').postOwn('lone:do', '/do', { text: TEXT }, OwnDto),
    );
    expect(await ask()).toMatchObject({ status: 200 });
    expect(visitsOf('lone')).toEqual([expect.objectContaining({ token: undefined })]);
    expect(issued()).toEqual(['door']);
  });
});

describe('of the agents of this project', () => {
  const question = 'What is an SVID?';
  const model = new ScriptedModel();
  let real: RunningAgents;
  beforeAll(async () => {
    real = await RunningAgents.start(agentsUnderTest({ search: new ScriptedSearch(), model }));
  });
  afterAll(() => real.close());

  const askResearcher = (body: object, details: Record<string, string>) =>
    real.call({
      as: 'gateway',
      to: 'researcher',
      path: '/v1/research',
      body,
      scope: 'research:fast research:deep draft:write',
      details,
    });

  it('the writer gets a token to write with, and no other scope', async () => {
    const scopes: (readonly string[])[] = [];
    const { draft } = model;
    jest.spyOn(model, 'draft').mockImplementation((...args) => {
      scopes.push(delegationOf(requireContext())!.scope);
      return draft(...args);
    });
    const { status } = await askResearcher(
      { question, depth: 'deep' },
      researchTransaction({ question, depth: 'deep' }, digestOfText),
    );
    expect(status).toBe(200);
    expect(scopes).toEqual([['draft:write']]);
  });

  it.each([
    ['another question', { question: `${question} Really?` }],
    ['another depth', { question, depth: 'deep' }],
  ])('the researcher takes a token for the very question: %s is refused', async (_what, body) => {
    const details = researchTransaction({ question }, digestOfText);
    expect(await askResearcher(body, details)).toMatchObject({
      status: 403,
      body: { code: 'ERR_TOKEN_TRANSACTION' },
    });
    expect(await askResearcher({ question }, details)).toMatchObject({ status: 200 });
    expect(await askResearcher({ question, depth: 'fast' }, details)).toMatchObject({
      status: 200,
    });
  });
});
