import { randomBytes } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { text } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { Body, Controller, HttpCode, Module, Post } from '@nestjs/common';
import { IsString } from 'class-validator';
import { request } from 'undici';
import { defineAgent } from '@mesh/agent/nest';
import type { AgentEvent, RequestContext } from '@mesh/contracts';
import { bindDelegation } from '@mesh/delegation';
import { MeshError } from '@mesh/errors';
import type { MtlsPool } from '@mesh/identity';
import { Action, SignedIn } from '@mesh/identity/nest';
import { SWAGGER_CLIENT_ID, SWAGGER_REDIRECT_PATH } from '@mesh/issuer';
import { requestDigest } from '@mesh/provenance';
import { RequestNonceGuard } from '../../libs/agent/src/nest/request-nonce.guard.js';
import { RunningAgents } from '../kit/running-agents.js';

class NoteRequest {
  @IsString()
  how!: string;
}

class FailedError extends MeshError {
  readonly code = 'ERR_PEER_FAILED';
}

let served = 0;
/** A request that waits is released by the one, and tells by the other that it began. */
const turns = new EventEmitter();

async function note(how: string): Promise<object> {
  served += 1;
  if (how === 'fail') throw new FailedError('told to');
  if (how === 'wait') {
    turns.emit('began');
    await once(turns, 'go');
  }
  return { served };
}

@Controller()
class NoteController {
  @Post('note')
  @HttpCode(200)
  @Action('note:read')
  note(@Body() { how }: NoteRequest): Promise<object> {
    return note(how);
  }

  @Post('events')
  @HttpCode(200)
  @Action('note:read')
  async *events(@Body() { how }: NoteRequest): AsyncGenerator<AgentEvent<object>> {
    yield { type: 'text', text: 'a' };
    yield { type: 'done', result: await note(how) };
  }

  @Post('bare')
  @HttpCode(200)
  @Action('note:read')
  bare(): object {
    return { served };
  }

  @Post('status')
  @HttpCode(200)
  @Action('note:status', { delegated: false })
  status(): object {
    return { served };
  }
}

@Controller()
class DoorController {
  @Post('note')
  @HttpCode(200)
  @SignedIn('note:read')
  note(@Body() { how }: NoteRequest): Promise<object> {
    return note(how);
  }
}

@Module({ controllers: [NoteController] })
class NoteModule {}
@Module({ controllers: [DoorController] })
class DoorModule {}
@Module({})
class OtherModule {}

let mesh: RunningAgents;
let pools: Record<'friend' | 'other', MtlsPool>;

beforeAll(async () => {
  mesh = await RunningAgents.start([
    {
      definition: defineAgent({ name: 'note', listener: 'peers', module: () => NoteModule }),
      file: `
name: note
identity: /ns/agents/sa/note
port: 4090
actions:
  note:read: { callers: [friend, other, door] }
  note:status: { callers: [friend], delegated: false }
actsFor: { roles: [analyst, reader] }
`,
    },
    {
      definition: defineAgent({ name: 'door', listener: 'people', module: () => DoorModule }),
      file: `
name: door
identity: /ns/agents/sa/door
port: 4091
actsFor: { roles: [analyst, reader] }
apiClients: [mesh-cli, ${SWAGGER_CLIENT_ID}]
`,
    },
    ...['friend', 'other'].map((name, index) => ({
      definition: defineAgent({ name, listener: 'peers' as const, module: () => OtherModule }),
      file: `{ name: ${name}, identity: /ns/agents/sa/${name}, port: ${4092 + index} }`,
    })),
  ]);
  pools = {
    friend: await mesh.poolAs('friend', 'note'),
    other: await mesh.poolAs('other', 'note'),
  };
});
afterAll(() => mesh.close());
afterEach(() => {
  jest.restoreAllMocks();
});

const fresh = () => randomBytes(16).toString('base64url');
/** No header of that name. */
const NONE = [] as unknown as string;

interface CallOptions {
  readonly who?: 'friend' | 'other';
  readonly how?: string;
  readonly path?: string;
  readonly accept?: string;
}

async function call(nonce: string | string[], options: CallOptions = {}) {
  const { who = 'friend', how = 'serve', path = '/note', accept = 'application/json' } = options;
  const response = await pools[who].request({
    method: 'POST',
    path,
    headers: {
      'content-type': 'application/json',
      accept,
      ...(await mesh.delegation(who, 'note:read')),
      'request-nonce': nonce as string,
    },
    body: JSON.stringify({ how }),
  });
  const body = await text(response.body);
  const { code } = (accept === 'application/json' ? JSON.parse(body) : {}) as { code?: string };
  return { status: response.status, code, body };
}

