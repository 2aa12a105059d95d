import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Body, Controller, HttpCode, Module, Post } from '@nestjs/common';
import { IsInt, IsString } from 'class-validator';
import { defineAgent } from '@mesh/agent/nest';
import type { AgentEvent } from '@mesh/contracts';
import { delegationOf } from '@mesh/delegation';
import { DelegatedUser, type DelegatedPerson } from '@mesh/delegation/nest';
import type { MtlsPool } from '@mesh/identity';
import { Action, Caller } from '@mesh/identity/nest';
import type { PeerIdentity } from '@mesh/identity';
import { currentAgent, requireContext, type Logger } from '@mesh/observability';
import { LOGGER } from '@mesh/observability/nest';
import { Inject } from '@nestjs/common';
import { RunningAgents } from '../kit/running-agents.js';

class WorkRequest {
  @IsString()
  id!: string;

  @IsInt()
  turns!: number;
}

/** Handlers that run now. */
let running = 0;
let began: () => void = () => undefined;
let release: Promise<void> = Promise.resolve();

@Controller()
class WorkController {
  constructor(@Inject(LOGGER) private readonly logger: Logger) {}

  /** Waits in every way there is, and says each time whose request it believes to serve. */
  @Post('work')
  @HttpCode(200)
  @Action('work:do', { delegated: false })
  async *work(
    @Body() { id, turns }: WorkRequest,
    @Caller() caller: PeerIdentity,
  ): AsyncGenerator<AgentEvent<object>> {
    running += 1;
    try {
      const seen = new Set<string>();
      const look = () => {
        const { correlationId, caller } = requireContext();
        seen.add(`${correlationId} ${caller?.spiffeId} ${currentAgent()?.agent}`);
        this.logger.info({ name: id }, 'worked');
      };
      look();
      yield { type: 'text', text: 'x'.repeat(20_000) };
      for (let number = 0; number < turns; number++) {
        await (number % 3 === 0 ? turn() : number % 3 === 1 ? sleep(1) : Promise.resolve());
        look();
        yield { type: 'text', text: 'x'.repeat(20_000) };
      }
      yield { type: 'done', result: { id, seen: [...seen], caller: caller.id.toString() } };
    } finally {
      running -= 1;
    }
  }

  /** The same, on behalf of somebody. */
  @Post('work-for')
  @HttpCode(200)
  @Action('work:for')
  async *workFor(
    @Body() { turns }: WorkRequest,
    @DelegatedUser() user: DelegatedPerson,
  ): AsyncGenerator<AgentEvent<object>> {
    const seen = new Set<string>();
    for (let number = 0; number < turns; number++) {
      const context = requireContext();
      const { txn, userId } = context.delegation!;
      seen.add(`${txn} ${userId} ${user.userId} ${delegationOf(context)!.txn}`);
      this.logger.info({ name: txn }, 'worked');
      await (number % 2 === 0 ? turn() : sleep(1));
      yield { type: 'text', text: 'x'.repeat(20_000) };
    }
    yield { type: 'done', result: { seen: [...seen] } };
  }

  /** Pays no heed to its signal. */
  @Post('deaf')
  @HttpCode(200)
  @Action('work:do', { delegated: false })
  async *deaf(@Body() { turns }: WorkRequest): AsyncGenerator<AgentEvent<object>> {
    for (let number = 0; number < turns; number++) yield { type: 'text', text: 'a' };
    began();
    await release;
    yield { type: 'done', result: {} };
  }

  @Post('deaf-json')
  @HttpCode(200)
  @Action('work:do', { delegated: false })
  async deafJson(@Body() _request: WorkRequest): Promise<object> {
    began();
    await release;
    return { done: true };
  }
}

@Module({ controllers: [WorkController] })
class WorkModule {}
@Module({})
class CallerModule {}

const file = `
name: worker
identity: /ns/agents/sa/worker
port: 4090
actions:
  work:do: { callers: [anna, bert], delegated: false }
  work:for: { callers: [anna, bert] }
actsFor: { roles: [analyst] }
limits: { bodyBytes: 2048, deadlineMs: 20000 }
`;

let mesh: RunningAgents;
let pools: Record<'anna' | 'bert', MtlsPool>;
const troubles: unknown[] = [];
const trouble = (what: unknown) => troubles.push(what);

