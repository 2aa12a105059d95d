import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { request } from 'undici';
import { AGENT_CONTEXT, defineAgent, type AgentContext } from '@mesh/agent/nest';
import { RunningAgents } from '../kit/running-agents.js';
import { agentsUnderTest, ScriptedModel, ScriptedSearch } from './agents-under-test.js';

interface Signed {
  answer: string;
  article: string;
  requests: { digest: string }[];
  statements: string[];
  [name: string]: unknown;
}
type Change = (body: string) => string;

/** What becomes of the last event of an agent before it leaves. */
const changes = new Map<string, Change>();
/** The last event of each agent's last answer, as it was signed. */
const signed = new Map<string, string>();
const model = new ScriptedModel();
const { draft } = model;

let mesh: RunningAgents;
let bearer: string;

function startWith(breakerVolume: number): Promise<RunningAgents> {
  return RunningAgents.start(
    agentsUnderTest({ search: new ScriptedSearch(), model }).map(({ definition, file }) => ({
      file,
      definition: defineAgent({
        ...definition,
        configure: async (app, context) => {
          await definition.configure?.(app, context);
          if (definition.listener === 'people') return;
          const fastify = app.getHttpAdapter().getInstance();
          fastify.addHook('onSend', (_request, _reply, payload, done) => {
            const changed =
              payload instanceof Readable ? underway(definition.name, payload) : payload;
            done(null, changed);
          });
        },
      }),
    })),
    {
      env: Object.fromEntries(
        ['RESEARCHER', 'WRITER'].map((name) => [
          `MESH_RESILIENCE_${name}_BREAKER_VOLUME_THRESHOLD`,
          String(breakerVolume),
        ]),
      ),
    },
  );
}

beforeAll(async () => {
  mesh = await startWith(1_000);
  bearer = await mesh.signIn('analyst', 'research:fast draft:write');
});
afterAll(() => mesh.close());
beforeEach(() => {
  changes.clear();
  model.draft = draft;
  mesh.log.length = 0;
});

/** A stream of events, with the data of its `done` changed. */
function underway(agent: string, payload: Readable): Readable {
  return Readable.from(
    (async function* () {
      const [before, done, after] = (await text(payload)).split(/(?<=event: done\ndata: )(.*)/);
      yield before;
      if (done === undefined) return;
      signed.set(agent, done);
      yield `${(changes.get(agent) ?? String)(done)}${after}`;
    })(),
  );
}

const json =
  (change: (answer: Signed) => void): Change =>
  (body) => {
    const answer = JSON.parse(body) as Signed;
    change(answer);
    return JSON.stringify(answer);
  };

async function ask(accept: string, of = mesh, token = bearer) {
  const response = await request(`${of.agent('gateway').url}/v1/research`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      authorization: `Bearer ${token}`,
      accept,
    },
    body: JSON.stringify({ question: 'What is an SVID?' }),
  });
  return { status: response.statusCode, body: await response.body.text() };
}

function eventsOf(body: string): [type: string, data: Record<string, unknown>][] {
  return [...body.matchAll(/^event: (.*)\ndata: (.*)$/gm)].map(([, type, data]) => [
    type!,
    JSON.parse(data!) as Record<string, unknown>,
  ]);
}

const refusals = () => mesh.log.filter(({ event }) => event === 'answer.refused');

/** What the changed answers say, so that nobody misses it where it is shown. */
const PLANTED = 'planted';

const CHANGES: [what: string, change: Change, code: string][] = [
  [
    'without statements',
    json((answer) => delete (answer as Partial<Signed>).statements),
    'ERR_ANSWER_UNSIGNED',
  ],
  ['with none of them', json((answer) => (answer.statements = [])), 'ERR_ANSWER_UNSIGNED'],
  [
    'without its requests',
    json((answer) => delete (answer as Partial<Signed>).requests),
    'ERR_ANSWER_CONTENT',
  ],
  [
    'with another text',
    json((answer) => (answer.answer = answer.article = PLANTED)),
    'ERR_ANSWER_CONTENT',
  ],
  ['with a member more', json((answer) => (answer['more'] = PLANTED)), 'ERR_ANSWER_CONTENT'],
  [
    'with a member twice',
    (body) => body.replace('{', `{"answered":true,`),
    'ERR_ANSWER_JSON_DUPLICATE_MEMBER',
  ],
  [
    'with another signature',
    json(({ statements }) => {
      const [own] = statements;
      statements[0] = `${own!.slice(0, own!.lastIndexOf('.'))}.${'A'.repeat(86)}`;
    }),
    'ERR_ANSWER_SIGNATURE',
  ],
  [
    'with a statement twice',
    json(({ statements, requests }) => {
      statements.push(statements[0]!);
      requests.push(requests[0]!);
    }),
    'ERR_ANSWER_STATEMENT_TWICE',
  ],
  [
    'to another request',
    json(({ requests }) => (requests[0]!.digest = 'A'.repeat(43))),
    'ERR_ANSWER_CONTENT',
  ],
];

