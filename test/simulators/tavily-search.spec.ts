import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Policy, type PolicySettings } from '@mesh/resilience';
import { TavilySearch } from '@mesh/search';
import { Secret, SecretError, type SecretSource } from '@mesh/secrets';
import axios from 'axios';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { inspect } from 'node:util';
import { TavilySimulator, type TavilyFault } from './tavily.js';

const signal = new AbortController().signal;
const question = 'Where does planted-marker-question come from?';

let tavily: TavilySimulator;
let key: string | undefined;
let policies: Policy[];

const secrets: SecretSource = {
  get: async (name) => {
    if (key === undefined)
      throw new SecretError('ERR_SECRET_NOT_FOUND', `The secret ${name} is not set.`, name);
    return { secret: new Secret(key) };
  },
  onChange: () => () => undefined,
  close: () => undefined,
};

beforeEach(async () => {
  tavily = await TavilySimulator.start('tvly-planted-marker-key');
  key = tavily.key;
  policies = [];
});

afterEach(async () => {
  for (const policy of policies) policy.close();
  await tavily.close();
});

function client(settings: PolicySettings = { retries: 0 }, baseUrl = tavily.baseUrl): TavilySearch {
  const policy = new Policy('tavily', settings);
  policies.push(policy);
  return new TavilySearch(axios.create(), secrets, policy, { baseUrl });
}

async function failureOf(search: Promise<unknown>): Promise<Error> {
  const error = await search.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(Error);
  // Whatever a logger shows of it: no key, no question.
  expect(inspect(error, { depth: 9, showHidden: true })).not.toContain('planted-marker');
  return error as Error;
}

