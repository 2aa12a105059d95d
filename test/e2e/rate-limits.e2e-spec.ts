import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { Browser } from '../kit/browser.js';
import { exchange } from '../kit/raw-http.js';
import { RunningAgents } from '../kit/running-agents.js';
import { agentsUnderTest, ScriptedModel, ScriptedSearch } from './agents-under-test.js';

const QUESTION = JSON.stringify({ question: 'What is an SVID?' });
const MINUTE = 60_000;
const LIMITS = { address: 60, session: 12, questions: 3, 'sign-in': 4 };

let mesh: RunningAgents;
let gateway: string;

beforeAll(async () => {
  mesh = await RunningAgents.start(
    agentsUnderTest({ search: new ScriptedSearch(), model: new ScriptedModel() }),
    {
      env: {
        MESH_RATE_LIMIT_ADDRESS: String(LIMITS.address),
        MESH_RATE_LIMIT_SESSION: String(LIMITS.session),
        MESH_RATE_LIMIT_QUESTIONS: String(LIMITS.questions),
        MESH_RATE_LIMIT_SIGN_IN: String(LIMITS['sign-in']),
      },
    },
  );
  gateway = mesh.agent('gateway').url;
});
afterAll(() => mesh.close());

let later = 0;
const dateNow = Date.now.bind(Date);
/** What was counted is forgotten. Of the clock, this moves no more than what counts goes by. */
function passMinute(): void {
  later += MINUTE;
  jest.spyOn(Date, 'now').mockImplementation(() => dateNow() + later);
}
afterAll(() => void jest.restoreAllMocks());

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
}

async function send(path: string, init: RequestInit = {}): Promise<Answer> {
  const response = await fetch(`${gateway}${path}`, { redirect: 'manual', ...init });
  return { status: response.status, headers: response.headers, body: await response.text() };
}

function ask(token: string): Promise<Answer> {
  return send('/v1/research', {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: QUESTION,
  });
}

async function several(count: number, send: () => Promise<Answer>): Promise<Answer[]> {
  const answers: Answer[] = [];
  for (let i = 0; i < count; i++) answers.push(await send());
  return answers;
}

const statuses = (answers: readonly Answer[]) => answers.map(({ status }) => status);
const tokenOf = (account: string) => mesh.signIn(account, 'research:fast draft:write');

function expectLimited({ status, headers, body }: Answer, policy: string, limit: number): void {
  expect(status).toBe(429);
  expect(headers.get('content-type')).toBe('application/problem+json');
  expect(JSON.parse(body)).toMatchObject({
    code: 'ERR_RATE_LIMITED',
    status: 429,
    detail: `At most ${limit} of these requests are taken in a minute.`,
    correlationId: headers.get('x-correlation-id'),
  });
  const wait = Number(headers.get('retry-after'));
  expect(wait).toBeGreaterThan(0);
  expect(wait).toBeLessThanOrEqual(60);
  expect(headers.get('ratelimit-policy')).toContain(`"${policy}";q=${limit};w=60`);
  expect(headers.get('ratelimit')).toMatch(new RegExp(`"${policy}";r=0;t=${wait}$`));
  expect(headers.get('content-security-policy')).toMatch(/^default-src 'none'/);
}

describe('what one session may send', () => {
  it('is so many questions, and another session of the same person has its own', async () => {
    const [one, other] = [mesh.browser(), mesh.browser()];
    await one.signIn('analyst');
    await other.signIn('analyst');
    const ask = (browser: Browser) =>
      browser.fetch('/v1/research', { method: 'POST', body: QUESTION });
    for (let i = 0; i < LIMITS.questions; i++) expect((await ask(one)).status).toBe(200);
    const refused = await ask(one);
    expect([refused.status, refused.json()]).toEqual([
      429,
      expect.objectContaining({ code: 'ERR_RATE_LIMITED' }),
    ]);
    expect((await ask(other)).status).toBe(200);
    // What else it may ask is counted by itself.
    expect((await one.fetch('/v1/me')).status).toBe(200);
  });
});

describe('what one person may send', () => {
  it('is so many questions, and those of another person do not count', async () => {
    const [analyst, reader] = [await tokenOf('analyst'), await tokenOf('reader')];
    const answers = await several(LIMITS.questions, () => ask(analyst));
    expect(statuses(answers)).toEqual([200, 200, 200]);
    expect(answers[0]!.headers.get('ratelimit')).toMatch(
      new RegExp(
        `^"address";r=\\d+;t=\\d+, "questions-address";r=\\d+;t=\\d+, "session";r=11;t=\\d+, "questions";r=2;t=60$`,
      ),
    );
    expectLimited(await ask(analyst), 'questions', LIMITS.questions);
    // A token of their own does not help.
    expectLimited(await ask(await tokenOf('analyst')), 'questions', LIMITS.questions);
    expect((await ask(reader)).status).toBe(200);
  });

  it('is so many requests of any kind', async () => {
    passMinute();
    const authorization = `Bearer ${await tokenOf('analyst')}`;
    const me = () => send('/v1/me', { headers: { authorization } });
    const answers = await several(LIMITS.session, me);
    expect(new Set(statuses(answers))).toEqual(new Set([200]));
    expectLimited(await me(), 'session', LIMITS.session);
  });

  it('is read before the body: a question that is too much costs nothing', async () => {
    passMinute();
    const token = await tokenOf('analyst');
    await several(LIMITS.questions, () => ask(token));
    const answer = await send('/v1/research', {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      body: 'x'.repeat(1024 * 1024),
    });
    expectLimited(answer, 'questions', LIMITS.questions);
    expect(answer.headers.get('connection')).toBe('close');
  });
});

