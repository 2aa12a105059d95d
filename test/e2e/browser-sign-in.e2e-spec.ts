import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { RunningAgents } from '../kit/running-agents.js';
import { agentsUnderTest, ScriptedModel, ScriptedSearch } from './agents-under-test.js';

let mesh: RunningAgents;
beforeAll(async () => {
  mesh = await RunningAgents.start(
    agentsUnderTest({ search: new ScriptedSearch(), model: new ScriptedModel() }),
  );
});
afterAll(() => mesh.close());

describe('a person signs in by a browser', () => {
  it('asks, and signs out', async () => {
    const browser = mesh.browser();
    expect(await browser.signIn('analyst', '/verify?a=1#b')).toMatchObject({ to: '/verify?a=1#b' });
    const me = await browser.fetch('/v1/me');
    expect([me.status, me.json()]).toEqual([200, expect.objectContaining({ account: 'analyst' })]);
    const answer = await browser.fetch('/v1/research', {
      method: 'POST',
      body: JSON.stringify({ question: 'What is an SVID?', depth: 'fast' }),
      headers: { 'request-nonce': randomBytes(16).toString('base64url') },
    });
    expect([answer.status, answer.text]).toEqual([200, expect.stringContaining('"statements"')]);
    const out = await browser.fetch('/sign-out', { method: 'POST' });
    expect([out.status, out.json()]).toEqual([
      200,
      { location: expect.stringContaining('/session/end?') },
    ]);
    expect((await browser.fetch('/v1/me')).json()).toMatchObject({
      code: 'ERR_ACCESS_TOKEN_MISSING',
    });
  });
});
