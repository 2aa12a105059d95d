import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { connect } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { defineAgent } from '@mesh/agent/nest';
import type { AgentsDto, StatusDto } from '@mesh/contracts';
import { TrustDomain } from '@mesh/identity';
import { parseArchiveDocument, serializeArchiveDocument } from '@mesh/provenance';
import { request } from 'undici';
import { RunningAgents, type AgentUnderTest } from '../kit/running-agents.js';
import { agentsUnderTest } from './agents-under-test.js';

/* What people get from the gateway besides answers, with every agent as it is. */

class Nothing {}
const agent = (name: string, port: number, actions: string): AgentUnderTest => ({
  definition: defineAgent({
    name,
    listener: 'peers',
    module: () => ({ module: Nothing }),
    // What is asked never comes back: of the one its health, of the other anything.
    health: () => (name === 'slow' ? [() => never] : []),
    configure: (app) => {
      if (name !== 'stuck') return;
      app
        .getHttpAdapter()
        .getInstance()
        .addHook('preHandler', () => never);
    },
  }),
  file: `{ name: ${name}, identity: /ns/agents/sa/${name}, port: ${port}, actions: {${actions}} }`,
});
const never = new Promise<never>(() => undefined);
const STATUS = ' agent:status: { callers: [gateway], delegated: false } ';

const idOf = (name: string) => `spiffe://mesh.test/ns/agents/sa/${name}`;

let documents: string;
let mesh: RunningAgents;
let analyst: string;
let reader: string;
let admin: string;

beforeAll(async () => {
  documents = mkdtempSync(join(tmpdir(), 'documents-'));
  writeFileSync(join(documents, 'b.md'), '# Bees\n\nA bee has six legs.');
  writeFileSync(join(documents, 'a b.txt'), 'Nothing of note.');
  mesh = await RunningAgents.start(
    [...agentsUnderTest(), agent('mute', 4901, ''), agent('plain', 4902, STATUS)],
    { env: { MESH_DOCUMENTS: documents } },
  );
  analyst = await mesh.signIn('analyst', 'research:fast research:deep draft:write');
  reader = await mesh.signIn('reader', 'research:fast draft:write');
  admin = await mesh.signIn('admin', 'research:fast');
});
afterAll(async () => {
  await mesh.close();
  rmSync(documents, { recursive: true });
});

async function get(
  path: string,
  token?: string,
  { of = mesh, headers = {}, signal }: GetOptions = {},
) {
  const response = await request(`${of.agent('gateway').url}${path}`, {
    headers: { ...(token === undefined ? {} : { authorization: `Bearer ${token}` }), ...headers },
    ...(signal ? { signal } : {}),
  });
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- a test knows what it asked for
  return { status: response.statusCode, body: (await response.body.json()) as any };
}
interface GetOptions {
  readonly of?: RunningAgents;
  readonly headers?: Record<string, string>;
  readonly signal?: AbortSignal;
}

async function getAs(workload: string, name: string, path: string) {
  const pool = await mesh.poolAs(workload, name);
  const response = await pool.request({ method: 'GET', path });

  return { status: response.status, body: JSON.parse(await text(response.body)) };
}