const REUSED = { status: 400, code: 'ERR_NONCE_REUSED' };
const INVALID = { status: 400, code: 'ERR_HEADER_INVALID' };

describe('the nonce of an agent', () => {
  it.each<[string, string | string[]]>([
    ['none', NONE],
    ['an empty one', ''],
    ['two', [fresh(), fresh()]],
    ['the same one twice', ['A'.repeat(22), 'A'.repeat(22)]],
    ['one too short', 'A'.repeat(21)],
    ['one too long', 'A'.repeat(23)],
    ['one in base64', `${'+/'.repeat(10)}AA`],
    ['one with more bits than 128', `${'A'.repeat(21)}B`],
    ['one in hexadecimal', randomBytes(16).toString('hex')],
  ])('is wanted: %s is refused', async (_what, nonce) => {
    const before = served;
    expect(await call(nonce)).toMatchObject(INVALID);
    expect(served).toBe(before);
  });

  it('stands in what the answer answers, which is its digest alone', async () => {
    const nonce = fresh();
    const { body } = await call(nonce);
    const asked = { method: 'POST', path: '/note', nonce, body: { how: 'serve' } } as const;
    expect(JSON.parse(body)).toMatchObject({ requests: [{ digest: await requestDigest(asked) }] });
    expect(body).not.toContain(nonce);
  });

  it('stands there with the path as it was sent, and null for no body', async () => {
    const [nonce, path] = [fresh(), '/bare?how=serve'];
    const response = await pools.friend.request({
      method: 'POST',
      path,
      headers: { ...(await mesh.delegation('friend', 'note:read')), 'request-nonce': nonce },
    });
    const digest = await requestDigest({ method: 'POST', path, nonce, body: null });
    expect(JSON.parse(await text(response.body))).toMatchObject({ requests: [{ digest }] });
  });

  it('is taken once, on whichever route', async () => {
    const nonce = fresh();
    expect(await call(nonce)).toMatchObject({ status: 200 });
    const before = served;
    expect(await call(nonce)).toMatchObject(REUSED);
    expect(await call(nonce, { path: '/events' })).toMatchObject(REUSED);
    expect(served).toBe(before);
  });

  it('is its own: another agent may have the same', async () => {
    const nonce = fresh();
    expect(await call(nonce)).toMatchObject({ status: 200 });
    expect(await call(nonce, { who: 'other' })).toMatchObject({ status: 200 });
    expect(await call(nonce, { who: 'other' })).toMatchObject(REUSED);
  });

  it('is free again once its request has failed', async () => {
    const nonce = fresh();
    for (let time = 0; time < 2; time++) {
      expect(await call(nonce, { how: 'fail' })).toMatchObject({ status: 502 });
    }
    expect(await call(nonce)).toMatchObject({ status: 200 });
    expect(await call(nonce)).toMatchObject(REUSED);
  });

  it('is not freed by the refusal of a second one', async () => {
    const nonce = fresh();
    expect(await call(nonce)).toMatchObject({ status: 200 });
    for (let time = 0; time < 3; time++) expect(await call(nonce)).toMatchObject(REUSED);
  });

  it('is taken from when its request begins', async () => {
    const nonce = fresh();
    const began = once(turns, 'began');
    const first = call(nonce, { how: 'wait' });
    await began;
    expect(await call(nonce)).toMatchObject(REUSED);
    turns.emit('go');
    expect(await first).toMatchObject({ status: 200 });
  });

  it('stays taken by one that was left: nobody knows how far it got', async () => {
    const nonce = fresh();
    const began = once(turns, 'began');
    const leaving = new AbortController();
    const left = pools.friend.request({
      method: 'POST',
      path: '/note',
      headers: {
        'content-type': 'application/json',
        ...(await mesh.delegation('friend', 'note:read')),
        'request-nonce': nonce,
      },
      body: '{"how":"wait"}',
      signal: leaving.signal,
    });
    await began;
    leaving.abort();
    await expect(left).rejects.toThrow();
    turns.emit('go');
    expect(await call(nonce)).toMatchObject(REUSED);
  });

  it('stays taken where an answer began as a stream', async () => {
    const nonce = fresh();
    const events = { path: '/events', accept: 'text/event-stream' };
    const { status, body } = await call(nonce, { ...events, how: 'fail' });
    expect(status).toBe(200);
    expect(body).toContain('event: error');
    expect(await call(nonce)).toMatchObject(REUSED);
  });

  it('is not looked at where nobody is acted for', async () => {
    const nonce = fresh();
    for (const sent of [nonce, nonce, NONE, 'hello']) {
      expect(await call(sent, { path: '/status' })).toMatchObject({ status: 200 });
    }
  });
});

