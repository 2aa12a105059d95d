import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { TxnTokenVerifier } from '@mesh/delegation';
import { LOG_EVENTS, LOG_FIELDS } from '@mesh/observability';
import { FileSecretSource, Secret } from '@mesh/secrets';
import { exchange } from '../kit/raw-http.js';
import { RunningAgents } from '../kit/running-agents.js';
import { GeminiSimulator } from '../simulators/gemini.js';
import { agentsUnderTest, ScriptedModel, ScriptedSearch } from './agents-under-test.js';

/** Stands in everything that must not get into a log: question, documents, answer, headers, key, paths. */
const MARKER = 'pl4nted';
const KEY = `AIza-${MARKER}-key`;
const AGENTS = ['gateway', 'researcher', 'writer', 'tts'];
const SCOPE = 'research:fast research:deep draft:write';

let documents: string;
let gemini: GeminiSimulator;
let mesh: RunningAgents;
let bearer: string;
/** Every transaction token that an agent looked at. */
const tokens = new Set<string>();
/** Every error body that a caller was given. */
const problems: string[] = [];
/** Of each agent, after all that. */
const metrics: string[] = [];
const health: string[] = [];

const ISSUER = 'spiffe://mesh.test/ns/mesh/sa/issuer';
const idOf = (name: string) => `spiffe://mesh.test/ns/agents/sa/${name}`;

async function ask(
  body: string,
  headers: Record<string, string> = {},
  signal?: AbortSignal,
): Promise<string> {
  const response = await fetch(`${mesh.agent('gateway').url}/v1/research?q=${MARKER}`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      authorization: `Bearer ${bearer}`,
      cookie: `session=${MARKER}`,
      'x-anything': MARKER,
      'user-agent': MARKER,
      referer: `http://localhost/${MARKER}`,
      'x-forwarded-for': MARKER,
      tracestate: `vendor=${MARKER}`,
      baggage: `question=${MARKER}`,
      ...headers,
    },
    body,
    ...(signal ? { signal } : {}),
  });
  const answer = await response.text();
  if (!response.ok) problems.push(answer);
  if (answer.includes('event: error')) problems.push(answer.split('event: error')[1]!);
  return answer;
}

const question = (more: object = {}) =>
  JSON.stringify({ question: `When does the ${MARKER} harbour open?`, ...more });

