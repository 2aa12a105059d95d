import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { AgentDirectory, AgentFile, loadConfig } from '@mesh/agent';
import { startAgent, type RunningAgent, type StartOptions } from '@mesh/agent/nest';
import { EmbeddedAuthority } from '@mesh/authority';
import {
  ACCESS_TOKEN_TYPE,
  issueTxnToken,
  Pseudonyms,
  TOKEN_EXCHANGE_GRANT,
  TXN_TOKEN_TYPE,
  TxnToken,
  verifyTxnToken,
} from '@mesh/delegation';
import {
  authorizeId,
  createMtlsPool,
  SpiffeId,
  TrustDomain,
  X509Source,
  type MtlsPool,
} from '@mesh/identity';
import { EmbeddedIssuer, SamplePasswords, signInAs } from '@mesh/issuer';
import { createLogger } from '@mesh/observability';
import { FileSecretSource, Secret } from '@mesh/secrets';
import { agent as tts } from '../../apps/tts/src/agent.js';

const trustDomain = TrustDomain.parse('mesh.test');
const otherDomain = TrustDomain.parse('other.test');
const idOf = (name: string) => SpiffeId.fromPath(trustDomain, `/ns/agents/sa/${name}`);
const issuerId = SpiffeId.fromPath(trustDomain, '/ns/mesh/sa/issuer');
const resource = 'https://mesh.test/api';
const key = randomBytes(32);

const agentFile = (name: string, port: number, more: string) =>
  AgentFile.parse(`name: ${name}\nidentity: /ns/agents/sa/${name}\nport: ${port}\n${more}`);

/** A chain of agents that is longer than a token's; the researcher acts for fewer than the gateway. */
const files = [
  agentFile('gateway', 4100, 'apiClients: [mesh-cli]\nactsFor: { roles: [analyst, reader] }'),
  agentFile('portal', 4101, 'sessionClient: mesh-swagger\nactsFor: { roles: [analyst, admin] }'),
  agentFile(
    'researcher',
    4102,
    'actsFor: { roles: [analyst] }\nactions:\n  research:fast: { callers: [gateway, portal] }\n  research:deep: { callers: [gateway, portal] }',
  ),
  ...[
    ['writer', 'researcher'],
    ['editor', 'writer'],
    ['printer', 'editor'],
    ['archive', 'printer'],
  ].map(([name, caller], index) =>
    agentFile(
      name!,
      4110 + index,
      `actsFor: { roles: [analyst] }\nactions: { draft:write: { callers: [${caller}] } }`,
    ),
  ),
  // Whom the gateway may call for something else.
  agentFile(
    'clock',
    4120,
    'actsFor: { roles: [analyst] }\nactions: { audit:read: { callers: [gateway] } }',
  ),
  agentFile('teller', 4121, 'actions: { hour:tell: { callers: [clock] } }'),
  AgentFile.parse(readFileSync(join(import.meta.dirname, '../../apps/tts/agent.yaml'), 'utf8')),
];

