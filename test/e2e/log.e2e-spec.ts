import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { LOG_EVENTS, LOG_FIELDS } from '@mesh/observability';
import { FileSecretSource, Secret } from '@mesh/secrets';
import { exchange } from '../kit/raw-http.js';
import { RunningAgents } from '../kit/running-agents.js';
import { GeminiSimulator } from '../simulators/gemini.js';
import { agentsUnderTest } from './agents-under-test.js';

/** Stands in everything that must not get into a log: question, documents, answer, headers, key, paths. */
const MARKER = 'pl4nted';
const KEY = `AIza-${MARKER}-key`;
const AGENTS = ['gateway', 'researcher', 'writer'];

let documents: string;
let gemini: GeminiSimulator;
let mesh: RunningAgents;
/** Every error body that a caller was given. */
const problems: string[] = [];
/** Of each agent, after all that. */
const metrics: string[] = [];
const health: string[] = [];

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
      authorization: `Bearer ${MARKER}`,
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

  // What goes well.
  const served = await ask(question(), { 'x-correlation-id': 'followed-question' });
  expect(served).toContain(MARKER);
  expect(await ask(question({ depth: 'deep' }), { accept: 'text/event-stream' })).toContain(
    'event: done',
  );
  mesh.authority.rotateSvids();

  // What goes wrong, at each agent.
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
  const direct = await (
    await mesh.poolAs('researcher', 'writer')
  ).request({
    method: 'POST',
    path: '/v1/drafts',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ question: MARKER, notes: MARKER, sources: [{ id: MARKER }] }),
  });
  problems.push(await text(direct.body));
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

  it('says in each line which of the three agents of this process speaks', () => {
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
      ['writer', idOf('researcher')],
      ['researcher', idOf('gateway')],
      ['gateway', undefined],
    ]);
    expect(new Set(lines.map(({ trace_id }) => trace_id)).size).toBe(1);
    expect(new Set(lines.map(({ span_id }) => span_id)).size).toBe(3);
  });
});
