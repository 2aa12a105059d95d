import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Body, Controller, Get, HttpCode, Module, Post } from '@nestjs/common';
import { IsString } from 'class-validator';
import { request } from 'undici';
import type { PeerClient } from '@mesh/agent';
import { defineAgent, InjectPeer } from '@mesh/agent/nest';
import { SignedDto, type RequestContext } from '@mesh/contracts';
import { DelegatedUser, type DelegatedPerson } from '@mesh/delegation/nest';
import { Action, Public, SignedIn } from '@mesh/identity/nest';
import { SWAGGER_CLIENT_ID, SWAGGER_REDIRECT_PATH } from '@mesh/issuer';
import { requireContext } from '@mesh/observability';
import { exchange } from '../kit/raw-http.js';
import { RunningAgents, type AgentUnderTest } from '../kit/running-agents.js';

class NoteRequest {
  @IsString()
  text!: string;

  @IsString()
  mode!: string;
}

class NoteDto extends SignedDto {
  @IsString()
  text!: string;
}

const operation = {
  pick: ({ mode }: NoteRequest) => `note:${mode}`,
  transaction: ({ text, mode }: NoteRequest, digest: (text: string) => string) => ({
    mode,
    text: digest(text),
  }),
};

/** What the door saw of the last request that came to it. */
let seen: { context: RequestContext; user: DelegatedPerson | undefined } | undefined;

@Controller()
class DoorController {
  constructor(@InjectPeer('note') private readonly peer: PeerClient) {}

  @Post('note')
  @HttpCode(200)
  @SignedIn(['note:read', 'note:write'], operation)
  async note(
    @Body() { text, mode }: NoteRequest,
    @DelegatedUser() user: DelegatedPerson,
  ): Promise<object> {
    seen = { context: requireContext(), user };
    return { text: (await this.peer.post('/note', { text, mode }, NoteDto)).text };
  }

  @Get('open')
  @Public()
  open(@DelegatedUser() user: DelegatedPerson | undefined): object {
    seen = { context: requireContext(), user };
    return { open: true };
  }
}

@Controller()
class NoteController {
  @Post('note')
  @HttpCode(200)
  @Action(['note:read', 'note:write'], operation)
  note(@Body() { text }: NoteRequest): object {
    return { text: text.toUpperCase() };
  }
}

@Module({ controllers: [DoorController] })
class DoorModule {}
@Module({ controllers: [NoteController] })
class NoteModule {}

const door = (name: string, port: number, clients: string): AgentUnderTest => ({
  definition: defineAgent({ name, listener: 'people', module: () => DoorModule }),
  file: `name: ${name}\nidentity: /ns/agents/sa/${name}\nport: ${port}\nactsFor: { roles: [analyst] }\n${clients}\n`,
});
const under = [
  door('door', 4090, `apiClients: [mesh-cli]\nsessionClient: ${SWAGGER_CLIENT_ID}`),
  door('other', 4091, `apiClients: [${SWAGGER_CLIENT_ID}]`),
  {
    definition: defineAgent({ name: 'note', listener: 'peers', module: () => NoteModule }),
    file: `
name: note
identity: /ns/agents/sa/note
port: 4092
actions:
  note:read: { callers: [door, other] }
  note:write: { callers: [door, other] }
actsFor: { roles: [analyst, reader] }
`,
  },
];
const SWAGGER = {
  clientId: SWAGGER_CLIENT_ID,
  redirectUri: `http://127.0.0.1:1${SWAGGER_REDIRECT_PATH}`,
};
const READ = { text: 'hello', mode: 'read' };

let mesh: RunningAgents;
let bearer: string;

beforeAll(async () => {
  mesh = await RunningAgents.start(under);
  bearer = await mesh.signIn('analyst', 'note:read');
});
afterAll(() => mesh.close());
beforeEach(() => {
  seen = undefined;
});