let folder: string;
let authority: EmbeddedAuthority;
let other: EmbeddedAuthority;
let issuer: EmbeddedIssuer;
let service: RunningAgent;
let source: X509Source;
/** The issuer's own. */
let keys: X509Source;
const passwords = SamplePasswords.random();
const log: Record<string, unknown>[] = [];
const closing: (() => unknown)[] = [];
const pools = new Map<string, MtlsPool>();

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'mesh-tts-'));
  closing.push(() => rmSync(folder, { recursive: true }));
  other = await EmbeddedAuthority.start({
    trustDomain: otherDomain,
    directory: join(folder, 'other'),
    workloads: [{ name: 'gateway', id: SpiffeId.fromPath(otherDomain, '/ns/agents/sa/gateway') }],
  });
  closing.push(() => other.close());
  const names = files.map(({ name }) => name);
  authority = await EmbeddedAuthority.start({
    trustDomain,
    directory: join(folder, 'run'),
    workloads: [
      ...names.map((name) => ({ name, id: idOf(name) })),
      { name: 'issuer', id: issuerId },
      { name: 'stranger', id: idOf('stranger') },
    ],
    federation: [other.bundle()],
  });
  closing.push(() => authority.close());
  keys = await sourceOf('issuer');
  issuer = await EmbeddedIssuer.start({
    port: 0,
    resource,
    passwords,
    agents: { svids: keys, bundles: keys, authorizer: authorizeId(idOf('tts')), port: 0 },
  });
  closing.push(() => issuer.close());
  const secrets = new FileSecretSource(join(folder, 'secrets'));
  await secrets.set('pseudonyms', new Secret(key.toString('base64url')));
  service = await startService();
  closing.push(() => service.close());
  source = await sourceOf('tts');
});
afterAll(async () => {
  for (const pool of pools.values()) await pool.destroy();
  for (const close of closing.reverse()) await close();
});
afterEach(() => {
  jest.restoreAllMocks();
  log.length = 0;
});

const configOf = (env: Record<string, string> = {}) =>
  loadConfig({
    cwd: folder,
    env: { MESH_STATE: folder, MESH_TRUST_DOMAIN: trustDomain.name, ...env },
  });

function startService(changes: Partial<StartOptions> = {}): Promise<RunningAgent> {
  return startAgent(tts, {
    config: configOf(),
    directory: AgentDirectory.of(files, trustDomain),
    logger: createLogger({ level: 'info', format: 'json', destination: intoLog() }),
    secrets: new FileSecretSource(join(folder, 'secrets')),
    issuer: { url: issuer.url, agents: { url: issuer.agentsUrl!, spiffeId: issuerId } },
    workloadApi: authority.socketOf('tts'),
    anyPort: true,
    ...changes,
  });
}

function intoLog(): Writable {
  return new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      for (const line of chunk.toString().trim().split('\n')) log.push(JSON.parse(line));
      done();
    },
  });
}

async function sourceOf(workload: string, from = authority): Promise<X509Source> {
  const opened = await X509Source.create({ address: from.socketOf(workload) });
  closing.push(() => opened.close());
  return opened;
}

/** A client with the identity of `workload`, which knows the token service by its ID. */
async function poolOf(
  workload: string,
  from = authority,
  { url }: RunningAgent = service,
): Promise<MtlsPool> {
  const name = `${workload} ${from === other ? 'other' : 'own'} ${url}`;
  let pool = pools.get(name);
  if (!pool) {
    const svids = await sourceOf(workload, from);
    pool = createMtlsPool(url, svids, authority.bundle(), authorizeId(idOf('tts')));
    pools.set(name, pool);
  }
  return pool;
}

const signIn = async (account: string, scope: string, client?: 'mesh-swagger') => {
  const { accessToken } = await signInAs(issuer.url, account, passwords.of(account), {
    scope,
    resource,
    ...(client
      ? { clientId: client, redirectUri: 'http://127.0.0.1/docs/oauth2-redirect.html' }
      : {}),
  });
  return accessToken;
};

const formOf = (subject: string, scope: string, more: Record<string, string> = {}) => ({
  grant_type: TOKEN_EXCHANGE_GRANT,
  requested_token_type: TXN_TOKEN_TYPE,
  audience: trustDomain.name,
  scope,
  subject_token: subject,
  // A header of JSON ends the first part of both; their types tell them apart.
  subject_token_type: isTxnToken(subject) ? TXN_TOKEN_TYPE : ACCESS_TOKEN_TYPE,
  ...more,
});

const FORM = 'application/x-www-form-urlencoded';

const isTxnToken = (text: string) =>
  Buffer.from(text.split('.')[0]!, 'base64url').toString().includes('txntoken+jwt');

