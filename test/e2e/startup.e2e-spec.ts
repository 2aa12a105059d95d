import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Controller, HttpCode, Module, Post } from '@nestjs/common';
import { AgentDirectory, AgentFile, loadConfig } from '@mesh/agent';
import { defineAgent, startAgent, type AgentDefinition, type RunningAgent } from '@mesh/agent/nest';
import { EmbeddedAuthority } from '@mesh/authority';
import { authorizeAny, createMtlsPool, SpiffeId, TrustDomain, X509Source } from '@mesh/identity';
import { Action, SignedIn } from '@mesh/identity/nest';
import { createLogger } from '@mesh/observability';
import { FileSecretSource } from '@mesh/secrets';

@Controller()
class HelloController {
  @Post('hello')
  @HttpCode(200)
  @Action('hello:say', { delegated: false })
  hello(): object {
    return { hello: true };
  }
}

@Module({ controllers: [HelloController] })
class HelloModule {}

const TD = TrustDomain.parse('mesh.test');
const hello = defineAgent({ name: 'hello', listener: 'peers', module: () => HelloModule });
const people = defineAgent({ name: 'hello', listener: 'people', module: () => HelloModule });
const ids = (name: string) => SpiffeId.fromPath(TD, `/ns/agents/sa/${name}`);

