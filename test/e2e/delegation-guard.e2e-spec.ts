import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Body, Controller, Get, HttpCode, Module, Post } from '@nestjs/common';
import { IsString } from 'class-validator';
import { defineAgent } from '@mesh/agent/nest';
import type { RequestContext } from '@mesh/contracts';
import { issueTxnToken, type TxnToken } from '@mesh/delegation';
import { DelegatedUser, type DelegatedPerson } from '@mesh/delegation/nest';
import type { MtlsPool } from '@mesh/identity';
import { Action, Public } from '@mesh/identity/nest';
import { requireContext } from '@mesh/observability';
import { RunningAgents, type TokenOptions } from '../kit/running-agents.js';

class NoteRequest {
  @IsString()
  text!: string;

  @IsString()
  mode!: string;
}

/** What the handler saw of the last request that came to it. */
let seen: { context: RequestContext; user: DelegatedPerson | undefined } | undefined;

function see(user: DelegatedPerson | undefined): object {
  seen = { context: requireContext(), user };
  return { served: true };
}

@Controller()
class NoteController {
  @Post('note')
  @HttpCode(200)
  @Action(['note:read', 'note:write'], {
    pick: ({ mode }: NoteRequest) => `note:${mode}`,
    transaction: ({ text, mode }: NoteRequest, digest) => ({ mode, text: digest(text) }),
  })
  note(@Body() _request: NoteRequest, @DelegatedUser() user: DelegatedPerson): object {
    return see(user);
  }

  @Post('wait')
  @HttpCode(200)
  @Action('note:read')
  async wait(): Promise<object> {
    const { signal } = requireContext();
    if (!signal.aborted) await once(signal, 'abort');
    throw signal.reason;
  }

  @Post('status')
  @HttpCode(200)
  @Action('note:status', { delegated: false })
  status(@DelegatedUser() user: DelegatedPerson | undefined): object {
    return see(user);
  }

  @Get('open')
  @Public()
  open(@DelegatedUser() user: DelegatedPerson | undefined): object {
    return see(user);
  }
}

@Module({ controllers: [NoteController] })
class NoteModule {}
@Module({})
class OtherModule {}

const file = `
name: note
identity: /ns/agents/sa/note
port: 4090
actions:
  note:read: { callers: [friend, other] }
  note:write: { callers: [friend] }
  note:status: { callers: [friend], delegated: false }
actsFor: { roles: [analyst], groups: [staff], subjects: ['https://login.test#named'] }
`;

let mesh: RunningAgents;
let friend: MtlsPool;

beforeAll(async () => {
  mesh = await RunningAgents.start([
    {
      definition: defineAgent({ name: 'note', listener: 'peers', module: () => NoteModule }),
      file,
    },
    ...['friend', 'other'].map((name, index) => ({
      definition: defineAgent({ name, listener: 'peers' as const, module: () => OtherModule }),
      file: `{ name: ${name}, identity: /ns/agents/sa/${name}, port: ${4091 + index} }`,
    })),
  ]);
  friend = await mesh.poolAs('friend', 'note');
});
afterAll(() => mesh.close());
beforeEach(() => {
  seen = undefined;
});

const NOTE = { text: 'hello', mode: 'read' };
/** SHA-256 of `hello`. */
const HELLO = 'LPJNul-wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ';
const DETAILS = { mode: 'read', text: HELLO };

async function call(
  headers: Record<string, string | string[]>,
  {
    path = '/note',
    body = NOTE,
    pool = friend,
  }: { readonly path?: string; readonly body?: object; readonly pool?: MtlsPool } = {},
) {
  const response = await pool.request({
    method: 'POST',
    path,
    headers: { 'content-type': 'application/json', ...(headers as Record<string, string>) },
    body: JSON.stringify(body),
  });
  const answer = JSON.parse(await text(response.body)) as Record<string, unknown>;
  const { code, detail } = answer;
  return {
    status: response.status,
    code,
    detail,
    challenge: response.headers['www-authenticate'],
  };
}

function delegation(scope: string, options: TokenOptions = {}, who = 'friend') {
  return mesh.delegation(who, scope, { details: DETAILS, ...options });
}

/** A token as the token service makes them, but for what is given. */
async function special(
  { signer = 'tts', subject = 'analyst', groups = [] as string[], roles = ['analyst'] },
  now = new Date(),
  lifetimeSeconds = 300,
): Promise<TxnToken> {
  const svid = (await mesh.source(signer)).getX509Svid();
  return issueTxnToken(
    svid,
    {
      accessToken: {
        issuer: 'https://login.test',
        subject,
        clientId: 'test',
        scope: ['note:read'],
        expiresAt: now.getTime() / 1000 + 600,
        roles,
        groups,
      },
      peer: mesh.directory.spiffeIdOf('friend'),
      scope: ['note:read'],
      details: DETAILS,
      context: undefined,
      user: 'pseudonym',
    },
    now,
    { lifetimeSeconds },
  );
}