async function post(
  pool: MtlsPool,
  body: string | undefined,
  headers: Record<string, string> = {},
) {
  const response = await pool.request({
    method: 'POST',
    path: '/token',
    headers: body === undefined ? {} : { 'content-type': FORM, ...headers },
    ...(body === undefined ? {} : { body }),
  });
  const text = await response.body.text();
  const id = response.headers['x-correlation-id'];
  const isTold = () =>
    log.some(({ event, correlation_id }) => event === 'request' && correlation_id === id);
  while (!isTold()) await setImmediate();
  return {
    status: response.status,
    headers: response.headers,
    body: JSON.parse(text) as Record<string, unknown>,
  };
}

async function ask(
  workload: string,
  subject: string,
  scope: string,
  more: Record<string, string> = {},
) {
  const form = new URLSearchParams(formOf(subject, scope, more)).toString();
  return post(await poolOf(workload), form);
}

/** The token of an answer, verified as its receiver would. */
function tokenIn({ status, body }: Awaited<ReturnType<typeof ask>>): TxnToken {
  expect({ status, body }).toMatchObject({ status: 200 });
  const token = TxnToken.decodeUnverified(body['access_token'] as string);
  return verifyTxnToken(token.reveal(), {
    bundles: source,
    issuer: idOf('tts'),
    audience: trustDomain,
    now: new Date(Date.now()),
    peer: token.actor,
  });
}

/** By way of agents, each of which replaces the token before. */
async function through(workloads: readonly string[], subject: string, scopes: readonly string[]) {
  let text = subject;
  for (const [index, workload] of workloads.entries()) {
    text = tokenIn(await ask(workload, text, scopes[index] ?? scopes.at(-1)!)).reveal();
  }
  return text;
}

function refused(
  answer: Awaited<ReturnType<typeof ask>>,
  error: string,
  code: string,
  description: RegExp = /./,
): void {
  expect(answer).toMatchObject({
    status: 400,
    body: { error, code, error_description: expect.stringMatching(description) },
  });
  expect(Object.keys(answer.body).sort()).toEqual(['code', 'error', 'error_description']);
  expect(answer.headers['cache-control']).toBe('no-store');
  expect(answer.headers['content-type']).toMatch(/^application\/json/);
  expect(log.filter(({ event }) => event === 'token.refused')).toMatchObject([
    { level: 'warn', agent: 'tts', code, name: error },
  ]);
  expect(log.filter(({ event }) => event === 'request')).toMatchObject([
    { route: '/token', status: 400, outcome: 'error', code },
  ]);
}

