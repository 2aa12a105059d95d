import { getEventListeners } from 'node:events';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Body, Controller, Get, HttpCode, Module, Post } from '@nestjs/common';
import { IsString } from 'class-validator';
import { request } from 'undici';
import type { PeerClient } from '@mesh/agent';
import { defineAgent, InjectPeer } from '@mesh/agent/nest';
import { SignedDto, type RequestContext } from '@mesh/contracts';
import type { Sessions } from '@mesh/delegation/nest';
import { TxnToken } from '@mesh/delegation';
import { MeshError } from '@mesh/errors';
import { Action, SignedIn } from '@mesh/identity/nest';
import { SWAGGER_CLIENT_ID, SWAGGER_REDIRECT_PATH } from '@mesh/issuer';
import { requireContext } from '@mesh/observability';
import { RunningAgents } from '../kit/running-agents.js';

class NoteRequest {
  @IsString()
  text!: string;
}

class NoteDto extends SignedDto {
  @IsString()
  text!: string;
}

/** What the last request was served in. */
let seen: RequestContext | undefined;
/** Requests at `/wait` that are served. */
let waiting: PromiseWithResolvers<void>;

@Controller()
class DoorController {
  constructor(@InjectPeer('note') private readonly peer: PeerClient) {}

  @Post('note')
  @HttpCode(200)
  @SignedIn('note:read')
  async note(@Body() { text }: NoteRequest): Promise<object> {
    seen = requireContext();
    return { text: (await this.peer.post('/note', { text }, NoteDto)).text };
  }

  @Get('mine')
  @SignedIn()
  mine(): object {
    seen = requireContext();
    return { mine: true };
  }

  @Get('admin')
  @SignedIn({ role: 'admin' })
  admin(): object {
    return { admin: true };
  }

  @Get('wait')
  @SignedIn()
  async wait(): Promise<object> {
    const { signal } = requireContext();
    waiting.resolve();
    await new Promise((resolve) => signal.addEventListener('abort', resolve));
    signal.throwIfAborted();
    return {};
  }
}

/** The token as it came to whoever is called. */
let received: TxnToken | undefined;

@Controller()
class NoteController {
  @Post('note')
  @HttpCode(200)
  @Action('note:read')
  note(@Body() { text }: NoteRequest): object {
    return { text: text.toUpperCase() };
  }
}

@Module({ controllers: [DoorController] })
class DoorModule {}
@Module({ controllers: [NoteController] })
class NoteModule {}

const SWAGGER = {
  clientId: SWAGGER_CLIENT_ID,
  redirectUri: `http://127.0.0.1:1${SWAGGER_REDIRECT_PATH}`,
};
/** By the cookie `session`: the access token that stands for its person. */
const accessTokens = new Map<string, string>();
let ended: AbortController;

class UnknownSession extends MeshError {
  readonly code = 'ERR_SESSION_ENDED';
}

const sessions: Sessions = {
  find: async ({ headers }) => {
    const id = /^session=(\w+)$/.exec(String(headers['cookie'] ?? ''))?.[1];
    if (id === undefined) return undefined;
    const accessToken = accessTokens.get(id);
    if (accessToken === undefined) throw new UnknownSession('It is unknown.');
    return { session: { hash: `hash-of-${id}`, ended: ended.signal }, accessToken };
  },
};

let mesh: RunningAgents;

beforeAll(async () => {
  mesh = await RunningAgents.start([
    {
      definition: defineAgent({
        name: 'door',
        listener: 'people',
        module: () => DoorModule,
        sessions: () => sessions,
        configure: (_app, context) => {
          const issue = context.tokens.issue.bind(context.tokens);
          context.tokens.issue = async (...args) => (received = await issue(...args));
        },
      }),
      file: `
name: door
identity: /ns/agents/sa/door
port: 4093
actsFor: { roles: [analyst, admin] }
apiClients: [mesh-cli]
sessionClient: ${SWAGGER_CLIENT_ID}
`,
    },
    {
      definition: defineAgent({ name: 'note', listener: 'peers', module: () => NoteModule }),
      file: `
name: note
identity: /ns/agents/sa/note
port: 4094
actions:
  note:read: { callers: [door] }
actsFor: { roles: [analyst, admin] }
`,
    },
  ]);
  for (const [id, account] of [
    ['a', 'analyst'],
    ['b', 'admin'],
    ['r', 'reader'],
  ] as const) {
    const scope = account === 'reader' ? 'openid' : 'note:read';
    accessTokens.set(id, (await mesh.signedIn(account, scope, SWAGGER)).accessToken);
  }
  accessTokens.set('c', await mesh.signIn('analyst', 'note:read'));
});
afterAll(() => mesh.close());
beforeEach(() => {
  seen = received = undefined;
  ended = new AbortController();
  waiting = Promise.withResolvers();
});