async function ask(
  headers: Record<string, string | string[]>,
  { body = READ, at = 'door', of = mesh } = {},
) {
  const response = await request(`${of.agent(at).url}/note`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
  const { code, detail, text } = (await response.body.json()) as Record<string, unknown>;
  const challenge = response.headers['www-authenticate'];
  return { status: response.statusCode, code, detail, text, challenge };
}

const as = (token: string) => ({ authorization: `Bearer ${token}` });
const UNKNOWN = 'Bearer realm="mesh"';
const INVALID = `${UNKNOWN}, error="invalid_token"`;

describe('a route for people', () => {
  it('is served to who is signed in, and knows who that is', async () => {
    expect(await ask(as(bearer))).toMatchObject({ status: 200, text: 'HELLO' });
    expect(seen!.user).toEqual({
      subject: `${mesh.issuer!.url}#analyst`,
      roles: ['analyst'],
      groups: [],
      userId: expect.stringMatching(/^[A-Za-z0-9_-]{43}$/),
    });
    expect(seen!.context.delegation).toEqual({
      userId: seen!.user!.userId,
      txn: expect.any(String),
      actors: ['spiffe://mesh.test/ns/agents/sa/door'],
      tokenHash: expect.any(String),
    });
    expect(seen!.context).not.toHaveProperty('caller');
  });

  it.each(['bearer', 'BEARER', 'Bearer  '])('takes the scheme as %j', async (scheme) => {
    expect(await ask({ authorization: `${scheme} ${bearer}` })).toMatchObject({ status: 200 });
  });

  it('is not served without a token, which is not called invalid', async () => {
    expect(await ask({})).toEqual({
      status: 401,
      code: 'ERR_ACCESS_TOKEN_MISSING',
      detail: 'Nobody is signed in.',
      challenge: UNKNOWN,
    });
    expect(seen).toBeUndefined();
  });

  it('is not served with two of them, of which others may go by the second', async () => {
    for (const tokens of [
      [bearer, 'x'],
      [bearer, bearer],
    ]) {
      const authorization = tokens.map((token) => `Bearer ${token}`);
      expect(await ask({ authorization })).toMatchObject({
        status: 401,
        code: 'ERR_ACCESS_TOKEN_MALFORMED',
        challenge: INVALID,
      });
    }
    expect(seen).toBeUndefined();
  });

  // RFC 6750 3: who sent no bearer token is told of no error.
  it.each<[string, (token: string) => string]>([
    ['of another scheme', () => 'Basic YTpi'],
    ['without its scheme', (token) => token],
    ['of nothing', () => ''],
  ])('is not served by an Authorization %s, as by none', async (_what, change) => {
    expect(await ask({ authorization: change(bearer) })).toMatchObject({
      status: 401,
      code: 'ERR_ACCESS_TOKEN_MISSING',
      challenge: UNKNOWN,
    });
    expect(seen).toBeUndefined();
  });

  it.each<[string, (token: string) => string]>([
    ['without a token', () => 'Bearer'],
    ['with two tokens', (token) => `Bearer ${token}, Bearer ${token}`],
    ['with parameters', (token) => `Bearer token="${token}"`],
    ['that is no JWT', () => 'Bearer hello'],
    ['with a token too large', (token) => `Bearer ${token}${'A'.repeat(14_000)}`],
  ])('is not served by an Authorization %s', async (_what, change) => {
    const answer = await ask({ authorization: change(bearer) });
    expect(answer).toMatchObject({ status: 401, challenge: INVALID });
    expect(['ERR_ACCESS_TOKEN_MALFORMED', 'ERR_ACCESS_TOKEN_SIGNATURE']).toContain(answer.code);
    expect(seen).toBeUndefined();
  });

  it('is not served by a token that was changed', async () => {
    const [header, payload, signature] = bearer.split('.');
    const claims = JSON.parse(Buffer.from(payload!, 'base64url').toString()) as object;
    const other = Buffer.from(JSON.stringify({ ...claims, sub: 'admin' })).toString('base64url');
    expect(await ask(as(`${header}.${other}.${signature}`))).toMatchObject({
      status: 401,
      code: 'ERR_ACCESS_TOKEN_SIGNATURE',
      challenge: INVALID,
    });
  });

  it('is not served by another kind of token: the ID token, a transaction token', async () => {
    const { idToken } = await mesh.signedIn('analyst', 'openid note:read');
    const txnToken = (await mesh.tokenFor('door', 'note:read')).reveal();
    for (const token of [idToken!, txnToken]) {
      expect(await ask(as(token))).toMatchObject({
        status: 401,
        code: 'ERR_ACCESS_TOKEN_TYPE',
        challenge: INVALID,
      });
    }
  });

  it("is not served by tokens of the browser's back end, nor of clients of others", async () => {
    const session = as((await mesh.signedIn('analyst', 'note:read', SWAGGER)).accessToken);
    for (const [headers, at] of [
      [session, 'door'],
      [as(bearer), 'other'],
    ] as const) {
      expect(await ask(headers, { at })).toMatchObject({
        status: 401,
        code: 'ERR_ACCESS_TOKEN_CLIENT',
        challenge: INVALID,
      });
    }
    // Of the one whose client it is an ordinary one.
    expect(await ask(session, { at: 'other' })).toMatchObject({ status: 200 });
  });

  it('is not served to a person whom it does not act for: no token would help', async () => {
    expect(await ask(as(await mesh.signIn('reader', 'openid')))).toEqual({
      status: 403,
      code: 'ERR_ACCESS_TOKEN_PERSON',
      detail: 'This service does not act for this person.',
      challenge: undefined,
    });
  });

  it('is not served without the very scope of what is asked, which is named', async () => {
    const write = { body: { ...READ, mode: 'write' } };
    expect(await ask(as(bearer), write)).toEqual({
      status: 403,
      code: 'ERR_ACCESS_TOKEN_SCOPE',
      detail: 'The scope note:write is missing.',
      challenge: `${UNKNOWN}, error="insufficient_scope", scope="note:write"`,
    });
    const both = await mesh.signIn('analyst', 'note:read note:write');
    expect(await ask(as(both), write)).toMatchObject({ status: 200 });
    expect(await ask(as(both))).toMatchObject({ status: 200 });
  });

  it('serves nobody for an action that it does not have', async () => {
    const body = { ...READ, mode: 'delete' };
    expect(await ask(as(bearer), { body })).toMatchObject({
      status: 403,
      code: 'ERR_ROUTE_UNDECLARED',
    });
  });

  it('believes no Txn-Token: not one that holds, not one that is none', async () => {
    const held = (await mesh.tokenFor('door', 'note:read')).reveal();
    expect(await ask({ 'txn-token': held })).toMatchObject({ status: 401 });
    expect(await ask({ ...as(bearer), 'txn-token': 'hello' })).toMatchObject({ status: 200 });
    expect(await ask({ ...as(bearer), 'txn-token': held })).toMatchObject({ status: 200 });
    expect(seen!.user!.subject).toBe(`${mesh.issuer!.url}#analyst`);
  });

  it('refuses who is not signed in without waiting for the body', async () => {
    const answer = await exchange(
      mesh.agent('door').url,
      'POST /note HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n',
    );
    expect(answer).toMatch(/^HTTP\/1\.1 401 /);
    expect(answer.toLowerCase()).toContain('\r\nwww-authenticate: bearer realm="mesh"\r\n');
    expect(answer).toContain('ERR_ACCESS_TOKEN_MISSING');
  });

  it('is no route that another could be: a public one asks nobody, and knows nobody', async () => {
    for (const headers of [{}, as(bearer), as('hello')]) {
      const response = await request(`${mesh.agent('door').url}/open`, { headers });
      expect(await response.body.json()).toEqual({ open: true });
      expect(seen!.user).toBeUndefined();
    }
  });
});

describe('an issuer that is gone', () => {
  it('is 503 for whoever it would vouch for, and no fault of the token', async () => {
    const lonely = await RunningAgents.start(under);
    try {
      const token = await lonely.signIn('analyst', 'note:read');
      await lonely.issuer!.close();
      expect(await ask(as(token), { of: lonely })).toMatchObject({
        status: 503,
        code: 'ERR_ACCESS_TOKEN_KEYS_UNAVAILABLE',
        challenge: undefined,
      });
      expect(await ask({}, { of: lonely })).toMatchObject({ status: 401, challenge: UNKNOWN });
      // For whoever runs the mesh the one is an error; the other is a person's.
      const errors = lonely.log.filter(({ event }) => event === 'error');
      expect(errors.map(({ agent, code }) => ({ agent, code }))).toEqual([
        { agent: 'door', code: 'ERR_ACCESS_TOKEN_KEYS_UNAVAILABLE' },
      ]);
    } finally {
      await lonely.close();
    }
  });
});