describe('a token for an access token', () => {
  it('is what was asked, for whom the issuer says, sent by who asked', async () => {
    const subject = await signIn('analyst', 'research:deep draft:write');
    const answer = await ask('gateway', subject, 'research:deep draft:write', {
      request_details: '{"action":"research:deep"}',
      request_context: '{"session":"hash"}',
    });
    expect(answer.body).toEqual({
      access_token: expect.any(String),
      issued_token_type: TXN_TOKEN_TYPE,
      token_type: 'N_A',
      expires_in: expect.any(Number),
      scope: 'research:deep draft:write',
    });
    expect(answer.headers).toMatchObject({
      'cache-control': 'no-store',
      'content-type': expect.stringMatching(/^application\/json/),
    });
    const token = tokenIn(answer);
    expect(token.subject).toBe(`${issuer.url}#analyst`);
    expect(token.userId).toBe(new Pseudonyms(key).of(token.subject));
    expect(token.actors.map(String)).toEqual([idOf('gateway').toString()]);
    expect(token.transactionContext).toEqual({ action: 'research:deep' });
    expect(token.requesterContext).toMatchObject({
      client_id: 'mesh-cli',
      roles: ['analyst'],
      asserted: { by: idOf('gateway').toString(), context: { session: 'hash' } },
    });
  });

  it('is told to the log by its hash, with transaction, person and actors, and never shown', async () => {
    const subject = await signIn('analyst', 'research:fast');
    const token = tokenIn(await ask('gateway', subject, 'research:fast'));
    expect(log.filter(({ event }) => event === 'token.issued')).toMatchObject([
      {
        agent: 'tts',
        caller_spiffe_id: idOf('gateway').toString(),
        txn: token.txn,
        user_id: token.userId,
        actors: [idOf('gateway').toString()],
        token: token.hash,
      },
    ]);
    expect(log.filter((line) => 'dropped' in line)).toEqual([]);
    const text = JSON.stringify(log);
    for (const secret of [subject, token.reveal(), key.toString('base64url'), '#analyst']) {
      expect(text).not.toContain(secret);
    }
  });

  it.each([
    ['wider than the access token', 'analyst', 'research:fast', 'research:fast draft:write'],
    ['that the person may not', 'reader', 'research:fast research:deep', 'research:deep'],
  ])('is refused for a scope %s, by name', async (_, account, granted, scope) => {
    const missing = scope.split(' ').at(-1)!;
    const answer = await ask('gateway', await signIn(account, granted), scope);
    refused(answer, 'invalid_scope', 'ERR_EXCHANGE_SCOPE_WIDER', new RegExp(missing));
  });

  it('is refused for a scope that no agent serves', async () => {
    const subject = await signIn('analyst', 'research:fast');
    const answer = await ask('gateway', subject, 'research:fast research:all');
    refused(answer, 'invalid_scope', 'ERR_EXCHANGE_SCOPE_INVALID', /research:all/);
  });

  it('is refused for a scope that cannot be reached from there', async () => {
    const subject = await signIn('admin', 'audit:read', 'mesh-swagger');
    const answer = await ask('portal', subject, 'audit:read');
    refused(answer, 'invalid_scope', 'ERR_EXCHANGE_SCOPE_UNREACHABLE', /audit:read/);
  });

  it('is for no person that the agent may not act for', async () => {
    const subject = await signIn('admin', 'research:fast');
    refused(
      await ask('gateway', subject, 'research:fast'),
      'unauthorized_client',
      'ERR_EXCHANGE_PERSON',
    );
  });

  it('is for the workload alone whose client the access token was issued to', async () => {
    const api = await signIn('analyst', 'research:fast');
    const session = await signIn('analyst', 'research:fast', 'mesh-swagger');
    expect(tokenIn(await ask('gateway', api, 'research:fast')).scope).toEqual(['research:fast']);
    expect(tokenIn(await ask('portal', session, 'research:fast')).scope).toEqual(['research:fast']);
    for (const [workload, subject] of [
      ['portal', api],
      ['gateway', session],
      ['researcher', api],
    ] as const) {
      log.length = 0;
      const answer = await ask(workload, subject, 'research:fast');
      refused(answer, 'unauthorized_client', 'ERR_EXCHANGE_CLIENT');
    }
  });

  it.each([
    ['no token', () => 'x.y.z', 'ERR_ACCESS_TOKEN_MALFORMED'],
    [
      'one with another signature',
      async () => (await signIn('analyst', 'research:fast')).replace(/[^.]{8}$/, 'AAAAAAAA'),
      'ERR_ACCESS_TOKEN_SIGNATURE',
    ],
  ])('is refused for %s', async (_, subject, code) => {
    refused(await ask('gateway', await subject(), 'research:fast'), 'invalid_request', code);
  });

  it('goes on when the issuer signs with another key, until the old one is retired', async () => {
    const now = Date.now.bind(Date);
    let ahead = 0;
    jest.spyOn(Date, 'now').mockImplementation(() => now() + ahead);
    const first = await signIn('analyst', 'research:fast');
    tokenIn(await ask('gateway', first, 'research:fast'));
    issuer.rotateKeys();
    // An unknown key makes the service fetch the keys again, at most twice a minute.
    ahead += 31_000;
    const second = await signIn('analyst', 'research:fast');
    tokenIn(await ask('gateway', second, 'research:fast'));
    tokenIn(await ask('gateway', first, 'research:fast'));
    issuer.retireKeys();
    issuer.rotateKeys();
    ahead += 31_000;
    tokenIn(await ask('gateway', await signIn('analyst', 'research:fast'), 'research:fast'));
    tokenIn(await ask('gateway', second, 'research:fast'));
    log.length = 0;
    const answer = await ask('gateway', first, 'research:fast');
    refused(answer, 'invalid_request', 'ERR_ACCESS_TOKEN_KEY_UNKNOWN');
  });
});