async function withToken(token: TxnToken) {
  return { ...(await delegation('note:read')), 'txn-token': token.reveal() };
}

describe('an action that is delegated', () => {
  it('is served with a token that holds, and knows for whom', async () => {
    const headers = await delegation('note:read note:write', { through: ['other'] });
    expect(await call(headers)).toMatchObject({ status: 200, challenge: undefined });
    expect(seen!.user).toEqual({
      subject: 'https://login.test#analyst',
      roles: ['analyst'],
      groups: [],
      userId: 'pseudonym-of-analyst',
    });
    expect(seen!.context.delegation).toEqual({
      userId: 'pseudonym-of-analyst',
      txn: expect.stringMatching(/^[A-Za-z0-9_-]{22}$/),
      actors: ['spiffe://mesh.test/ns/agents/sa/friend', 'spiffe://mesh.test/ns/agents/sa/other'],
      tokenHash: expect.stringMatching(/^[A-Za-z0-9_-]{43}$/),
    });
    expect(Object.isFrozen(seen!.context.delegation)).toBe(true);
  });

  it.each<[string, (token: string) => Record<string, string | string[]>, string]>([
    ['without a token', () => ({ 'txn-token': [] }), 'ERR_TOKEN_MISSING'],
    ['with an empty one', () => ({ 'txn-token': '' }), 'ERR_TOKEN_MALFORMED'],
    [
      'with two, of which each would do',
      (token) => ({ 'txn-token': [token, token] }),
      'ERR_TOKEN_MALFORMED',
    ],
    ['with text for one', () => ({ 'txn-token': 'hello' }), 'ERR_TOKEN_MALFORMED'],
    [
      'as a bearer',
      (token) => ({ authorization: `Bearer ${token}`, 'txn-token': [] }),
      'ERR_TOKEN_MISSING',
    ],
    [
      'with a scheme before it',
      (token) => ({ 'txn-token': `Bearer ${token}` }),
      'ERR_TOKEN_MALFORMED',
    ],
    [
      'with another signature',
      (token) => ({ 'txn-token': `${token.slice(0, token.lastIndexOf('.'))}.${'A'.repeat(86)}` }),
      'ERR_TOKEN_SIGNATURE',
    ],
  ])('is refused %s, and told what to bring', async (_what, change, code) => {
    const headers = await delegation('note:read');
    const changed = change(headers['txn-token']!);
    expect(await call({ ...headers, ...changed })).toMatchObject({
      status: 401,
      code,
      challenge: 'Txn-Token',
    });
    expect(seen).toBeUndefined();
  });

  it('is refused with a token of another workload than the token service', async () => {
    const token = await special({ signer: 'friend' });
    expect(await call(await withToken(token))).toMatchObject({
      status: 401,
      code: 'ERR_TOKEN_ISSUER',
    });
  });

  it('is refused with one that is over, or not begun', async () => {
    const past = await special({}, new Date(Date.now() - 3_000), 1);
    expect(await call(await withToken(past))).toMatchObject({
      status: 401,
      code: 'ERR_TOKEN_EXPIRED',
    });
    const future = await special({}, new Date(Date.now() + 60_000));
    expect(await call(await withToken(future))).toMatchObject({
      status: 401,
      code: 'ERR_TOKEN_NOT_YET_VALID',
    });
    expect(await call(await withToken(await special({})))).toMatchObject({ status: 200 });
  });

  it('is refused with a token of somebody else, who may call as well', async () => {
    const others = await delegation('note:read', {}, 'other');
    expect(await call(others)).toMatchObject({ status: 403, code: 'ERR_TOKEN_ACTOR' });
    const pool = await mesh.poolAs('other', 'note');
    expect(await call(others, { pool })).toMatchObject({ status: 200 });
    // Nor is the friend's good any more for whoever it went to.
    const passedOn = await delegation('note:read', { through: ['friend'] }, 'other');
    expect(await call(passedOn)).toMatchObject({ status: 403, code: 'ERR_TOKEN_ACTOR' });
  });

  it('is refused to a request that came through this agent before', async () => {
    const looped = await delegation('note:read', { through: ['note'] });
    expect(await call(looped)).toMatchObject({ status: 403, code: 'ERR_TOKEN_ACTOR_LOOP' });
    expect(seen).toBeUndefined();
    const passedOn = await delegation('note:read', { through: ['other'] });
    expect(await call(passedOn)).toMatchObject({ status: 200 });
  });

  it('is refused without the very scope of what is asked', async () => {
    expect(await call(await delegation('note:write'))).toEqual({
      status: 403,
      code: 'ERR_TOKEN_SCOPE',
      detail: 'The scope note:read is missing.',
      challenge: undefined,
    });
    const write = { body: { ...NOTE, mode: 'write' } };
    const details = { ...DETAILS, mode: 'write' };
    expect(await call(await delegation('note:read', { details }), write)).toMatchObject({
      status: 403,
      detail: 'The scope note:write is missing.',
    });
    expect(await call(await delegation('note:write', { details }), write)).toMatchObject({
      status: 200,
    });
  });

  it.each([
    ['has one of the roles', { roles: ['other', 'analyst'] }, 200],
    ['is in one of the groups', { roles: [], groups: ['staff'] }, 200],
    ['is named', { roles: [], subject: 'named' }, 200],
    ['has another role', { roles: ['reader'] }, 403],
    ['has a role named like a group', { roles: ['staff'] }, 403],
    ['is in a group named like a role', { roles: [], groups: ['analyst'] }, 403],
    ['has no role', { roles: [] }, 403],
  ])('is for a person who %s: %j is %d', async (_what, person, status) => {
    const answer = await call(await withToken(await special(person)));
    expect(answer.status).toBe(status);
    if (status === 403) expect(answer.code).toBe('ERR_TOKEN_PERSON');
  });

  it.each([
    ['another text', { ...DETAILS, text: `${HELLO.slice(1)}A` }],
    ['another mode', { ...DETAILS, mode: 'write' }],
    ['no text', { mode: 'read' }],
    ['nothing in particular', {}],
    ['a number', { ...DETAILS, mode: 1 }],
  ])('is refused with a token that was issued for %s', async (_what, details) => {
    expect(await call(await delegation('note:read', { details }))).toMatchObject({
      status: 403,
      code: 'ERR_TOKEN_TRANSACTION',
      challenge: undefined,
    });
    expect(seen).toBeUndefined();
  });

  it('does not mind what else a token was issued for', async () => {
    const details = { ...DETAILS, more: 'x', depth: 7 };
    expect(await call(await delegation('note:read', { details }))).toMatchObject({ status: 200 });
  });

  it('takes a token again while it lives', async () => {
    const headers = await delegation('note:read');
    for (let call_ = 0; call_ < 2; call_++) {
      const nonce = { 'request-nonce': (await delegation('note:read'))['request-nonce']! };
      expect(await call({ ...headers, ...nonce })).toMatchObject({ status: 200 });
    }
  });
});