beforeAll(async () => {
  process.on('unhandledRejection', trouble).on('warning', trouble);
  mesh = await RunningAgents.start([
    {
      definition: defineAgent({ name: 'worker', listener: 'peers', module: () => WorkModule }),
      file,
    },
    ...['anna', 'bert'].map((name, index) => ({
      definition: defineAgent({ name, listener: 'peers' as const, module: () => CallerModule }),
      file: `{ name: ${name}, identity: /ns/agents/sa/${name}, port: ${4091 + index} }`,
    })),
  ]);
  pools = {
    anna: await mesh.poolAs('anna', 'worker'),
    bert: await mesh.poolAs('bert', 'worker'),
  };
});
afterAll(async () => {
  await mesh.close();
  process.off('unhandledRejection', trouble).off('warning', trouble);
});
beforeEach(() => {
  mesh.log.length = 0;
  troubles.length = 0;
});
afterEach(() => {
  expect(troubles).toEqual([]);
});

function post(
  who: 'anna' | 'bert',
  path: string,
  body: { id: string; turns: number },
  headers: Record<string, string> = {},
  signal?: AbortSignal,
) {
  return pools[who].request({
    method: 'POST',
    path,
    headers: {
      'content-type': 'application/json',
      accept: 'application/json',
      'x-correlation-id': body.id,
      ...headers,
    },
    body: JSON.stringify(body),
    ...(signal ? { signal } : {}),
  });
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await turn();
}

/** The line is written when the response is over, a moment after the client has it. */
async function requestLine(id: string): Promise<Record<string, unknown>> {
  for (;;) {
    const line = lines('request').find(({ correlation_id }) => correlation_id === id);
    if (line) return line;
    await turn();
  }
}

const lines = (event: string) => mesh.log.filter((line) => line['event'] === event);

describe('200 requests at a time', () => {
  it.each(['application/json', 'text/event-stream'])(
    'keep apart whose they are, as %s',
    async (accept) => {
      const callers = ['anna', 'bert'] as const;
      await Promise.all(
        Array.from({ length: 200 }, async (_, number) => {
          const who = callers[number % 2]!;
          const id = `${who}-${String(number).padStart(4, '0')}`;
          const response = await post(who, '/work', { id, turns: 6 }, { accept });
          const body = await text(response.body);
          const last = accept === 'application/json' ? body : body.split('data: ').at(-1)!;
          expect(JSON.parse(last)).toEqual({
            id,
            caller: `spiffe://mesh.test/ns/agents/sa/${who}`,
            seen: [`${id} spiffe://mesh.test/ns/agents/sa/${who} worker`],
          });
        }),
      );
      await until(() => lines('request').length === 200);
      const spoken = mesh.log.filter(({ correlation_id: id }) => id !== undefined);
      expect(spoken.length).toBe(200 * 8);
      for (const { agent, spiffe_id, correlation_id, caller_spiffe_id, name } of spoken) {
        expect({ agent, spiffe_id, caller_spiffe_id }).toEqual({
          agent: 'worker',
          spiffe_id: 'spiffe://mesh.test/ns/agents/sa/worker',
          caller_spiffe_id: `spiffe://mesh.test/ns/agents/sa/${String(correlation_id).slice(0, 4)}`,
        });
        if (name !== undefined) expect(name).toBe(correlation_id);
      }
      expect(running).toBe(0);
    },
  );

  it.each(['application/json', 'text/event-stream'])(
    'keep apart on whose behalf they are, as %s',
    async (accept) => {
      const tokens = await Promise.all(
        Array.from({ length: 200 }, (_, number) =>
          mesh.tokenFor(number % 2 === 0 ? 'anna' : 'bert', 'work:for', {
            subject: String(number),
          }),
        ),
      );
      await Promise.all(
        tokens.map(async (token, number) => {
          const { txn, userId } = token;
          const response = await post(
            number % 2 === 0 ? 'anna' : 'bert',
            '/work-for',
            { id: `for-${txn}`, turns: 6 },
            {
              accept,
              'txn-token': token.reveal(),
              'request-nonce': randomBytes(16).toString('base64url'),
            },
          );
          const body = await text(response.body);
          const last = accept === 'application/json' ? body : body.split('data: ').at(-1)!;
          const { seen } = JSON.parse(last) as { seen: string[] };
          expect(seen).toEqual([`${txn} ${userId} ${userId} ${txn}`]);
        }),
      );
      await until(() => lines('request').length === 200);
      const spoken = mesh.log.filter(({ correlation_id: id }) => id !== undefined);
      expect(spoken.length).toBe(200 * 7);
      expect(new Set(spoken.map(({ user_id }) => user_id)).size).toBe(200);
      for (const { correlation_id, txn, name, actors, caller_spiffe_id } of spoken) {
        expect(correlation_id).toBe(`for-${String(txn)}`);
        if (name !== undefined) expect(name).toBe(txn);
        expect(actors).toEqual([caller_spiffe_id]);
      }
    },
  );

  it('of callers who leave at any point end, each with one line, and harm nobody', async () => {
    // A fixed seed, so that a failure can be had again.
    let seed = 4711;
    const random = () => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647;
    await Promise.all(
      Array.from({ length: 200 }, async (_, number) => {
        const id = `fuzz-${String(number).padStart(4, '0')}`;
        const controller = new AbortController();
        const accept = random() < 0.5 ? 'application/json' : 'text/event-stream';
        const patience = Math.floor(random() * 40);
        const reads = random() < 0.5;
        const outcome = post('anna', '/work', { id, turns: 10 }, { accept }, controller.signal)
          .then(({ body }): Promise<unknown> => (reads ? text(body) : once(body, 'close')))
          .catch(() => 'left');
        await sleep(patience);
        controller.abort();
        await outcome;
      }),
    );
    // Whoever left while waiting for a connection was never heard of.
    await until(() => running === 0);
    const response = await post('anna', '/work', { id: 'after-all', turns: 1 });
    expect(response.status).toBe(200);
    await response.body.dump();
    await requestLine('after-all');
    const ids = lines('request').map((line) => line['correlation_id']);
    expect(new Set(ids).size).toBe(ids.length);
    expect(lines('error')).toEqual([]);
    const outcomes = new Set(lines('request').map((line) => line['outcome']));
    expect([...outcomes].sort()).toEqual(['aborted', 'ok']);
  });
});