describe('a token for another token', () => {
  let first: string;
  beforeAll(async () => {
    const subject = await signIn('analyst', 'research:deep draft:write');
    first = await through(['gateway'], subject, ['research:deep draft:write']);
  });

  it('is a subset, with one actor more, and all else as it was', async () => {
    const before = TxnToken.decodeUnverified(first);
    const token = tokenIn(await ask('researcher', first, 'draft:write'));
    expect(token.scope).toEqual(['draft:write']);
    expect(token.actors.map(String)).toEqual(['researcher', 'gateway'].map((n) => `${idOf(n)}`));
    expect(token).toMatchObject({
      txn: before.txn,
      person: before.person,
      transactionContext: before.transactionContext,
      requesterContext: before.requesterContext,
    });
    expect(token.expiresAt).toBeLessThanOrEqual(before.expiresAt);
  });

  it('is refused for a wider scope', async () => {
    const subject = await signIn('analyst', 'research:deep');
    const deep = await through(['gateway'], subject, ['research:deep']);
    log.length = 0;
    refused(
      await ask('researcher', deep, 'draft:write'),
      'invalid_scope',
      'ERR_EXCHANGE_SCOPE_WIDER',
      /draft:write/,
    );
  });

  it('is refused to an agent that the sender may not call for a scope of it', async () => {
    for (const workload of ['writer', 'clock']) {
      log.length = 0;
      const answer = await ask(workload, first, 'draft:write');
      refused(answer, 'unauthorized_client', 'ERR_EXCHANGE_NO_EDGE');
    }
  });

  it('is refused for a person that the agent may not act for, though the sender may', async () => {
    const subject = await signIn('reader', 'research:fast draft:write');
    const token = await through(['gateway'], subject, ['research:fast draft:write']);
    log.length = 0;
    const answer = await ask('researcher', token, 'draft:write');
    refused(answer, 'unauthorized_client', 'ERR_EXCHANGE_PERSON');
  });

  it('is refused to an agent that is in the chain already', async () => {
    const second = await through(['researcher'], first, ['draft:write']);
    for (const [workload, subject] of [
      ['gateway', first],
      ['researcher', second],
    ] as const) {
      log.length = 0;
      const answer = await ask(workload, subject, 'draft:write');
      refused(answer, 'invalid_request', 'ERR_TOKEN_ACTOR_LOOP');
    }
  });

  it('is refused where the chain would be too long', async () => {
    const fourth = await through(['researcher', 'writer', 'editor'], first, ['draft:write']);
    log.length = 0;
    refused(
      await ask('printer', fourth, 'draft:write'),
      'invalid_request',
      'ERR_TOKEN_ACTOR_DEPTH',
    );
  });

  it('is as short, in time and actors, as the settings say', async () => {
    const config = configOf({ MESH_TXN_TOKEN_TTL: '10', MESH_TXN_TOKEN_MAX_ACTORS: '2' });
    const strict = await startService({ config });
    const askStrict = async (workload: string, subject: string) => {
      const form = new URLSearchParams(formOf(subject, 'draft:write')).toString();
      return post(await poolOf(workload, authority, strict), form);
    };
    try {
      const second = tokenIn(await askStrict('researcher', first));
      expect(second.expiresAt).toBeLessThanOrEqual(Date.now() / 1000 + 10);
      log.length = 0;
      refused(
        await askStrict('writer', second.reveal()),
        'invalid_request',
        'ERR_TOKEN_ACTOR_DEPTH',
      );
    } finally {
      await strict.close();
    }
  });

  it('is refused for one that is expired', async () => {
    const scope = ['draft:write'];
    const svid = source.getX509Svid();
    // The SVID is dated back: the one time in the past that it could have signed at.
    const then = svid.notBefore;
    const accessToken = {
      issuer: issuer.url,
      subject: 'analyst',
      clientId: 'mesh-cli',
      scope,
      expiresAt: then.getTime() / 1000 + 5,
      roles: ['analyst'],
      groups: [],
    };
    const expired = issueTxnToken(
      svid,
      { accessToken, peer: idOf('gateway'), scope, details: {}, context: undefined, user: 'u' },
      then,
    );
    const answer = await ask('researcher', expired.reveal(), 'draft:write');
    refused(answer, 'invalid_request', 'ERR_TOKEN_EXPIRED');
  });
});