beforeAll(async () => {
  const { verify } = TxnTokenVerifier.prototype;
  jest.spyOn(TxnTokenVerifier.prototype, 'verify').mockImplementation(function (
    this: TxnTokenVerifier,
    text,
    peer,
  ) {
    tokens.add(text);
    return verify.call(this, text, peer);
  });
  documents = mkdtempSync(join(tmpdir(), 'documents-'));
  writeFileSync(
    join(documents, 'harbour.md'),
    `# Harbour ${MARKER}\n\nThe ${MARKER} harbour opens at six.\n`,
  );
  gemini = await GeminiSimulator.start(KEY);
  mesh = await RunningAgents.start(agentsUnderTest(), {
    env: {
      MESH_DOCUMENTS: documents,
      MESH_MODEL: 'gemini',
      MESH_GEMINI_URL: gemini.baseUrl,
      MESH_RESILIENCE_GEMINI_BREAKER_VOLUME_THRESHOLD: '1000',
      MESH_RESILIENCE_GEMINI_RETRIES: '1',
      MESH_RESILIENCE_GEMINI_BACKOFF_BASE_MS: '1',
      MESH_RESILIENCE_GEMINI_BACKOFF_MAX_MS: '1',
    },
  });
  await new FileSecretSource(join(mesh.folder, 'secrets')).set('gemini', new Secret(KEY));
  bearer = await mesh.signIn('analyst', SCOPE);

  // What goes well.
  const served = await ask(question(), { 'x-correlation-id': 'followed-question' });
  expect(served).toContain(MARKER);
  expect(await ask(question({ depth: 'deep' }), { accept: 'text/event-stream' })).toContain(
    'event: done',
  );
  mesh.authority.rotateSvids();

  // What goes wrong, at each agent.
  await ask(question(), { authorization: `Bearer ${MARKER}` });
  await ask(question(), { authorization: `Basic ${MARKER}` });
  await ask(question(), { authorization: `Bearer ${bearer.slice(0, -4)}AAAA` });
  await ask(question(), { authorization: `Bearer ${await mesh.signIn('reader', 'draft:write')}` });
  await ask(question(), {
    authorization: `Bearer ${await mesh.signIn('analyst', 'research:fast')}`,
  });
  await ask(question(), { 'request-nonce': MARKER });
  await ask(`{"question":"${MARKER}`);
  await ask(`${MARKER}`);
  await ask(question({ depth: MARKER }));
  await ask(JSON.stringify({ question: [MARKER] }));
  await ask(`question=${MARKER}`, { 'content-type': `text/${MARKER}` });
  await ask(question(), { 'deadline-ms': MARKER });
  await ask(question(), { accept: `text/${MARKER}` });
  await ask(question(), { 'x-correlation-id': `${MARKER} not well formed` });
  await ask(question(), { traceparent: MARKER });
  for (const fault of [
    { kind: 'status', status: 500 },
    { kind: 'status', status: 429, details: [{ reason: MARKER }] },
    { kind: 'garbage', body: MARKER },
    { kind: 'prompt-blocked', reason: MARKER },
    { kind: 'finish', reason: MARKER },
    { kind: 'reset-in-body' },
  ] as const) {
    gemini.failAlways(fault);
    await ask(question());
    await ask(question(), { accept: 'text/event-stream' });
  }
  gemini.failAlways({ kind: 'hang' });
  await ask(question(), { 'deadline-ms': '100' });
  const leaving = new AbortController();
  gemini.onCall = () => leaving.abort();
  await ask(question(), {}, leaving.signal).catch(() => undefined);
  gemini.failAlways(undefined);
  for (const request of [
    `GET /${MARKER} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`,
    `GET /docs HTTP/1.1\r\nHost: ${MARKER}\r\n\r\n`,
    `GET /%zz${MARKER} HTTP/1.1\r\nHost: localhost\r\n\r\n`,
    `${MARKER}\r\n\r\n`,
    `GET / HTTP/1.1\r\nHost: localhost\r\n${MARKER}\u0000: x\r\n\r\n`,
  ]) {
    problems.push((await exchange(mesh.agent('gateway').url, request)).split('\r\n\r\n')[1]!);
  }
  for (const name of ['researcher', 'writer']) {
    const stranger = await mesh.poolAs('stranger', name);
    const refused = await stranger.request({
      method: 'POST',
      path: `/v1/${MARKER}`,
      headers: { 'content-type': 'application/json', 'x-anything': MARKER },
      body: MARKER,
    });
    problems.push(await text(refused.body));
  }
  const draft = { question: MARKER, notes: [], sources: [] };
  const asResearcher = await mesh.poolAs('researcher', 'writer');
  const delegation = await mesh.delegation('researcher', 'draft:write', { through: ['gateway'] });
  for (const [headers, body] of [
    [delegation, { ...draft, notes: MARKER, sources: [{ id: MARKER }] }],
    [{}, draft],
    [{ ...delegation, 'txn-token': MARKER }, draft],
    [{ ...delegation, 'txn-token': `${delegation['txn-token']!.slice(0, -4)}AAAA` }, draft],
    [await mesh.delegation('researcher', 'research:fast', { through: ['gateway'] }), draft],
    [await mesh.delegation('gateway', 'draft:write'), draft],
    [{ ...delegation, 'request-nonce': MARKER }, draft],
  ] as const) {
    const direct = await asResearcher.request({
      method: 'POST',
      path: '/v1/drafts',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });
    expect(direct.status).toBeGreaterThanOrEqual(400);
    problems.push(await text(direct.body));
  }
  for (const name of AGENTS) {
    const { managementUrl } = mesh.agent(name);
    metrics.push(await (await fetch(`${managementUrl}/metrics`)).text());
    health.push(await (await fetch(`${managementUrl}/health`)).text());
  }
  // A request's line is written when it is over, and the agents end with their last request.
  await mesh.close();
});
afterAll(async () => {
  await mesh.close();
  await gemini.close();
  rmSync(documents, { recursive: true, force: true });
});