async function get(path: string, headers: Record<string, string>) {
  const { statusCode, body } = await request(`${mesh.agent('door').url}${path}`, { headers });
  return { status: statusCode, body: (await body.json()) as Record<string, unknown> };
}

async function post(headers: Record<string, string>) {
  const { statusCode, body } = await request(`${mesh.agent('door').url}/note`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: '{"text":"hello"}',
  });
  return { status: statusCode, body: (await body.json()) as Record<string, unknown> };
}

const OK = { status: 200 };

describe('a person who is signed in by a session', () => {
  it('is served as by a token, and the transaction tells of the session as the word of its keeper', async () => {
    expect(await post({ cookie: 'session=a' })).toMatchObject({ ...OK, body: { text: 'HELLO' } });
    expect(seen!.session).toBe('hash-of-a');
    expect(received!.requesterContext['asserted']).toEqual({
      by: 'spiffe://mesh.test/ns/agents/sa/door',
      context: { session: 'hash-of-a' },
    });
    const lines = mesh.log.filter(({ session }) => session === 'hash-of-a');
    expect(lines).toContainEqual(
      expect.objectContaining({ agent: 'door', event: 'request', txn: received!.txn }),
    );
  });

  it('is nobody where the session is over, or came without one', async () => {
    expect(await get('/mine', { cookie: 'session=x' })).toMatchObject({
      status: 401,
      body: { code: 'ERR_SESSION_ENDED' },
    });
    expect(await get('/mine', {})).toMatchObject({
      status: 401,
      body: { code: 'ERR_ACCESS_TOKEN_MISSING' },
    });
    expect(seen).toBeUndefined();
  });

  it('is the one of the bearer token where there is one, also if that does not hold', async () => {
    const bearer = await mesh.signIn('analyst', 'note:read');
    const both = { cookie: 'session=b', authorization: `Bearer ${bearer}` };
    expect(await get('/mine', both)).toMatchObject(OK);
    expect(seen!.session).toBeUndefined();
    expect(await get('/admin', both)).toMatchObject({ status: 403 });
    expect(await get('/mine', { ...both, authorization: 'Bearer x' })).toMatchObject({
      status: 401,
      body: { code: 'ERR_ACCESS_TOKEN_MALFORMED' },
    });
  });

  it('is not one by the token of another client than that of sessions', async () => {
    expect(await get('/mine', { cookie: 'session=c' })).toMatchObject({
      status: 401,
      body: { code: 'ERR_ACCESS_TOKEN_CLIENT' },
    });
  });

  it('is not one whom the service does not act for', async () => {
    expect(await get('/mine', { cookie: 'session=r' })).toMatchObject({
      status: 403,
      body: { code: 'ERR_ACCESS_TOKEN_PERSON' },
    });
  });

  it('has all requests ended with the session', async () => {
    const answer = get('/wait', { cookie: 'session=a' });
    await waiting.promise;
    ended.abort();
    expect(await answer).toMatchObject({ status: 401, body: { code: 'ERR_SESSION_ENDED' } });
  });

  it('leaves nothing of a request that is over with the session', async () => {
    await get('/mine', { cookie: 'session=a' });
    await get('/mine', { cookie: 'session=a' });
    // The second one is answered after all of the first.
    expect(getEventListeners(ended.signal, 'abort').length).toBeLessThan(2);
  });

  it('has none served that comes when it has just ended', async () => {
    ended.abort();
    expect(await get('/mine', { cookie: 'session=a' })).toMatchObject({
      status: 401,
      body: { code: 'ERR_SESSION_ENDED' },
    });
    expect(seen).toBeUndefined();
  });
});

describe('a route for persons themselves', () => {
  it('makes no transaction, and is answered without a statement', async () => {
    expect(await get('/mine', { cookie: 'session=a' })).toEqual({ ...OK, body: { mine: true } });
    expect(seen!.delegation).toBeUndefined();
    expect(received).toBeUndefined();
  });

  it('is for a role where it says so', async () => {
    expect(await get('/admin', { cookie: 'session=b' })).toEqual({ ...OK, body: { admin: true } });
    expect(await get('/admin', { cookie: 'session=a' })).toMatchObject({
      status: 403,
      body: { code: 'ERR_ACCESS_TOKEN_ROLE' },
    });
  });
});