describe('the token endpoint', () => {
  it.each(['stranger', 'archive'])('is closed to %s, who calls nobody', async (workload) => {
    const answer = await post(await poolOf(workload), 'grant_type=x');
    expect(answer).toMatchObject({ status: 403, body: { code: 'ERR_CALLER_DENIED' } });
  });

  it('is closed to a workload of a federated trust domain, whatever its path', async () => {
    const answer = await post(await poolOf('gateway', other), 'grant_type=x');
    expect(answer).toMatchObject({ status: 403, body: { code: 'ERR_CALLER_DENIED' } });
  });

  it.each([
    ['twice the same parameter', 'grant_type=a&grant_type=b', 'ERR_EXCHANGE_PARAMETER_REPEATED'],
    ['no parameter', '', 'ERR_EXCHANGE_MALFORMED'],
    ['a parameter without a value', 'grant_type=', 'ERR_EXCHANGE_PARAMETER_MISSING'],
    ['what is no form', 'grant_type=%zz', 'ERR_EXCHANGE_MALFORMED'],
  ])('refuses %s as RFC 6749 says', async (_, body, code) => {
    refused(await post(await poolOf('gateway'), body), 'invalid_request', code);
  });

  it('refuses a request without a body', async () => {
    const answer = await post(await poolOf('gateway'), undefined);
    refused(answer, 'invalid_request', 'ERR_EXCHANGE_MALFORMED');
  });

  it('refuses another grant, audience or type of token', async () => {
    const form = formOf('x', 'research:fast');
    for (const [change, error, code] of [
      [{ grant_type: 'password' }, 'unsupported_grant_type', 'ERR_EXCHANGE_GRANT_TYPE'],
      [{ audience: 'other.test' }, 'invalid_target', 'ERR_EXCHANGE_TARGET'],
      [{ requested_token_type: 'x' }, 'invalid_request', 'ERR_EXCHANGE_PARAMETER_VALUE'],
      [{ actor_token: 'x' }, 'invalid_request', 'ERR_EXCHANGE_PARAMETER_UNSUPPORTED'],
    ] as const) {
      log.length = 0;
      const body = new URLSearchParams({ ...form, ...change }).toString();
      refused(await post(await poolOf('gateway'), body), error, code);
    }
  });

  it.each(['application/json', 'text/plain', 'multipart/form-data; boundary=x'])(
    'takes no %s',
    async (type) => {
      const answer = await post(await poolOf('gateway'), '{}', { 'content-type': type });
      expect(answer.status).toBe(415);
    },
  );

  it('takes no more than agent.yaml says', async () => {
    const answer = await post(await poolOf('gateway'), `subject_token=${'x'.repeat(40_000)}`);
    expect(answer).toMatchObject({ status: 413, body: { code: 'ERR_BODY_TOO_LARGE' } });
  });

  it('answers POST alone', async () => {
    const pool = await poolOf('gateway');
    const { status, body } = await pool.request({ method: 'GET', path: '/token' });
    await body.dump();
    expect([404, 405]).toContain(status);
  });
});

