import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { RunningAgents, withCallers, type CallOptions } from '@test/kit/agents';
import { agent } from './agent.js';

const file = readFileSync(join(import.meta.dirname, '../agent.yaml'), 'utf8');
let agents: RunningAgents;

beforeAll(async () => {
  agents = await RunningAgents.start(withCallers({ definition: agent, file }));
});
afterAll(() => agents.close());

/** As the researcher calls it for the analyst, but for what a test changes. */
const call = (changes: Partial<CallOptions> = {}) =>
  agents.call({
    as: 'researcher',
    to: 'example',
    path: '/v1/run',
    body: { text: 'hello' },
    scope: 'example:run',
    roles: ['analyst'],
    ...changes,
  });

it('answers, and signs what it answers', async () => {
  const { status, body, signedBy } = await call();
  expect({ status, text: body.text }).toEqual({ status: 200, text: 'HELLO' });
  expect(signedBy).toEqual(['example']);
});

it.each<[string, Partial<CallOptions>, number, string]>([
  ['a workload that agent.yaml does not name', { as: 'stranger' }, 403, 'ERR_CALLER_DENIED'],
  ['a call for nobody', { scope: undefined }, 401, 'ERR_TOKEN_MISSING'],
  ['a token for something else', { scope: 'draft:write' }, 403, 'ERR_TOKEN_SCOPE'],
  ['a person it may not act for', { roles: ['reader'] }, 403, 'ERR_TOKEN_PERSON'],
  ['a body that is not as declared', { body: { text: '' } }, 400, 'ERR_BODY_INVALID'],
])('refuses %s', async (_, changes, status, code) => {
  const refused = await call(changes);
  expect({ status: refused.status, code: refused.body.code }).toEqual({ status, code });
});