describe('the end of a token', () => {
  it('is the latest deadline of its request', async () => {
    const token = await special({}, new Date(), 5);
    expect(await call({ ...(await withToken(token)), 'deadline-ms': '30000' })).toMatchObject({
      status: 200,
    });
    expect(seen!.context.deadline).toBe(token.expiresAt * 1000);
    expect(await call({ ...(await withToken(token)), 'deadline-ms': '1000' })).toMatchObject({
      status: 200,
    });
    expect(seen!.context.deadline).toBeLessThan(token.expiresAt * 1000);
  });

  it('ends what is still under way', async () => {
    // From the start of this second: one second could be over before the token arrives.
    const token = await special({}, new Date(), 2);
    expect(await call(await withToken(token), { path: '/wait', body: {} })).toMatchObject({
      status: 504,
      code: 'ERR_DEADLINE_EXCEEDED',
    });
    expect(Date.now()).toBeGreaterThanOrEqual(token.expiresAt * 1000 - 5);
    expect(Date.now()).toBeLessThan(token.expiresAt * 1000 + 5_000);
  });
});

describe('a route that is not delegated', () => {
  it('takes no token, and does not look at one', async () => {
    const headers = await delegation('note:read');
    for (const sent of [{}, headers, { 'txn-token': 'hello', 'request-nonce': 'hello' }]) {
      expect(await call(sent, { path: '/status', body: {} })).toMatchObject({ status: 200 });
      expect(seen!.user).toBeUndefined();
      expect(seen!.context).not.toHaveProperty('delegation');
    }
  });

  it('that is public knows no person either', async () => {
    const headers = await delegation('note:read');
    const response = await friend.request({ method: 'GET', path: '/open', headers });
    expect(response.status).toBe(200);
    // Nobody signs for nobody.
    expect(JSON.parse(await text(response.body))).toEqual({ served: true });
    expect(seen!.user).toBeUndefined();
  });
});