describe('/v1/research', () => {
  it('says which agent is at work, by its SPIFFE ID', async () => {
    const response = await request(`${mesh.agent('gateway').url}/v1/research`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${reader}`,
        'content-type': 'application/json',
        accept: 'text/event-stream',
      },
      body: JSON.stringify({ question: 'How many legs has a bee?' }),
    });
    const events = await response.body.text();
    const progress = [...events.matchAll(/^event: progress\ndata: (.*)$/gm)];
    expect(progress.map(([, data]) => JSON.parse(data!) as unknown)).toEqual([
      { stage: 'searching', agent: 'researcher', spiffeId: idOf('researcher') },
      { stage: 'writing', agent: 'writer', spiffeId: idOf('writer') },
    ]);
    expect(events).toMatch(/\nevent: done\n/);
  });
});

describe('/v1/me', () => {
  it('says who is signed in, and what they may', async () => {
    const { status, body } = await get('/v1/me', analyst);
    expect({ status, body }).toEqual({
      status: 200,
      body: {
        account: 'analyst',
        issuer: mesh.issuer!.url,
        roles: ['analyst'],
        scopes: ['research:fast', 'research:deep', 'draft:write'],
        depths: [
          { depth: 'fast', allowed: true },
          { depth: 'deep', allowed: true },
        ],
        admin: false,
        clientId: 'mesh-cli',
        userAuthentication: {
          acr: expect.any(String),
          amr: ['pwd'],
          authTime: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:]+\.000Z$/),
        },
      },
    });
  });

  it('names the scope that a depth lacks', async () => {
    expect((await get('/v1/me', reader)).body.depths).toEqual([
      { depth: 'fast', allowed: true },
      { depth: 'deep', allowed: false, missing: 'research:deep' },
    ]);
    // What the agents behind the gateway need counts as well.
    const { body } = await get('/v1/me', admin);
    expect(body).toMatchObject({ admin: true, depths: [{ missing: 'draft:write' }, {}] });
  });
});

describe('/v1/documents', () => {
  it('lists what is searched, by path', async () => {
    expect(await get('/v1/documents', reader)).toEqual({
      status: 200,
      body: {
        search: 'documents',
        total: 2,
        documents: [
          { title: 'a b', url: 'documents:///a%20b.txt' },
          { title: 'Bees', url: 'documents:///b.md' },
        ],
      },
    });
  });

  it.each(['stranger', 'writer', 'researcher', 'tts'])('is not for %s to ask', async (workload) => {
    expect(await getAs(workload, 'researcher', '/v1/documents')).toMatchObject({
      status: 403,
      body: { code: 'ERR_CALLER_DENIED' },
    });
  });
});

it.each(['/v1/me', '/v1/documents', '/v1/agents'])(
  '%s is for those who are signed in',
  async (path) => {
    const refused = { status: 401, body: { code: 'ERR_ACCESS_TOKEN_MISSING' } };
    expect(await get(path)).toMatchObject(refused);
    // Not by a header that a workload would be known by.
    const headers = { 'x-forwarded-client-cert': `URI=${idOf('gateway')}` };
    expect(await get(path, undefined, { headers })).toMatchObject(refused);
  },
);

describe('/v1/agents', () => {
  /** As it is by now, and not a moment ago. */
  const view = async () => {
    const asked = Date.now();
    let seen: AgentsDto | undefined;
    await waitFor(async () => {
      const { status, body } = await get('/v1/agents', admin);
      expect(status).toBe(200);
      seen = body as AgentsDto;
      return Date.parse(seen.now) >= asked;
    });
    return seen!;
  };
  const statusOf = async (name: string): Promise<StatusDto> => {
    const { agents } = await view();
    return agents.find((one) => one.name === name)!.status!;
  };

  it.each([
    ['reader', () => reader],
    ['analyst', () => analyst],
  ])('is not for the %s', async (_, token) => {
    expect(await get('/v1/agents', token())).toMatchObject({
      status: 403,
      body: { code: 'ERR_ACCESS_TOKEN_ROLE' },
    });
  });

  it('shows the admin each agent by its own word', async () => {
    const { agents, edges, now } = await view();
    expect(agents.map(({ name, spiffeId }) => ({ name, spiffeId }))).toEqual(
      mesh.directory.names().map((name) => ({ name, spiffeId: idOf(name) })),
    );
    expect(edges).toEqual(mesh.directory.edges());
    expect(Date.now() - Date.parse(now)).toBeLessThan(10_000);
    for (const { name, status, code } of agents) {
      if (name === 'mute') {
        expect({ status, code }).toEqual({ status: undefined, code: 'ERR_STATUS_UNDECLARED' });
        continue;
      }
      const svid = (await mesh.source(name)).getX509Svid();
      expect(status).toMatchObject({
        spiffeId: svid.id.toString(),
        serialNumber: expect.stringMatching(/^[0-9a-f]{16,40}$/),
        rotations: 0,
        health: { status: 'up' },
      });
      expect(Date.parse(status!.notBefore)).toBeLessThan(Date.parse(status!.notAfter));
      expect(Date.parse(status!.startedAt)).toBeLessThan(Date.parse(now));
      expect(status!.health.checks).toEqual(
        expect.arrayContaining([
          { name: 'listener', status: 'up' },
          { name: 'identity', status: 'up' },
          { name: 'breakers', status: 'up' },
        ]),
      );
    }
  });

  it.each(['stranger', 'researcher', 'tts', 'writer'])(
    'is known to no %s: an agent tells the gateway alone',
    async (workload) => {
      for (const name of ['writer', 'researcher', 'tts', 'plain']) {
        expect(await getAs(workload, name, '/v1/status')).toMatchObject({
          status: 403,
          body: { code: 'ERR_CALLER_DENIED' },
        });
      }
    },
  );

  it('has nothing to read from an agent that does not declare it', async () => {
    expect(await getAs('gateway', 'mute', '/v1/status')).toMatchObject({
      status: 403,
      body: { code: 'ERR_CALLER_DENIED' },
    });
  });

  it('has no door for agents: the gateway serves people', async () => {
    expect(await get('/v1/status', admin)).toMatchObject({ status: 404 });
  });

  it('shows a refused peer by code, route and verified ID', async () => {
    const { body } = await getAs('stranger', 'plain', '/v1/status');
    const { refusals } = await statusOf('plain');
    expect(refusals[0]).toEqual({
      at: expect.any(String),
      code: 'ERR_CALLER_DENIED',
      route: '/v1/status',
      peer: idOf('stranger'),
      correlationId: body.correlationId,
    });
  });

  it('shows a refused handshake, and not whom it claimed to be', async () => {
    const { hostname, port } = new URL(mesh.agent('plain').url);
    const socket = connect({ host: hostname, port: Number(port), rejectUnauthorized: false });
    socket.on('error', () => undefined);
    await once(socket, 'close');
    const { refusals } = await statusOf('plain');
    expect(refusals[0]).toEqual({
      at: expect.any(String),
      code: 'ERR_PEER_CERTIFICATE_MISSING',
    });
  });

  it('shows a refused person without a word of the person', async () => {
    const response = await request(`${mesh.agent('gateway').url}/v1/research?who=reader`, {
      method: 'POST',
      headers: { authorization: `Bearer ${reader}`, 'content-type': 'application/json' },
      body: JSON.stringify({ question: 'My name is reader', depth: 'deep' }),
    });
    const { code, correlationId } = (await response.body.json()) as Record<string, string>;
    expect(code).toBe('ERR_ACCESS_TOKEN_SCOPE');
    const { refusals } = await statusOf('gateway');
    expect(refusals[0]).toEqual({
      at: expect.any(String),
      code,
      route: '/v1/research',
      correlationId,
    });
    expect(JSON.stringify(refusals)).not.toMatch(/reader|127\.0\.0\.1|who=/);
  });

  it('does not count a body at fault', async () => {
    const before = (await statusOf('gateway')).refusals;
    const response = await request(`${mesh.agent('gateway').url}/v1/research`, {
      method: 'POST',
      headers: { authorization: `Bearer ${reader}`, 'content-type': 'application/json' },
      body: '{}',
    });
    expect(response.statusCode).toBe(400);
    await response.body.dump();
    expect((await statusOf('gateway')).refusals).toEqual(before);
  });

  it('remembers 20 refusals, newest first', async () => {
    for (let count = 0; count < 22; count++) await get('/v1/me', 'none');
    const { refusals } = await statusOf('gateway');
    expect(refusals).toHaveLength(20);
    const times = refusals.map(({ at }) => at);
    expect(times).toEqual(times.toSorted().reverse());
    expect(new Set(refusals.map(({ route }) => route))).toEqual(new Set(['/v1/me']));
  });

  it('asks each agent once, however many watch, and with the correlation ID of the first', async () => {
    const lines = () => mesh.log.filter((line) => line['route'] === '/v1/status');
    const headers = { 'x-correlation-id': 'watching-the-mesh' };
    let before = 0;
    await waitFor(async () => {
      before = lines().length;
      await Promise.all(Array.from({ length: 20 }, () => get('/v1/agents', admin, { headers })));
      return lines().length > before;
    });
    const asked = lines().slice(before);
    expect(asked.map((line) => line['agent']).sort()).toEqual([
      ...['plain', 'researcher', 'tts', 'writer'],
    ]);
    expect(new Set(asked.map((line) => line['correlation_id']))).toEqual(
      new Set(['watching-the-mesh']),
    );
  });

  it('goes on for the others when the first who watches leaves', async () => {
    const leaving = new AbortController();
    const first = get('/v1/agents', admin, { signal: leaving.signal });
    const second = get('/v1/agents', admin);
    leaving.abort();
    await expect(first).rejects.toThrow();
    expect((await second).body.agents[0].code).toBeUndefined();
  });

  it('lets nobody in by what an admin was shown a moment ago', async () => {
    await view();
    expect(await get('/v1/agents', reader)).toMatchObject({ status: 403 });
  });
});

describe('agents that are not well', () => {
  // Those that are stuck are waited for.
  jest.setTimeout(30_000);
  let ailing: RunningAgents;
  let token: string;
  const view = async (): Promise<AgentsDto> =>
    (await get('/v1/agents', token, { of: ailing })).body as AgentsDto;

  beforeAll(async () => {
    ailing = await RunningAgents.start(
      [
        ...agentsUnderTest(),
        agent('stuck', 4903, STATUS),
        agent('gone', 4904, STATUS),
        agent('taken', 4905, STATUS),
        agent('slow', 4906, STATUS),
      ],
      // Somebody else is where that one should be.
      { env: { MESH_DOCUMENTS: documents }, rerouted: { taken: 'stuck' } },
    );
    token = await ailing.signIn('admin', 'research:fast');
    await ailing.agent('gone').close();
  });
  afterAll(() => ailing.close());

  it('are shown by why they do not tell', async () => {
    const start = performance.now();
    const { agents } = await view();
    expect(performance.now() - start).toBeLessThan(5_000);
    const codes = Object.fromEntries(agents.map(({ name, code }) => [name, code]));
    expect(codes).toEqual({
      gateway: undefined,
      researcher: undefined,
      writer: undefined,
      tts: undefined,
      stuck: 'ERR_DEADLINE_EXCEEDED',
      gone: 'ERR_PEER_UNREACHABLE',
      taken: 'ERR_PEER_UNREACHABLE',
      slow: undefined,
    });
    const { health } = agents.find(({ name }) => name === 'slow')!.status!;
    expect(health).toEqual({
      status: 'degraded',
      checks: [{ name: 'health', status: 'degraded', reason: 'the checks have not ended yet' }],
    });
  });

  it('have their places taken by nobody: who is there is refused, and not named', async () => {
    let refusals: StatusDto['refusals'] = [];
    await waitFor(async () => {
      const { agents } = await view();
      ({ refusals } = agents.find(({ name }) => name === 'gateway')!.status!);
      return refusals.length > 0;
    }, 10_000);
    expect(refusals[0]).toEqual({ at: expect.any(String), code: 'ERR_PEER_NOT_AUTHORIZED' });
  });

  it('tell why, without a path of the machine', async () => {
    rmSync(join(documents, 'b.md'));
    rmSync(documents, { recursive: true });
    await waitFor(async () => {
      const { agents } = await view();
      const { health } = agents.find(({ name }) => name === 'researcher')!.status!;
      return health.status !== 'up';
    }, 20_000);
    const { agents } = await view();
    const { health } = agents.find(({ name }) => name === 'researcher')!.status!;
    expect(health.status).toBe('down');
    const { reason } = health.checks.find(({ name }) => name === 'search')!;
    expect(reason).toEqual(expect.stringMatching(/\w/));
    expect(reason).not.toContain(documents);
    mkdirSync(documents);
  });
});

describe('/v1/trust/archive', () => {
  const file = () => join(mesh.folder, 'trust', 'mesh-archive.json');
  const own = TrustDomain.parse('mesh.test');
  const archiveOf = (trustDomain: TrustDomain) => {
    const bundle = mesh.agent('gateway') && bundleOfMesh();
    return serializeArchiveDocument({
      trustDomain,
      authorities: bundle.map((certificate) => ({
        certificate,
        status: 'retired' as const,
        since: 1_700_000_000,
      })),
    });
  };
  let bundle: Awaited<ReturnType<RunningAgents['source']>>;
  const bundleOfMesh = () => bundle.getX509BundleForTrustDomain(own).authorities;

  beforeAll(async () => {
    bundle = await mesh.source('writer');
    mkdirSync(join(mesh.folder, 'trust'), { recursive: true });
  });

  const read = async () => {
    const response = await request(`${mesh.agent('gateway').url}/v1/trust/archive`);
    return { status: response.statusCode, body: await response.body.text() };
  };

  it('is empty where nothing was ever kept', async () => {
    const { status, body } = await read();
    expect(status).toBe(200);
    expect(parseArchiveDocument(body)).toMatchObject({
      trustDomain: { name: 'mesh.test' },
      authorities: [],
    });
  });

  it('is what the launcher keeps, read again when that changes, and nothing else of the file', async () => {
    const text = archiveOf(own);
    writeFileSync(file(), `${text}\n  `);
    expect(await read()).toEqual({ status: 200, body: text });
    rmSync(file());
    expect(parseArchiveDocument((await read()).body).authorities).toEqual([]);
  });

  it.each([
    ['is no JSON', () => '{'],
    ['is another document', () => '{"type":"mesh-trust-v1"}'],
    ['is of another trust domain', () => archiveOf(TrustDomain.parse('other.test'))],
    ['is too large', () => archiveOf(own).padEnd(5_000_000)],
  ])('is not served where the file %s', async (_, content) => {
    writeFileSync(file(), content());
    const { status, body } = await read();
    expect({ status, code: (JSON.parse(body) as { code: string }).code }).toEqual({
      status: 503,
      code: 'ERR_ARCHIVE_UNUSABLE',
    });
    expect(body).not.toContain(mesh.folder);
    rmSync(file());
    expect((await read()).status).toBe(200);
  });
});

/** Looks again until it is so. */
async function waitFor(isSo: () => Promise<boolean>, limitMs = 5_000): Promise<void> {
  const end = Date.now() + limitMs;
  while (!(await isSo())) {
    if (Date.now() > end) throw new Error('It did not come to be.');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