describe('TavilySearch', () => {
  it.each([
    ['fast', 'basic', 6],
    ['deep', 'advanced', 16],
  ] as const)('asks at depth %s as the API wants it', async (depth, searchDepth, max) => {
    expect(await client().search('What is SPIFFE?', { depth, signal })).toEqual([
      {
        title: 'SPIFFE: concepts',
        url: 'https://example.com/spiffe',
        snippet: 'A workload gets its SVID from the Workload API.',
        score: 0.91,
      },
    ]);
    expect(tavily.calls).toEqual([
      expect.objectContaining({
        method: 'POST',
        path: '/search',
        headers: expect.objectContaining({
          authorization: `Bearer ${tavily.key}`,
          'content-type': 'application/json',
        }),
        body: {
          query: 'What is SPIFFE?',
          search_depth: searchDepth,
          max_results: max,
          include_answer: false,
          include_raw_content: false,
          include_images: false,
        },
      }),
    ]);
  });

  it.each([
    ['a long question', 'word '.repeat(400), /^(word )*word$/],
    ['one long word', 'x'.repeat(2000), /^x{400}$/],
    ['lines', 'a\n\tb\u0000c', /^a b c$/],
    ['pairs of surrogates', `a${'\u{1F600}'.repeat(400)}`, /^a(\u{1F600})+$/u],
  ])('sends %s within the limit of the API', async (_, text, expected) => {
    await client().search(text, { depth: 'fast', signal });
    const query = String(tavily.calls[0]?.body?.['query']);
    expect(query).toMatch(expected);
    expect(query.length).toBeLessThanOrEqual(400);
  });

  it('does not call for an empty question', async () => {
    expect(await client().search(' \n', { depth: 'fast', signal })).toEqual([]);
    expect(tavily.calls).toHaveLength(0);
  });

  it('never asks for more than twenty results', async () => {
    await client().search('x', { depth: 'deep', limit: 50, signal });
    expect(tavily.calls[0]?.body?.['max_results']).toBe(20);
  });

  it('reads the key for each call', async () => {
    const search = client();
    await search.search('x', { depth: 'fast', signal });
    key = 'tvly-another';
    await expect(search.search('x', { depth: 'fast', signal })).rejects.toMatchObject({
      code: 'ERR_SEARCH_KEY_REFUSED',
    });
  });

  it('passes on that there is no key, without a call', async () => {
    key = undefined;
    await expect(client().search('x', { depth: 'fast', signal })).rejects.toMatchObject({
      code: 'ERR_SECRET_NOT_FOUND',
    });
    expect(tavily.calls).toHaveLength(0);
  });

  it.each(['a b', 'a\r\nX-Injected: 1', 'ключ', 'x'.repeat(513)])(
    'does not send the key %p',
    async (bad) => {
      key = bad;
      await expect(client().search('x', { depth: 'fast', signal })).rejects.toMatchObject({
        code: 'ERR_SEARCH_KEY_REFUSED',
      });
      expect(tavily.calls).toHaveLength(0);
    },
  );

  it.each<[TavilyFault, string, object]>([
    [
      { kind: 'status', status: 401 },
      'ERR_SEARCH_KEY_REFUSED',
      { retry: 'no', providerStatus: 401 },
    ],
    [{ kind: 'status', status: 403 }, 'ERR_SEARCH_KEY_REFUSED', { retry: 'no' }],
    [{ kind: 'status', status: 400 }, 'ERR_SEARCH_REQUEST_REFUSED', { retry: 'no' }],
    [{ kind: 'status', status: 422 }, 'ERR_SEARCH_REQUEST_REFUSED', { peerVerdict: 'refused' }],
    [
      { kind: 'status', status: 429, retryAfter: '7' },
      'ERR_SEARCH_RATE_LIMITED',
      { retry: 'safe', retryAfterMs: 7000, peerVerdict: 'failure' },
    ],
    [{ kind: 'status', status: 429 }, 'ERR_SEARCH_RATE_LIMITED', { retryAfterMs: undefined }],
    [
      { kind: 'status', status: 432 },
      'ERR_SEARCH_PLAN_LIMIT',
      { retry: 'no', peerVerdict: 'refused' },
    ],
    [{ kind: 'status', status: 433 }, 'ERR_SEARCH_PLAN_LIMIT', { retry: 'no' }],
    [{ kind: 'status', status: 500 }, 'ERR_SEARCH_UNAVAILABLE', { retry: 'if-idempotent' }],
    [
      { kind: 'status', status: 503, retryAfter: '1' },
      'ERR_SEARCH_UNAVAILABLE',
      { retry: 'safe', retryAfterMs: 1000 },
    ],
    [{ kind: 'status', status: 204 }, 'ERR_SEARCH_RESPONSE_INVALID', {}],
    [{ kind: 'garbage' }, 'ERR_SEARCH_RESPONSE_INVALID', { retry: 'no' }],
    [{ kind: 'garbage', body: '{"results":"none"}' }, 'ERR_SEARCH_RESPONSE_INVALID', {}],
    [{ kind: 'huge', bytes: 3_000_000 }, 'ERR_SEARCH_RESPONSE_INVALID', {}],
    [{ kind: 'huge', bytes: 50_000_000, gzip: true }, 'ERR_SEARCH_RESPONSE_INVALID', {}],
    [{ kind: 'reset' }, 'ERR_SEARCH_UNAVAILABLE', { retry: 'if-idempotent' }],
    [{ kind: 'reset-in-body' }, 'ERR_SEARCH_UNAVAILABLE', { retry: 'if-idempotent' }],
  ])('tells %j apart', async (fault, code, members) => {
    tavily.failNext(fault);
    const error = await failureOf(client().search(question, { depth: 'fast', signal }));
    expect(error).toMatchObject({ code, ...members });
    expect(tavily.calls).toHaveLength(1);
    await client().search(question, { depth: 'fast', signal });
  });

  it('tells when nobody listens', async () => {
    const free = await new Promise<number>((resolve) => {
      const server = createServer().listen(0, '127.0.0.1', () => {
        const { port } = server.address() as AddressInfo;
        server.close(() => resolve(port));
      });
    });
    const search = client({ retries: 0 }, `http://127.0.0.1:${free}`);
    const error = await failureOf(search.search(question, { depth: 'fast', signal }));
    expect(error).toMatchObject({ code: 'ERR_SEARCH_UNAVAILABLE', retry: 'safe' });
  });

  it('follows no redirect: the key goes to one host alone', async () => {
    const other = await TavilySimulator.start(tavily.key);
    tavily.failNext({ kind: 'redirect', location: `${other.baseUrl}/search` });
    const error = await failureOf(client().search(question, { depth: 'fast', signal }));
    expect(error).toMatchObject({ code: 'ERR_SEARCH_RESPONSE_INVALID' });
    expect(other.calls).toHaveLength(0);
    await other.close();
  });

  it('uses no proxy of the environment', async () => {
    process.env['HTTP_PROXY'] = 'http://127.0.0.1:9';
    process.env['http_proxy'] = 'http://127.0.0.1:9';
    try {
      await client().search('x', { depth: 'fast', signal });
      expect(tavily.calls).toHaveLength(1);
    } finally {
      delete process.env['HTTP_PROXY'];
      delete process.env['http_proxy'];
    }
  });

  it('passes on what an interceptor of the HTTP client says', async () => {
    const http = axios.create();
    const denied = new SecretError('ERR_SECRET_NOT_DECLARED', 'Not declared.');
    http.interceptors.request.use(() => {
      throw denied;
    });
    const policy = new Policy('tavily', { retries: 0 });
    policies.push(policy);
    const search = new TavilySearch(http, secrets, policy, { baseUrl: tavily.baseUrl });
    await expect(search.search('x', { depth: 'fast', signal })).rejects.toBe(denied);
  });

  it.each(['hang', 'hang-in-body'] as const)('a %s ends at the deadline', async (kind) => {
    tavily.failAlways({ kind });
    const search = client({ retries: 0, deadlineMs: 80, tryTimeoutMs: 80 });
    const started = performance.now();
    const error = await failureOf(search.search(question, { depth: 'fast', signal }));
    expect((error as { code?: string }).code).toMatch(/^ERR_(TRY_TIMEOUT|DEADLINE_EXCEEDED)$/);
    expect(performance.now() - started).toBeLessThan(2000);
  });

  it('a caller who leaves ends the call with his reason', async () => {
    tavily.failAlways({ kind: 'hang' });
    const leaving = new AbortController();
    const reason = new Error('left');
    tavily.onCall = () => leaving.abort(reason);
    await expect(client().search('x', { depth: 'fast', signal: leaving.signal })).rejects.toBe(
      reason,
    );
    await expect(
      client().search('x', { depth: 'fast', signal: AbortSignal.abort(reason) }),
    ).rejects.toBe(reason);
    expect(tavily.calls).toHaveLength(1);
  });

  describe('through the policy', () => {
    const quick = { backoffBaseMs: 1, backoffMaxMs: 1 };

    it('tries again after a passing failure', async () => {
      tavily.failNext(
        { kind: 'status', status: 500 },
        { kind: 'status', status: 429, retryAfter: '0' },
      );
      expect(
        await client({ ...quick, retries: 2 }).search('x', { depth: 'fast', signal }),
      ).toHaveLength(1);
      expect(tavily.calls).toHaveLength(3);
    });

    it.each([401, 400, 432])('does not try again after %i', async (status) => {
      tavily.failAlways({ kind: 'status', status });
      await failureOf(client({ ...quick, retries: 2 }).search('x', { depth: 'fast', signal }));
      expect(tavily.calls).toHaveLength(1);
    });

    it('a storm of 429 costs no more than the budget', async () => {
      tavily.failAlways({ kind: 'status', status: 429, retryAfter: '0' });
      const search = client({
        ...quick,
        retries: 3,
        retryBudget: { ratio: 0, reserve: 5 },
        breaker: { volumeThreshold: 10_000 },
      });
      const outcomes = await Promise.allSettled(
        Array.from({ length: 20 }, () => search.search('x', { depth: 'fast', signal })),
      );
      expect(outcomes.every(({ status }) => status === 'rejected')).toBe(true);
      expect(tavily.calls).toHaveLength(25);
    });

    it('the breaker opens, spares Tavily, and closes again', async () => {
      tavily.failAlways({ kind: 'status', status: 500 });
      const search = client({ retries: 0, breaker: { volumeThreshold: 3, resetMs: 20 } });
      for (let at = 0; at < 4; at++)
        await failureOf(search.search(question, { depth: 'fast', signal }));
      const calls = tavily.calls.length;
      await expect(search.search('x', { depth: 'fast', signal })).rejects.toMatchObject({
        code: 'ERR_BREAKER_OPEN',
      });
      expect(tavily.calls).toHaveLength(calls);
      tavily.failAlways(undefined);
      const deadline = Date.now() + 4000;
      let found: unknown[] = [];
      while (found.length === 0 && Date.now() < deadline) {
        await setImmediate();
        found = await search.search('x', { depth: 'fast', signal }).catch(() => []);
      }
      expect(found).toHaveLength(1);
      expect(policies[0]?.state().breaker).toBe('closed');
    });

    it('a refused key does not open the breaker', async () => {
      tavily.failAlways({ kind: 'status', status: 401 });
      const search = client({ retries: 0, breaker: { volumeThreshold: 3 } });
      for (let at = 0; at < 6; at++)
        await expect(search.search('x', { depth: 'fast', signal })).rejects.toMatchObject({
          code: 'ERR_SEARCH_KEY_REFUSED',
        });
    });
  });

  describe('check', () => {
    it('asks for the usage alone, which costs nothing', async () => {
      expect(await client().check({ signal })).toEqual({
        ok: true,
        detail: 'the key is accepted, 500 of 15000 credits used',
      });
      expect(tavily.calls.map(({ method, path }) => `${method} ${path}`)).toEqual(['GET /usage']);
    });

    it.each<[TavilyFault, string | undefined, RegExp]>([
      [{ kind: 'status', status: 401 }, 'ERR_SEARCH_KEY_REFUSED', /does not accept the key/],
      [{ kind: 'status', status: 429 }, undefined, /checked too often/],
      [{ kind: 'status', status: 500 }, 'ERR_SEARCH_UNAVAILABLE', /failed with status 500/],
      [{ kind: 'reset' }, 'ERR_SEARCH_UNAVAILABLE', /cannot be reached/],
      [{ kind: 'garbage' }, 'ERR_SEARCH_RESPONSE_INVALID', /form that is not its own/],
    ])('turns %j into data', async (fault, code, detail) => {
      tavily.failNext(fault);
      const outcome = await client().check({ signal });
      expect(outcome).toEqual({
        ok: code === undefined,
        detail: expect.stringMatching(detail),
        ...(code === undefined ? {} : { code }),
      });
      expect(outcome.detail).not.toContain('planted-marker');
    });

    it('tells of a missing key and a spent plan', async () => {
      tavily.usage = { account: { plan_usage: 1000, plan_limit: 1000 } };
      expect(await client().check({ signal })).toMatchObject({
        ok: false,
        code: 'ERR_SEARCH_PLAN_LIMIT',
      });
      tavily.usage = {};
      expect(await client().check({ signal })).toEqual({ ok: true, detail: 'the key is accepted' });
      key = undefined;
      expect(await client().check({ signal })).toEqual({
        ok: false,
        code: 'ERR_SECRET_NOT_FOUND',
        detail: 'The secret tavily is not set.',
      });
    });

    it('rejects when its caller leaves', async () => {
      tavily.failAlways({ kind: 'hang' });
      const leaving = new AbortController();
      tavily.onCall = () => leaving.abort(new Error('left'));
      await expect(client().check({ signal: leaving.signal })).rejects.toThrow('left');
    });
  });

  it('may be closed twice', async () => {
    const search = client();
    await search.close();
    await search.close();
  });
});
