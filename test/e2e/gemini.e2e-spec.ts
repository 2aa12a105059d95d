import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { decodeUnverified } from '@mesh/provenance';
import { FileSecretSource, Secret } from '@mesh/secrets';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { agent as gateway } from '../../apps/gateway/src/agent.js';
import { agent as researcher } from '../../apps/researcher/src/agent.js';
import { agent as writer } from '../../apps/writer/src/agent.js';
import { RunningAgents } from '../kit/running-agents.js';
import { GeminiSimulator, type GeminiCall } from '../simulators/gemini.js';

const KEY = 'AIza-planted-marker-key';
const QUESTION = 'When does the harbour open, planted-marker-question?';

const fileOf = (name: string): string =>
  readFileSync(join(import.meta.dirname, '../../apps', name, 'agent.yaml'), 'utf8');
const underTest = [gateway, researcher, writer].map((definition) => ({
  definition,
  file: fileOf(definition.name),
}));

let documents: string;
let gemini: GeminiSimulator;
let mesh: RunningAgents;
let bearer: string;

beforeAll(async () => {
  documents = mkdtempSync(join(tmpdir(), 'documents-'));
  writeFileSync(join(documents, 'harbour.md'), '# Harbour\n\nThe harbour opens at six.\n');
  gemini = await GeminiSimulator.start(KEY);
  mesh = await RunningAgents.start(underTest, {
    env: {
      MESH_DOCUMENTS: documents,
      MESH_MODEL: 'gemini',
      MESH_GEMINI_URL: gemini.baseUrl,
      MESH_RESILIENCE_GEMINI_RETRIES: '0',
    },
  });
  bearer = await mesh.signIn('analyst', 'research:fast draft:write');
});

afterAll(async () => {
  await mesh.close();
  await gemini.close();
  rmSync(documents, { recursive: true, force: true });
});

afterEach(() => {
  gemini.failAlways(undefined);
  gemini.onCall = () => undefined;
});

const setKey = (key: string): Promise<void> =>
  new FileSecretSource(join(mesh.folder, 'secrets')).set('gemini', new Secret(key));

function ask(signal?: AbortSignal): Promise<Response> {
  return fetch(`${mesh.agent('gateway').url}/v1/research`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${bearer}` },
    body: JSON.stringify({ question: QUESTION, depth: 'fast' }),
    ...(signal === undefined ? {} : { signal }),
  });
}

const health = async () =>
  (await (await fetch(`${mesh.agent('writer').managementUrl}/health`)).json()) as {
    details: Record<string, Record<string, unknown>>;
  };

describe('a mesh whose writer uses Gemini', () => {
  it('starts without a key, and says so in log, health and answer', async () => {
    expect(mesh.log).toContainEqual(
      expect.objectContaining({
        level: 'warn',
        agent: 'writer',
        provider: 'gemini',
        code: 'ERR_SECRET_NOT_FOUND',
        msg: expect.stringContaining('./mesh secret set gemini'),
      }),
    );
    expect((await health()).details['model']).toMatchObject({
      status: 'down',
      code: 'ERR_MODEL_KEY_MISSING',
    });
    const response = await ask();
    expect(response.status).toBe(503);
    expect(await response.json()).toMatchObject({ code: 'ERR_MODEL_KEY_MISSING' });
    expect(gemini.calls).toHaveLength(0);
  });

  it('answers once the key is set, with no restart', async () => {
    await setKey(KEY);
    const response = await ask();
    expect(response.status).toBe(200);
    const answer = (await response.json()) as { statements: string[] };
    expect(answer).toMatchObject({
      answer: expect.stringContaining('The harbour opens at six. [1]'),
      answered: true,
      model: { provider: 'gemini', name: 'gemini-3.8-flash', used: true },
    });
    const call = gemini.calls.at(-1);
    expect(call?.headers['x-goog-api-key']).toBe(KEY);
    // What left the mesh, as the writer signs it.
    expect(decodeUnverified(answer.statements.at(-1) ?? '').payload).toMatchObject({
      producers: [{ kind: 'model', tokens: { input: expect.any(Number) } }],
      hosts: [
        { host: new URL(gemini.baseUrl).host, bytes: Number(call?.headers['content-length']) },
      ],
    });
  });

  it.each([
    [{ kind: 'status', status: 429 }, 503, 'ERR_MODEL_RATE_LIMITED'],
    [{ kind: 'status', status: 403 }, 502, 'ERR_MODEL_KEY_REFUSED'],
    [{ kind: 'prompt-blocked' }, 422, 'ERR_MODEL_PROMPT_BLOCKED'],
    [{ kind: 'garbage' }, 502, 'ERR_MODEL_ANSWER_BROKEN_OFF'],
  ] as const)('tells the person of %j', async (fault, status, code) => {
    gemini.failNext(fault);
    const response = await ask();
    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({ code });
  });

  it('ends the call to Gemini when the person leaves', async () => {
    gemini.failNext({ kind: 'hang' });
    const leaving = new AbortController();
    gemini.onCall = () => leaving.abort();
    const left = new Promise<GeminiCall>((resolve) => (gemini.onAbort = resolve));
    await expect(ask(leaving.signal)).rejects.toThrow();
    expect((await left).path).toContain(':streamGenerateContent');
  });

  it('measures the calls, and keeps key and question out of log and metrics', async () => {
    const metrics = await (await fetch(`${mesh.agent('writer').managementUrl}/metrics`)).text();
    expect(metrics).toMatch(/mesh_hop_duration_seconds_count\{peer="gemini",outcome="ok"\} 1/);
    expect(metrics).toMatch(/mesh_hop_duration_seconds_count\{peer="gemini",outcome="error"\} 4\b/);
    expect(JSON.stringify(mesh.log) + metrics).not.toContain('planted-marker');
  });
});

describe('an agent whose agent.yaml does not name the host of its provider', () => {
  it.each([
    ['writer', { MESH_MODEL: 'gemini', MESH_GEMINI_URL: 'https://provider.example.com' }],
    ['researcher', { MESH_SEARCH: 'tavily', MESH_TAVILY_URL: 'https://provider.example.com' }],
  ])('does not start: %s', async (name, env) => {
    await expect(
      RunningAgents.start(underTest, { env: { MESH_DOCUMENTS: documents, ...env } }),
    ).rejects.toMatchObject({
      code: 'ERR_EGRESS_HOST_UNDECLARED',
      message: expect.stringContaining(`${name} may not call provider.example.com`),
    });
  });
});