describe('the nonce of a person', () => {
  const SCOPE = 'note:read';

  const swagger = {
    clientId: SWAGGER_CLIENT_ID,
    redirectUri: `http://127.0.0.1:1${SWAGGER_REDIRECT_PATH}`,
  };

  async function ask(
    account: string,
    nonce: string | string[],
    client?: Parameters<RunningAgents['signedIn']>[2],
  ) {
    const { accessToken } = await mesh.signedIn(account, SCOPE, client);
    const response = await request(`${mesh.agent('door').url}/note`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        authorization: `Bearer ${accessToken}`,
        'request-nonce': nonce,
      },
      body: '{"how":"serve"}',
    });
    const body = (await response.body.json()) as Record<string, unknown>;
    return { status: response.statusCode, code: body['code'], requests: body['requests'] };
  }

  it('stands in what the answer answers', async () => {
    const nonce = fresh();
    expect(await ask('analyst', nonce)).toMatchObject({
      status: 200,
      requests: [{ method: 'POST', path: '/note', nonce, body: { how: 'serve' } }],
    });
  });

  it('is made where there is none, for each request anew', async () => {
    const nonces = new Set<unknown>();
    for (let time = 0; time < 2; time++) {
      const { status, requests } = await ask('analyst', NONE);
      expect(status).toBe(200);
      nonces.add((requests as { nonce: string }[])[0]!.nonce);
    }
    expect([...nonces]).toEqual([0, 1].map(() => expect.stringMatching(/^[A-Za-z0-9_-]{22}$/)));
  });

  it('is refused where it is none', async () => {
    expect(await ask('analyst', 'hello')).toMatchObject(INVALID);
    expect(await ask('analyst', [fresh(), fresh()])).toMatchObject(INVALID);
  });

  it('is taken once of each person, with each client', async () => {
    const nonce = fresh();
    expect(await ask('analyst', nonce)).toMatchObject({ status: 200 });
    // With another token of the same client.
    expect(await ask('analyst', nonce)).toMatchObject(REUSED);
    expect(await ask('reader', nonce)).toMatchObject({ status: 200 });
    expect(await ask('analyst', nonce, swagger)).toMatchObject({ status: 200 });
    expect(await ask('analyst', nonce, swagger)).toMatchObject(REUSED);
  });
});

describe('RequestNonceGuard', () => {
  it('remembers a nonce while an answer to it could be fresh, and the last hundred thousand', async () => {
    const token = await mesh.tokenFor('friend', 'note:read');
    const guard = new RequestNonceGuard();
    const take = (nonce: string) => {
      const meshContext = {} as RequestContext;
      bindDelegation(meshContext, token, 'pseudonym');
      const incoming = { meshContext, headers: { 'request-nonce': nonce } };
      return guard.canActivate({
        switchToHttp: () => ({
          getRequest: () => incoming,
          getResponse: () => ({ raw: new EventEmitter() }),
        }),
      } as never);
    };
    const reused = expect.objectContaining({ code: 'ERR_NONCE_REUSED' });
    const now = jest.spyOn(Date, 'now').mockReturnValue(1_000_000);
    const nonce = fresh();
    expect(take(nonce)).toBe(true);
    // Ten minutes of work, an answer that is good for five, and clocks that differ by one.
    now.mockReturnValue(1_000_000 + 959_999);
    expect(() => take(nonce)).toThrow(reused);
    now.mockReturnValue(1_000_000 + 960_000);
    expect(take(nonce)).toBe(true);
    const others = Array.from({ length: 100_000 }, fresh);
    for (const other of others.slice(1)) take(other);
    expect(() => take(nonce)).toThrow(reused);
    take(others[0]!);
    expect(take(nonce)).toBe(true);
    expect(() => take(others.at(-1)!)).toThrow(reused);
  });
});