describe('what one address may send', () => {
  beforeEach(passMinute);

  it('is bounded, whatever it asks for, and told on the way', async () => {
    const paths = ['/v1/trust', '/nothing', '/v1/me', '/docs/', '/%zz'];
    let next = 0;
    const answers = await several(LIMITS.address, () => send(paths[next++ % paths.length]!));
    expect(answers.some(({ status }) => status === 429)).toBe(false);
    expect(answers[0]!.headers.get('ratelimit')).toBe(`"address";r=${LIMITS.address - 1};t=60`);
    expect(answers.at(-1)!.headers.get('ratelimit')).toMatch(/^"address";r=0;t=\d+$/);
    for (const path of [...paths, '/v1/research']) {
      expectLimited(await send(path), 'address', LIMITS.address);
    }
  });

  it('counts the address of the connection, not one of a header', async () => {
    for (let i = 0; i < LIMITS.address; i++) await send('/v1/trust');
    for (const header of ['x-forwarded-for', 'forwarded', 'x-real-ip', 'true-client-ip']) {
      const answer = await send('/v1/trust', { headers: { [header]: '203.0.113.7' } });
      expectLimited(answer, 'address', LIMITS.address);
    }
  });

  it('counts requests that are refused for their host as well', async () => {
    const rebound = 'GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n';
    for (let i = 0; i < LIMITS.address; i++) {
      expect(await exchange(gateway, rebound)).toMatch(/^HTTP\/1\.1 421 /);
    }
    expect(await exchange(gateway, rebound)).toMatch(/^HTTP\/1\.1 429 /);
  });

  it('is free again after a minute', async () => {
    const answers = await several(LIMITS.address + 1, () => send('/v1/trust'));
    expect(answers.at(-1)!.status).toBe(429);
    passMinute();
    expect((await send('/v1/trust')).status).toBe(200);
  });
});

describe('questions of one address', () => {
  beforeEach(passMinute);

  it('are ten times those of a person, by whomever', async () => {
    const anonymous = () => send('/v1/research', { method: 'POST', body: QUESTION });
    const answers = await several(LIMITS.questions * 10, anonymous);
    expect(new Set(statuses(answers))).toEqual(new Set([401]));
    expectLimited(await anonymous(), 'questions-address', LIMITS.questions * 10);
    expect((await send('/v1/trust')).status).toBe(200);
  });
});

describe('sign-ins of one address', () => {
  beforeEach(passMinute);

  it('are bounded, their ends with their beginnings', async () => {
    for (let i = 0; i < LIMITS['sign-in'] / 2; i++) {
      expect((await send('/sign-in')).status).toBe(303);
      expect((await send('/sign-in/callback?code=x&state=y')).status).toBe(303);
    }
    expectLimited(await send('/sign-in'), 'sign-in', LIMITS['sign-in']);
    expectLimited(await send('/sign-in/callback?code=x&state=y'), 'sign-in', LIMITS['sign-in']);
    expect((await send('/v1/trust')).status).toBe(200);
  });

  it('leave the issuer ten times as many logouts', async () => {
    const logout = () =>
      send('/sign-in/back-channel', {
        method: 'POST',
        body: new URLSearchParams({ logout_token: 'x' }),
      });
    const answers = await several(LIMITS['sign-in'] * 10, logout);
    expect(new Set(statuses(answers))).toEqual(new Set([400]));
    expectLimited(await logout(), 'back-channel', LIMITS['sign-in'] * 10);
  });
});

describe('the log', () => {
  beforeEach(passMinute);

  it('says of each that it was too much', async () => {
    mesh.log.length = 0;
    await several(LIMITS.address + 1, () => send('/v1/trust'));
    const refused = () =>
      mesh.log.find(({ event, code }) => event === 'request' && code === 'ERR_RATE_LIMITED');
    while (!refused()) await new Promise((resolve) => setImmediate(resolve));
    expect(refused()).toMatchObject({ route: '/v1/trust', status: 429, outcome: 'error' });
    expect(mesh.log.filter(({ level }) => level === 'error')).toEqual([]);
  });
});