describe("the issuer's listener for agents", () => {
  it('shows another SVID once it has one', async () => {
    const serialNumber = async () => {
      const pool = createMtlsPool(issuer.agentsUrl!, source, source, authorizeId(issuerId));
      const { body, peer } = await pool.request({ method: 'GET', path: '/jwks' });
      await body.dump();
      await pool.close();
      return peer.serialNumber;
    };
    const before = await serialNumber();
    expect(await serialNumber()).toBe(before);
    const { rotations } = keys;
    authority.rotateSvids();
    while (keys.rotations === rotations) await setImmediate();
    expect(await serialNumber()).toBe(keys.getX509Svid().serialNumber);
    expect(await serialNumber()).not.toBe(before);
  });
});

describe('health', () => {
  const healthOf = async ({ managementUrl }: RunningAgent, path = '/health') => {
    const response = await fetch(`${managementUrl}${path}`);
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };

  it('says that the keys of the issuer are there', async () => {
    expect(await healthOf(service)).toMatchObject({
      status: 200,
      body: { details: { issuer: { status: 'up', url: issuer.url } } },
    });
  });

  it('is degraded, not down, without them', async () => {
    const alone = await startService({ issuer: { url: 'http://127.0.0.1:1' } });
    try {
      expect(await healthOf(alone)).toMatchObject({
        status: 200,
        body: {
          details: { issuer: { status: 'degraded', code: 'ERR_ACCESS_TOKEN_KEYS_UNAVAILABLE' } },
        },
      });
      // Whether it is sent requests is no matter of the issuer's.
      const ready = await healthOf(alone, '/health/ready');
      expect(ready.status).toBe(200);
      expect(Object.keys(ready.body['details'] as object)).toEqual(['listener', 'identity']);
    } finally {
      await alone.close();
    }
  });
});

describe('without the keys of the issuer', () => {
  const exchange = async (at: RunningAgent, headers: Record<string, string> = {}) => {
    const subject = await signIn('analyst', 'research:fast');
    const form = new URLSearchParams(formOf(subject, 'research:fast')).toString();
    return post(await poolOf('gateway', authority, at), form, headers);
  };

  it('an access token is refused for the time being', async () => {
    const alone = await startService({ issuer: { url: 'http://127.0.0.1:1' } });
    try {
      expect(await exchange(alone)).toMatchObject({
        status: 503,
        body: { error: 'temporarily_unavailable', code: 'ERR_ACCESS_TOKEN_KEYS_UNAVAILABLE' },
      });
      expect(log.find(({ event }) => event === 'token.refused')).toMatchObject({ level: 'warn' });
    } finally {
      await alone.close();
    }
  });

  it('no request outlasts its deadline, and none that does counts as refused', async () => {
    const silent = createServer(() => undefined);
    silent.listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port } = silent.address() as AddressInfo;
    const slow = await startService({ issuer: { url: `http://127.0.0.1:${port}` } });
    try {
      expect(await exchange(slow, { 'deadline-ms': '200' })).toMatchObject({
        status: 504,
        body: { code: 'ERR_DEADLINE_EXCEEDED' },
      });
      expect(log.some(({ event }) => event === 'token.refused')).toBe(false);
    } finally {
      await slow.close();
      silent.closeAllConnections();
      silent.close();
    }
  });
});

describe('the start', () => {
  it('fails without the key of the pseudonyms, and says how to set it', async () => {
    const secrets = new FileSecretSource(join(folder, 'none'));
    await expect(startService({ secrets })).rejects.toMatchObject({
      code: 'ERR_PSEUDONYM_KEY',
      message: expect.stringContaining('./mesh secret set pseudonyms'),
    });
  });

  it('fails without an issuer', async () => {
    await expect(startService({ issuer: undefined })).rejects.toMatchObject({
      code: 'ERR_CONFIG_INVALID',
      message: expect.stringContaining('MESH_ISSUER_URL'),
    });
  });
});