describe.each(['researcher', 'writer'])('an answer of the %s', (peer) => {
  const caller = peer === 'researcher' ? 'gateway' : 'researcher';

  function expectRefused(code: string): void {
    expect(refusals()).toEqual([
      expect.objectContaining({
        level: 'warn',
        agent: caller,
        peer,
        code,
        user_id: expect.any(String),
        txn: expect.any(String),
      }),
    ]);
    expect(JSON.stringify(mesh.log)).not.toContain(PLANTED);
    const { refusals: last } = mesh
      .agent(caller)
      .app.get<AgentContext>(AGENT_CONTEXT, { strict: false });
    expect(last.list()[0]).toEqual({
      at: expect.any(String),
      code,
      peer: mesh.agent(peer).spiffeId,
      correlationId: refusals()[0]!['correlation_id'],
    });
  }

  it('that nobody changed is delivered', async () => {
    expect((await ask('application/json')).status).toBe(200);
    const events = eventsOf((await ask('text/event-stream')).body);
    expect(events.map(([type]) => type)).toEqual([
      'progress',
      'sources',
      'progress',
      'text',
      'done',
    ]);
    expect(refusals()).toEqual([]);
  });

  it.each(CHANGES)('%s is 502 for the person, and not shown', async (_what, change, code) => {
    changes.set(peer, change);
    const { status, body } = await ask('application/json');
    expect(status).toBe(502);
    const problem = JSON.parse(body) as Record<string, unknown>;
    expect(problem['code']).toBe(code);
    expect(body).not.toContain(PLANTED);
    expect(body).not.toContain('A document');
    expectRefused(code);
  });

  it.each(CHANGES)('%s withdraws what was shown of it as events', async (_what, change, code) => {
    changes.set(peer, change);
    const { status, body } = await ask('text/event-stream');
    expect(status).toBe(200);
    const events = eventsOf(body);
    expect(events.map(([type]) => type)).toEqual([
      'progress',
      'sources',
      'progress',
      'text',
      'error',
    ]);
    expect(events.find(([type]) => type === 'text')![1]).toEqual({
      text: 'A document. ',
      inProgress: true,
    });
    expect(events.at(-1)![1]).toMatchObject({
      status: 502,
      code,
      withdrawn: true,
    });
    expect(body).not.toContain(PLANTED);
    expectRefused(code);
  });

  it('of before, to the very same question, is none to this one', async () => {
    await ask('application/json');
    const old = signed.get(peer)!;
    changes.set(peer, () => old);
    const { status, body } = await ask('application/json');
    expect(status).toBe(502);
    expect(JSON.parse(body)).toMatchObject({ code: 'ERR_ANSWER_TXN' });
    expectRefused('ERR_ANSWER_TXN');
  });

  it('withdraws nothing where no text was shown', async () => {
    model.draft = async function* (...args) {
      for await (const chunk of draft.apply(model, args)) if (chunk.type === 'done') yield chunk;
    };
    changes.set(
      peer,
      json((answer) => (answer.statements = [])),
    );
    const events = eventsOf((await ask('text/event-stream')).body);
    expect(events.map(([type]) => type)).toEqual(['progress', 'sources', 'progress', 'error']);
    expect(events.at(-1)![1]).not.toHaveProperty('withdrawn');
  });
});

describe('statements of the agents behind the one that was called', () => {
  it.each<[string, Change, string]>([
    [
      'cannot be left out',
      json(({ statements, requests }) => {
        statements.pop();
        requests.pop();
      }),
      'ERR_ANSWER_INPUT_MISSING',
    ],
    ['cannot change places', json(({ statements }) => statements.reverse()), 'ERR_ANSWER_ORDER'],
    ['are no answer of their own', () => signed.get('writer')!, 'ERR_ANSWER_ROOT'],
  ])('%s', async (_what, change, code) => {
    changes.set('researcher', change);
    const { status, body } = await ask('application/json');
    expect(status).toBe(502);
    expect(JSON.parse(body)).toMatchObject({ code });
    expect(refusals()).toHaveLength(1);
  });
});

describe('a peer whose answers do not hold', () => {
  it('is left alone, like one that fails; the agent that was not told so is not', async () => {
    const other = await startWith(3);
    try {
      const token = await other.signIn('analyst', 'research:fast draft:write');
      const codes: unknown[] = [];
      changes.set(
        'writer',
        json((answer) => (answer.statements = [])),
      );
      for (let time = 0; time < 4; time++) {
        const { body } = await ask('application/json', other, token);
        codes.push((JSON.parse(body) as Record<string, unknown>)['code']);
      }
      expect(codes).toEqual([...Array<string>(3).fill('ERR_ANSWER_UNSIGNED'), 'ERR_BREAKER_OPEN']);
      // The researcher is no worse for the writer's answers.
      const opened = other.log.filter(({ event }) => event === 'breaker');
      expect(opened).toEqual([expect.objectContaining({ agent: 'researcher', name: 'writer' })]);
    } finally {
      await other.close();
    }
  });
});
