import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Body, Controller, HttpCode, Module, Post } from '@nestjs/common';
import { Transform } from 'class-transformer';
import { IsString } from 'class-validator';
import { request } from 'undici';
import type { PeerClient } from '@mesh/agent';
import { defineAgent, InjectPeer } from '@mesh/agent/nest';
import { SignedDto, type AgentEvent } from '@mesh/contracts';
import { TokenClient, TxnToken, TxnTokenVerifier } from '@mesh/delegation';
import { DelegationGuard, People, SignedInGuard } from '@mesh/delegation/nest';
import { Action, CallerIdentityGuard, SignedIn } from '@mesh/identity/nest';
import { currentAgent, currentContext, MeshMetrics } from '@mesh/observability';
import { AnswerSigner } from '@mesh/signing';
import { RequestNonceGuard } from '../../libs/agent/src/nest/request-nonce.guard.js';
import { RunningAgents, type AgentUnderTest } from '../kit/running-agents.js';

interface Step {
  readonly agent: string | undefined;
  readonly what: string;
  /** Correlation ID of the request, where it was known. */
  readonly id: string | undefined;
}

/** What happened to requests, in order. */
let order: Step[] = [];

function happened(what: string, agent = currentAgent()?.agent): void {
  order.push({ agent, what, id: currentContext()?.correlationId });
}

/** `what` happens before each call of a method. */
function before<T extends object>(owner: T, method: keyof T, what: string): void {
  const original = owner[method] as (...args: unknown[]) => unknown;
  owner[method] = function (this: T, ...args: unknown[]) {
    happened(what);
    return original.apply(this, args);
  } as T[keyof T];
}

class SayRequest {
  @Transform(({ value }: { value: unknown }) => {
    happened('contract guard');
    return value;
  })
  @IsString()
  text!: string;
}

class SayDto extends SignedDto {
  @IsString()
  text!: string;
}

const operation = {
  pick: ({ text }: SayRequest) => (text === 'loud' ? 'say:loud' : 'say:soft'),
  transaction: ({ text }: SayRequest) => ({ text }),
};

@Controller()
class SayController {
  @Post('say')
  @HttpCode(200)
  @Action(['say:soft', 'say:loud'], operation)
  async *say(@Body() { text }: SayRequest): AsyncGenerator<AgentEvent<object>> {
    happened('handler');
    yield { type: 'text', text };
    await Promise.resolve();
    yield { type: 'done', result: { text } };
    happened('handler is done');
  }
}

@Controller()
class DoorController {
  constructor(@InjectPeer('say') private readonly peer: PeerClient) {}

  @Post('say')
  @HttpCode(200)
  @SignedIn(['say:soft', 'say:loud'], operation)
  async say(@Body() body: SayRequest): Promise<object> {
    happened('handler');
    const { text } = await this.peer.post('/say', { text: body.text }, SayDto);
    happened('handler is done');
    return { text };
  }
}

@Module({ controllers: [SayController] })
class SayModule {}
@Module({ controllers: [DoorController] })
class DoorModule {}

const under: AgentUnderTest[] = [
  { name: 'door', listener: 'people' as const, module: () => DoorModule },
  { name: 'say', listener: 'peers' as const, module: () => SayModule },
].map((definition, index) => ({
  definition: defineAgent({
    ...definition,
    configure: (app) => {
      const fastify = app.getHttpAdapter().getInstance();
      fastify.addHook('onSend', (_request, _reply, _payload, done) => {
        happened('answer');
        done();
      });
    },
  }),
  file: [
    `name: ${definition.name}\nidentity: /ns/agents/sa/${definition.name}\nport: ${4090 + index}\n`,
    'actsFor: { roles: [analyst] }\n',
    definition.name === 'say'
      ? 'actions: { say:soft: { callers: [door] }, say:loud: { callers: [] } }\n'
      : 'apiClients: [mesh-cli]\n',
  ].join(''),
}));