let folder: string;
let log: Record<string, unknown>[];
let toClose: { close(): unknown }[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'start-'));
  log = [];
  toClose = [];
});
afterEach(async () => {
  for (const each of toClose.reverse()) await each.close();
  rmSync(folder, { recursive: true, force: true });
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function taken(): Promise<{ server: Server; port: number }> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  toClose.push(server);
  return { server, port: (server.address() as AddressInfo).port };
}

async function authority(svidTtlSeconds = 3600): Promise<EmbeddedAuthority> {
  const started = await EmbeddedAuthority.start({
    trustDomain: TD,
    directory: join(folder, 'run'),
    workloads: ['hello', 'friend'].map((name) => ({ name, id: ids(name) })),
    svidTtlSeconds,
  });
  toClose.push(started);
  return started;
}

const UNDELEGATED = '{ hello:say: { callers: [friend], delegated: false } }';
const SERVICE =
  '{ name: tts, identity: /tts, port: 4092, actions: { token:exchange: { callers: delegates, delegated: false } } }';

function start(
  definition: AgentDefinition,
  env: Record<string, string>,
  {
    signal,
    actions = UNDELEGATED,
    others = [],
  }: {
    readonly signal?: AbortSignal;
    readonly actions?: string;
    readonly others?: readonly string[];
  } = {},
): Promise<RunningAgent> {
  const config = loadConfig({
    cwd: folder,
    env: { MESH_STATE: folder, MESH_TRUST_DOMAIN: 'mesh.test', ...env },
  });
  const file = AgentFile.parse(`
name: hello
identity: /ns/agents/sa/hello
port: 4090
actions: ${actions}
limits: { bodyBytes: 1024, deadlineMs: 5000 }
`);
  const friend = '{ name: friend, identity: /ns/agents/sa/friend, port: 4091 }';
  return startAgent(definition, {
    config,
    directory: AgentDirectory.of(
      [file, ...[friend, ...others].map((text) => AgentFile.parse(text))],
      TD,
    ),
    logger: createLogger({
      format: 'json',
      destination: new Writable({
        write: (line: Buffer, _encoding, done) => {
          log.push(JSON.parse(line.toString()) as Record<string, unknown>);
          done();
        },
      }),
    }),
    secrets: new FileSecretSource(join(folder, 'secrets')),
    workloadApi: `unix://${join(folder, 'run', 'hello.sock')}`,
    ...(signal ? { signal } : {}),
  });
}

interface Health {
  readonly status: number;
  readonly body: { readonly details: Record<string, { readonly status: string }> };
}

async function health(port: number | string, path: string): Promise<Health> {
  const response = await fetch(`http://127.0.0.1:${port}/health${path}`);
  return { status: response.status, body: (await response.json()) as Health['body'] };
}

/** Asks until the answer is as expected: what it waits for happens elsewhere. */
async function eventually<T>(ask: () => Promise<T>, is: (answer: T) => boolean): Promise<T> {
  for (;;) {
    const answer = await ask();
    if (is(answer)) return answer;
    await sleep(20);
  }
}

describe('an agent without a Workload API', () => {
  it('waits, is live and not ready, says so ever less often, and is ready once the socket is there', async () => {
    const [port, managementPort] = [await freePort(), await freePort()];
    const starting = start(hello, {
      MESH_PORT_HELLO: String(port),
      MESH_MANAGEMENT_PORT_HELLO: String(managementPort),
    });
    const live = await eventually(
      () => health(managementPort, '/live').catch(() => undefined),
      (answer) => answer !== undefined,
    );
    expect(live!.status).toBe(200);
    expect(await health(managementPort, '/ready')).toMatchObject({
      status: 503,
      body: { details: { identity: { status: 'down' }, listener: { status: 'down' } } },
    });
    const said = () => log.filter(({ event }) => event === 'workload-api');
    // The 1st, 2nd and 4th time, of four tries.
    await eventually(
      () => Promise.resolve(said().length),
      (lines) => lines >= 2,
    );
    expect(said()[0]).toMatchObject({
      level: 'warn',
      agent: 'hello',
      spiffe_id: ids('hello').toString(),
      state: 'waiting',
      count: 1,
      delay_ms: expect.any(Number),
    });
    expect(said().map(({ count }) => count)).toEqual([1, 2, 4].slice(0, said().length));
    await authority();
    const agent = await starting;
    toClose.push(agent);
    expect(await health(managementPort, '/ready')).toMatchObject({ status: 200 });
    expect(agent.url).toBe(`https://127.0.0.1:${port}`);
  });

  it('ends its wait when it is told to, and leaves no listener', async () => {
    const managementPort = await freePort();
    const stop = new AbortController();
    const starting = start(
      hello,
      { MESH_MANAGEMENT_PORT_HELLO: String(managementPort) },
      { signal: stop.signal },
    );
    await eventually(
      () => health(managementPort, '/live').catch(() => undefined),
      (answer) => answer !== undefined,
    );
    stop.abort(new Error('told to stop'));
    await expect(starting).rejects.toThrow('told to stop');
    await expect(health(managementPort, '/live')).rejects.toThrow();
  });

  it('goes on with what it has when it is lost, until that expires: then it refuses and is not ready', async () => {
    const ports = { MESH_PORT_HELLO: '0', MESH_MANAGEMENT_PORT_HELLO: '0' };
    const embedded = await authority(2);
    const agent = await start(hello, ports);
    toClose.push(agent);
    const source = await X509Source.create({ address: embedded.socketOf('friend') });
    toClose.push(source);
    const port = new URL(agent.managementUrl).port;
    const call = async () => {
      const pool = createMtlsPool(agent.url, source, source, authorizeAny());
      try {
        const response = await pool.request({ method: 'POST', path: '/hello' });
        return { status: response.status, body: await text(response.body) };
      } finally {
        await pool.destroy();
      }
    };
    expect(await call()).toEqual({ status: 200, body: '{"hello":true}' });
    embedded.close();
    const degraded = await eventually(
      () => health(port, '/ready'),
      ({ body }) => body.details['identity']!.status !== 'up',
    );
    expect(degraded).toMatchObject({
      status: 200,
      body: { details: { identity: { status: 'degraded', state: 'disconnected' } } },
    });
    expect(await call()).toMatchObject({ status: 200 });
    await eventually(
      () => health(port, '/ready'),
      ({ status }) => status === 503,
    );
    expect(await health(port, '/live')).toMatchObject({ status: 200 });
    await expect(call()).rejects.toMatchObject({ retry: expect.any(String) });
    expect(log.filter(({ level }) => level === 'error')).toEqual([]);
  });
});

describe('an agent that cannot listen', () => {
  it.each(['MESH_PORT_HELLO', 'MESH_MANAGEMENT_PORT_HELLO'])(
    'as the port of %s is in use says which, and leaves nothing behind',
    async (variable) => {
      await authority();
      const { port } = await taken();
      const free = await freePort();
      const other =
        variable === 'MESH_PORT_HELLO' ? 'MESH_MANAGEMENT_PORT_HELLO' : 'MESH_PORT_HELLO';
      await expect(
        start(hello, { [variable]: String(port), [other]: String(free) }),
      ).rejects.toMatchObject({ code: 'ERR_PORT_IN_USE', port, variable });
      await expect(fetch(`http://127.0.0.1:${free}/health/live`)).rejects.toThrow();
    },
  );

  it('serves people on loopback alone, and says so', async () => {
    for (const bind of ['0.0.0.0', '::', '192.0.2.1']) {
      await expect(start(people, { MESH_BIND: bind })).rejects.toMatchObject({
        code: 'ERR_CONFIG_INVALID',
        message: expect.stringMatching(/loopback alone/),
      });
    }
  });
});

describe('an agent whose code and agent.yaml do not agree on what is delegated', () => {
  const PORTS = { MESH_PORT_HELLO: '0', MESH_MANAGEMENT_PORT_HELLO: '0' };
  const DELEGATED = '{ hello:say: { callers: [friend] } }';

  function serving(decorator: MethodDecorator, listener: 'peers' | 'people' = 'peers') {
    @Controller()
    class Routes {
      @Post('hello')
      @decorator
      hello(): object {
        return {};
      }
    }
    @Module({ controllers: [Routes] })
    class RoutesModule {}
    return defineAgent({ name: 'hello', listener, module: () => RoutesModule });
  }

  beforeEach(async () => {
    await authority();
  });

  it.each<[string, MethodDecorator, string]>([
    ['for persons', Action('hello:say'), DELEGATED],
    ['on its own business', Action('hello:say', { delegated: false }), UNDELEGATED],
    ['of which its file knows nothing', Action('hello:wave'), UNDELEGATED],
  ])('starts where they do: an action %s', async (_what, decorator, actions) => {
    toClose.push(await start(serving(decorator), PORTS, { actions, others: [SERVICE] }));
  });

  it.each<[string, MethodDecorator, string, string]>([
    [
      'the file alone says no',
      Action('hello:say'),
      UNDELEGATED,
      'is delegated: false, and the route that serves it is not',
    ],
    [
      'the code alone says no',
      Action('hello:say', { delegated: false }),
      DELEGATED,
      'is served by a route with delegated: false, and wants it too',
    ],
    [
      'the file says it of one of several',
      Action(['hello:wave', 'hello:say'], { pick: () => 'hello:wave' }),
      UNDELEGATED,
      'is delegated: false, and the route that serves it is not',
    ],
  ])('does not start where %s', async (_what, decorator, actions, words) => {
    await expect(
      start(serving(decorator), PORTS, { actions, others: [SERVICE] }),
    ).rejects.toMatchObject({
      code: 'ERR_AGENT_FILE_INVALID',
      member: 'actions.hello:say',
      message: expect.stringContaining(words),
    });
  });

  it.each([
    ['agents', serving(Action('hello:say')), DELEGATED],
    ['people', serving(SignedIn('hello:say'), 'people'), '{}'],
  ])('does not start without a token service: for %s', async (_who, definition, actions) => {
    const env = { ...PORTS, MESH_ISSUER_URL: 'http://127.0.0.1:1' };
    await expect(start(definition, env, { actions })).rejects.toMatchObject({
      code: 'ERR_AGENT_FILE_INVALID',
      member: 'name',
      message: expect.stringContaining('no agent.yaml declares a token service'),
    });
    toClose.push(await start(definition, env, { actions, others: [SERVICE] }));
  });

  it('does not start for people without an issuer, and says which setting is missing', async () => {
    const definition = serving(SignedIn('hello:say'), 'people');
    await expect(
      start(definition, PORTS, { actions: '{}', others: [SERVICE] }),
    ).rejects.toMatchObject({
      code: 'ERR_CONFIG_INVALID',
      message: expect.stringMatching(/^MESH_ISSUER_URL is not set\. hello needs/),
    });
  });
});