describe('a full run', () => {
  it('was one in which all happened that is looked for', () => {
    const events = new Set(mesh.log.map(({ event }) => event));
    expect([...events]).toEqual(
      expect.arrayContaining([
        'request',
        'handshake',
        'svid.received',
        'error',
        'retry',
        'agent.ready',
      ]),
    );
    const outcomes = mesh.log
      .filter(({ event }) => event === 'request')
      .map((line) => line['outcome']);
    expect(new Set(outcomes)).toEqual(new Set(['ok', 'error', 'aborted']));
    expect(problems.length).toBeGreaterThan(20);
    expect(gemini.calls.some(({ headers }) => headers['x-goog-api-key'] === KEY)).toBe(true);
  });

  it('leaves no question, document, answer, header, path or key in any line', () => {
    expect(mesh.log.filter((line) => JSON.stringify(line).includes(MARKER))).toEqual([]);
  });

  it('nor in the metrics', () => {
    expect(metrics).toHaveLength(AGENTS.length);
    for (const text of metrics) {
      expect(text).toContain('mesh_requests_total');
      expect(text).not.toContain(MARKER);
    }
  });

  it('nor in the health documents', () => {
    expect(health).toHaveLength(AGENTS.length);
    for (const text of health) expect(text).not.toContain(MARKER);
  });

  it('nor in the body of any error, which holds no stack either', () => {
    expect(problems.filter((problem) => problem.includes(MARKER))).toEqual([]);
    expect(problems.filter((problem) => /\bat .*:\d+:\d+|node_modules/.test(problem))).toEqual([]);
    for (const problem of problems) expect(problem).toMatch(/"code":"ERR_[A-Z_]+"/);
  });

  it('has only fields and events of the schema, and leaves none out', () => {
    const fields = new Set(mesh.log.flatMap((line) => Object.keys(line)));
    expect([...fields].filter((field) => !(field in LOG_FIELDS))).toEqual([]);
    expect(fields.has('dropped')).toBe(false);
    const events = new Set(mesh.log.flatMap(({ event }) => (event === undefined ? [] : [event])));
    expect([...events].filter((event) => !((event as string) in LOG_EVENTS))).toEqual([]);
  });

  it('has no text of others in words or fields: no JSON, no header, no control character', () => {
    for (const line of mesh.log) {
      // eslint-disable-next-line no-control-regex -- these are looked for
      expect(JSON.stringify(line.msg)).not.toMatch(/[{}\u0000-\u001f]|undefined|\[object/);
    }
  });

  it('says in each line which of the agents of this process speaks', () => {
    const nameless = mesh.log.filter(({ agent }) => !AGENTS.includes(String(agent)));
    expect(nameless).toEqual([]);
    for (const line of mesh.log) expect(line['spiffe_id']).toBe(idOf(String(line['agent'])));
  });

  it('has the right agent at each end of each handshake', () => {
    const ends = mesh.log
      .filter(({ event, outcome }) => event === 'handshake' && outcome === 'accepted')
      .map(
        ({ agent, side, peer_spiffe_id }) =>
          `${String(agent)} ${String(side)} ${String(peer_spiffe_id)}`,
      );
    expect(new Set(ends)).toEqual(
      new Set([
        `gateway client ${idOf('researcher')}`,
        `gateway client ${idOf('tts')}`,
        `researcher client ${idOf('tts')}`,
        `gateway client ${ISSUER}`,
        `tts client ${ISSUER}`,
        `tts server ${idOf('gateway')}`,
        `tts server ${idOf('researcher')}`,
        `researcher server ${idOf('gateway')}`,
        `researcher server ${idOf('stranger')}`,
        `researcher client ${idOf('writer')}`,
        `writer server ${idOf('researcher')}`,
        `writer server ${idOf('stranger')}`,
      ]),
    );
    const accepted = mesh.log.find(({ event }) => event === 'handshake')!;
    expect(accepted).toMatchObject({
      serial_number: expect.stringMatching(/^[0-9a-f]+$/),
      not_before: expect.stringMatching(/Z$/),
      not_after: expect.stringMatching(/Z$/),
      chain_subjects: expect.any(Array),
      tls_version: 'TLSv1.3',
      cipher: expect.stringMatching(/^TLS_/),
    });
  });

  it('can be followed from the gateway to the writer by one correlation ID and trace', () => {
    const lines = mesh.log.filter(
      ({ event, correlation_id }) => event === 'request' && correlation_id === 'followed-question',
    );
    expect(lines.map(({ agent, caller_spiffe_id }) => [agent, caller_spiffe_id])).toEqual([
      ['tts', idOf('gateway')],
      ['tts', idOf('researcher')],
      ['writer', idOf('researcher')],
      ['researcher', idOf('gateway')],
      ['gateway', undefined],
    ]);
    expect(new Set(lines.map(({ trace_id }) => trace_id)).size).toBe(1);
    expect(new Set(lines.map(({ span_id }) => span_id)).size).toBe(5);
  });
});

const FOR_A_PERSON = ['gateway', 'researcher', 'writer'];

describe('on whose behalf', () => {
  const linesOf = (id: string) =>
    mesh.log.filter(({ correlation_id: correlationId }) => correlationId === id);

  it('stands in each line of a request, the same at each agent, from when it is known', () => {
    const requests = mesh.log.filter(
      ({ event, agent, outcome }) =>
        event === 'request' && FOR_A_PERSON.includes(String(agent)) && outcome === 'ok',
    );
    expect(requests.length).toBeGreaterThanOrEqual(6);
    for (const { correlation_id } of requests) {
      const told = linesOf(String(correlation_id)).filter(({ txn }) => txn !== undefined);
      // Of each agent that served it, and of the token service, which said what it issued.
      expect(new Set(told.map(({ agent }) => agent))).toEqual(new Set(AGENTS));
      expect(new Set(told.map(({ txn }) => txn)).size).toBe(1);
      expect(new Set(told.map(({ user_id }) => user_id)).size).toBe(1);
    }
  });

  it('is a pseudonym, a transaction, and the workloads it came through', () => {
    const lines = linesOf('followed-question').filter(({ event }) => event === 'request');
    expect(
      lines.map(({ agent, user_id, txn, actors }) => ({ agent, user_id, txn, actors })),
    ).toEqual(
      [
        ['tts', ['gateway']],
        ['tts', ['researcher', 'gateway']],
        ['writer', ['researcher', 'gateway']],
        ['researcher', ['gateway']],
        ['gateway', ['gateway']],
      ].map(([agent, actors]) => ({
        agent,
        user_id: expect.stringMatching(/^[A-Za-z0-9_-]{43}$/),
        txn: expect.stringMatching(/^[A-Za-z0-9._:-]{8,}$/),
        actors: (actors as string[]).map(idOf),
      })),
    );
    expect(linesOf('followed-question').filter(({ event }) => event === 'token.issued')).toEqual([
      expect.objectContaining({
        agent: 'tts',
        user_id: lines[0]!['user_id'],
        txn: lines[0]!['txn'],
        actors: [idOf('gateway')],
        token: expect.stringMatching(/^[A-Za-z0-9_-]{43}$/),
      }),
      expect.objectContaining({ actors: ['researcher', 'gateway'].map(idOf) }),
    ]);
  });

  it('stands in the lines of retries and errors as well', () => {
    for (const kind of ['retry', 'error']) {
      const lines = mesh.log.filter(({ event, agent }) => event === kind && agent === 'writer');
      expect(lines.length).toBeGreaterThan(0);
      for (const line of lines) {
        expect(line).toMatchObject({
          user_id: expect.any(String),
          txn: expect.any(String),
          actors: ['researcher', 'gateway'].map(idOf),
        });
      }
    }
  });

  it('is in no line of a request that is on nobody’s', () => {
    const refused = mesh.log.filter(
      ({ event, code }) => event === 'request' && /^ERR_(ACCESS_)?TOKEN_/.test(String(code)),
    );
    expect(new Set(refused.map(({ code }) => code))).toEqual(
      new Set([
        'ERR_ACCESS_TOKEN_MALFORMED',
        'ERR_ACCESS_TOKEN_MISSING',
        'ERR_ACCESS_TOKEN_SCOPE',
        'ERR_ACCESS_TOKEN_SIGNATURE',
        'ERR_TOKEN_ACTOR',
        'ERR_TOKEN_MALFORMED',
        'ERR_TOKEN_MISSING',
        'ERR_TOKEN_SCOPE',
        'ERR_TOKEN_SIGNATURE',
      ]),
    );
    for (const { code, ...line } of refused) {
      // What the researcher may not ask of the writer, it learns when it serves somebody.
      if (line.agent !== 'writer' && code === 'ERR_TOKEN_SCOPE') continue;
      expect(line).not.toHaveProperty('txn');
      expect(line).not.toHaveProperty('user_id');
    }
  });

  it('is never said by a token: none stands in a line, a problem or the metrics', () => {
    expect(tokens.size).toBeGreaterThan(20);
    const said = [...mesh.log.map((line) => JSON.stringify(line)), ...problems, ...metrics];
    const signatures = [...tokens, bearer].map((token) => token.split('.').at(-1)!);
    expect(said.filter((text) => signatures.some((part) => text.includes(part)))).toEqual([]);
    // The header of a JWS: what begins so is one.
    expect(said.filter((text) => text.includes('eyJ'))).toEqual([]);
  });
});

describe('MESH_LOG_USER_ID=subject', () => {
  it('names the person by the issuer and its subject, at each agent', async () => {
    const named = await RunningAgents.start(
      agentsUnderTest({ search: new ScriptedSearch(), model: new ScriptedModel() }),
      { env: { MESH_LOG_USER_ID: 'subject' } },
    );
    try {
      const response = await fetch(`${named.agent('gateway').url}/v1/research`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          authorization: `Bearer ${await named.signIn('analyst', SCOPE)}`,
        },
        body: question(),
      });
      expect(response.status).toBe(200);
      await response.text();
    } finally {
      await named.close();
    }
    const told = named.log.filter(({ user_id }) => user_id !== undefined);
    expect(new Set(told.map(({ agent }) => agent))).toEqual(new Set(AGENTS));
    expect(new Set(told.map(({ user_id }) => user_id))).toEqual(
      new Set([expect.stringMatching(/^http:\/\/.+#.+$/)]),
    );
  });
});