let mesh: RunningAgents;

beforeAll(async () => {
  mesh = await RunningAgents.start(under, {
    onLine: ({ event, agent, side, msg, correlation_id: id }) => {
      const who = String(agent);
      if (event === 'handshake' && side === 'server') happened('TLS identity', who);
      if (event === 'request')
        order.push({ agent: who, what: `log line ${String(msg)}`, id: String(id) });
    },
  });
  const { directory } = mesh;
  const mayCall = directory.mayCall.bind(directory);
  jest.spyOn(directory, 'mayCall').mockImplementation((agent, action, caller) => {
    const allowed = mayCall(agent, action, caller);
    // Before the request's context is entered it is the refusal that needs no body, after it the guard.
    happened(`${currentContext() ? 'caller' : 'refusal'} ${action} ${allowed}`, agent);
    return allowed;
  });
  before(People.prototype, 'authenticate', 'sign-in');
  before(SignedInGuard.prototype, 'canActivate', 'sign-in guard');
  before(TokenClient.prototype, 'issue', 'first token');
  before(CallerIdentityGuard.prototype, 'canActivate', 'caller guard');
  before(DelegationGuard.prototype, 'canActivate', 'delegation guard');
  before(TxnTokenVerifier.prototype, 'verify', 'token');
  before(TxnToken.prototype, 'assertScope', 'scope');
  before(directory.exchangePolicy, 'mayActFor', 'person');
  before(RequestNonceGuard.prototype, 'canActivate', 'nonce');
  before(AnswerSigner.prototype, 'sign', 'signing');
  for (const name of ['door', 'say']) {
    before(mesh.agent(name).app.get(MeshMetrics, { strict: false }), 'request', 'metrics');
  }
});
afterAll(() => mesh.close());
beforeEach(() => {
  order = [];
});

const ID = 'ordered-question';
const HEADERS = { 'content-type': 'application/json', 'x-correlation-id': ID };

function steps(agent: string): string[] {
  return order.filter((step) => step.agent === agent).map(({ what }) => what);
}