describe('a handler that pays no heed to its signal', () => {
  let go: () => void;
  beforeEach(() => {
    release = new Promise((resolve) => (go = resolve));
  });
  afterEach(() => go());

  it.each(['/deaf', '/deaf-json'])('%s is answered at the deadline', async (path) => {
    const response = await post(
      'anna',
      path,
      { id: 'deaf-0001', turns: 1 },
      { 'deadline-ms': '50' },
    );
    expect(response.status).toBe(504);
    expect(JSON.parse(await text(response.body))).toMatchObject({ code: 'ERR_DEADLINE_EXCEEDED' });
  });

  it('has its stream ended at the deadline', async () => {
    const headers = { 'deadline-ms': '50', accept: 'text/event-stream' };
    const response = await post('anna', '/deaf', { id: 'deaf-0002', turns: 1 }, headers);
    expect(response.status).toBe(200);
    const body = await text(response.body);
    expect(body).toMatch(/^event: text\n[^]*\nevent: error\ndata: .*ERR_DEADLINE_EXCEEDED/);
    const line = await requestLine('deaf-0002');
    expect(line).toMatchObject({
      status: 200,
      outcome: 'error',
      code: 'ERR_DEADLINE_EXCEEDED',
    });
  });

  it('ends for its agent when its caller leaves', async () => {
    const controller = new AbortController();
    const begun = new Promise<void>((resolve) => (began = resolve));
    const work = post('anna', '/deaf', { id: 'deaf-0003', turns: 0 }, {}, controller.signal);
    await begun;
    controller.abort();
    await expect(work).rejects.toThrow();
    const line = await requestLine('deaf-0003');
    expect(line).toMatchObject({ status: 499, outcome: 'aborted' });
  });
});

// The last: it stops the agent.
describe('an agent that stops', () => {
  it('finishes what it began, ends streams, and refuses what is new as safe to repeat', async () => {
    let go: () => void = () => undefined;
    release = new Promise((resolve) => (go = resolve));
    const begun = new Promise<void>((resolve) => (began = resolve));
    const json = post('anna', '/deaf-json', { id: 'stops-json', turns: 0 });
    await begun;
    const stream = await post(
      'bert',
      '/deaf',
      { id: 'stops-stream', turns: 1 },
      { accept: 'text/event-stream' },
    );
    await once(stream.body, 'readable');

    const start = performance.now();
    const closed = mesh.agent('worker').close();
    expect(await text(stream.body)).toContain('ERR_AGENT_STOPPING');
    const refused = await post('bert', '/work', { id: 'stops-late', turns: 1 });
    expect(refused.status).toBe(503);
    expect(refused.headers).toMatchObject({ 'retry-after': '1', connection: 'close' });
    expect(JSON.parse(await text(refused.body))).toMatchObject({ code: 'ERR_AGENT_STOPPING' });

    go();
    const answer = await json;
    expect(answer.status).toBe(200);
    expect(answer.headers['connection']).toBe('close');
    expect(JSON.parse(await text(answer.body))).toEqual({ done: true });
    await closed;
    // Not after the 5 s that it would have waited.
    expect(performance.now() - start).toBeLessThan(3_000);
    expect(mesh.log.at(-1)).toMatchObject({ event: 'agent.stopped', agent: 'worker' });
    await mesh.agent('worker').close();
  });
});