async function isOver(agent: string): Promise<void> {
  while (!steps(agent).some((what) => what.startsWith('log line'))) {
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** By an agent, with a token for whatever the test is not about. */
async function say(
  who: string,
  body: object,
  { headers = {}, scope = 'say:soft', roles = ['analyst'], details = body } = {},
): Promise<number> {
  const pool = await mesh.poolAs(who, 'say');
  const response = await pool.request({
    method: 'POST',
    path: '/say',
    headers: {
      ...HEADERS,
      ...(await mesh.delegation(who, scope, { roles, details: { ...details } })),
      ...headers,
    },
    body: JSON.stringify(body),
  });
  await text(response.body);
  await isOver('say');
  return response.status;
}

/** By a person. */
async function ask(body: object, bearer: string | undefined): Promise<number> {
  order = [];
  const response = await request(`${mesh.agent('door').url}/say`, {
    method: 'POST',
    headers: { ...HEADERS, ...(bearer ? { authorization: `Bearer ${bearer}` } : {}) },
    body: JSON.stringify(body),
  });
  await response.body.text();
  await isOver('door');
  return response.statusCode;
}

const soft = { text: 'soft' };
const BEFORE = ['TLS identity', 'refusal say:soft true', 'contract guard', 'sign-in guard'];
const CALLER = ['caller guard', 'caller say:soft true'];
const refused = (status: number) => ['answer', 'metrics', `log line POST /say ${status}`];

describe('the order inside an agent (docs/architecture.md)', () => {
  it('of a request that is served', async () => {
    expect(await say('door', soft)).toBe(200);
    expect(steps('say')).toEqual([
      ...BEFORE,
      ...CALLER,
      'delegation guard',
      'token',
      'scope',
      'person',
      'nonce',
      'handler',
      'signing',
      'handler is done',
      'answer',
      'metrics',
      'log line POST /say 200',
    ]);
    // From its context on, each step knows whose it is.
    const known = order.filter(({ what }) => !/^TLS identity|^refusal/.test(what));
    expect(new Set(known.map(({ id }) => id))).toEqual(new Set([ID]));
  });

  it('of one that is served as events: signed before its last one leaves', async () => {
    expect(await say('door', soft, { headers: { accept: 'text/event-stream' } })).toBe(200);
    expect(steps('say').slice(steps('say').indexOf('nonce'))).toEqual([
      'nonce',
      'handler',
      'answer',
      'signing',
      'handler is done',
      'metrics',
      'log line POST /say 200',
    ]);
  });

  it('of one of a stranger: refused before its body is parsed', async () => {
    expect(await say('stranger', soft)).toBe(403);
    expect(steps('say')).toEqual([
      'TLS identity',
      'refusal say:soft false',
      'refusal say:loud false',
      'metrics',
      'log line POST /say 403',
    ]);
  });

  it('of one outside its contract: no guard picks an action from it', async () => {
    expect(await say('door', { text: 7 }, { details: {} })).toBe(400);
    expect(steps('say')).toEqual([...BEFORE.slice(0, 3), ...refused(400)]);
  });

  it('of one for an action that the caller may not do: its token is not looked at', async () => {
    expect(await say('door', { text: 'loud' }, { scope: 'say:loud' })).toBe(403);
    expect(steps('say')).toEqual([
      ...BEFORE,
      'caller guard',
      'caller say:loud false',
      ...refused(403),
    ]);
  });

  it.each([
    ['without a token', { headers: { 'txn-token': '' } }, 401, ['token']],
    ['without the scope', { scope: 'say:loud' }, 403, ['token', 'scope']],
    ['for a person that is not served', { roles: ['guest'] }, 403, ['token', 'scope', 'person']],
    ['for something else', { details: { text: 'x' } }, 403, ['token', 'scope', 'person']],
  ])('of one %s: its nonce is not taken', async (_what, options, status, checks) => {
    expect(await say('door', soft, options)).toBe(status);
    expect(steps('say')).toEqual([
      ...BEFORE,
      ...CALLER,
      'delegation guard',
      ...checks,
      ...refused(status),
    ]);
  });

  it('of one whose nonce is none: no handler runs', async () => {
    expect(await say('door', soft, { headers: { 'request-nonce': 'x' } })).toBe(400);
    expect(steps('say').slice(-4)).toEqual(['nonce', ...refused(400)]);
  });

  it('of a person who is served: signed in before the body is read, delegated before the nonce', async () => {
    expect(await ask(soft, await mesh.signIn('analyst', 'say:soft'))).toBe(200);
    expect(steps('door')).toEqual([
      'sign-in',
      'person',
      'contract guard',
      'sign-in guard',
      'first token',
      // That of the token service, which is believed no more than anybody's.
      'token',
      'caller guard',
      'delegation guard',
      'nonce',
      'handler',
      'handler is done',
      'signing',
      'answer',
      'metrics',
      'log line POST /say 200',
    ]);
    // The whole of the other agent lies within the handler.
    const all = order.map(({ agent, what }) => `${agent} ${what}`);
    expect(all.indexOf('say contract guard')).toBeGreaterThan(all.indexOf('door handler'));
    expect(all.indexOf('say signing')).toBeLessThan(all.indexOf('door handler is done'));
  });

  it('of one who is not signed in: refused before the body is parsed', async () => {
    expect(await ask(soft, undefined)).toBe(401);
    expect(steps('door')).toEqual(['sign-in', 'metrics', 'log line POST /say 401']);
  });

  it('of one without the scope: no token is asked for', async () => {
    expect(await ask({ text: 'loud' }, await mesh.signIn('analyst', 'say:soft'))).toBe(403);
    expect(steps('door')).toEqual([
      'sign-in',
      'person',
      'contract guard',
      'sign-in guard',
      ...refused(403),
    ]);
  });
});
