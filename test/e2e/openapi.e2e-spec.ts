import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { EmbeddedAuthority } from '@mesh/authority';
import { errorAreas, type ErrorEntry } from '@mesh/errors';
import { SpiffeId, TrustDomain } from '@mesh/identity';

/* The Swagger plugin is a part of the compiler, so the document is looked at where the compiled program serves it. */
const main = join(import.meta.dirname, '../../dist/apps/mesh/apps/gateway/src/main.js');

const ISSUER = 'https://login.example.org';

let folder: string;
let authority: EmbeddedAuthority;
let gateway: ChildProcess;
let url: string;
let document: OpenApi;

interface Schema {
  readonly type?: string;
  readonly description?: string;
  readonly example?: unknown;
  readonly enum?: readonly unknown[];
  readonly default?: unknown;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly $ref?: string;
  readonly 'x-events'?: Readonly<Record<string, Schema>>;
}
interface Media {
  readonly schema: Schema;
  readonly example?: unknown;
  readonly examples?: Readonly<Record<string, { readonly value: unknown }>>;
}
interface Operation {
  readonly summary?: string;
  readonly description?: string;
  readonly tags?: readonly string[];
  readonly parameters?: readonly { readonly name: string; readonly in: string }[];
  readonly requestBody?: {
    readonly required?: boolean;
    readonly content: Readonly<Record<string, Media>>;
  };
  readonly security?: readonly Readonly<Record<string, readonly string[]>>[];
  readonly responses: Readonly<
    Record<string, { readonly description: string; readonly content?: Record<string, Media> }>
  >;
}
interface OpenApi {
  readonly openapi: string;
  readonly info: { readonly title: string; readonly description: string };
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, Schema>>;
    readonly securitySchemes: Readonly<Record<string, { readonly type: string }>>;
  };
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'gateway-'));
  authority = await EmbeddedAuthority.start({
    trustDomain: TrustDomain.parse('mesh.test'),
    directory: join(folder, 'run'),
    workloads: [{ name: 'gateway', id: SpiffeId.parse('spiffe://mesh.test/ns/agents/sa/gateway') }],
  });
  gateway = spawn(process.execPath, [main], {
    cwd: folder,
    env: {
      PATH: process.env['PATH'],
      SPIFFE_ENDPOINT_SOCKET: authority.socketOf('gateway'),
      MESH_TRUST_DOMAIN: 'mesh.test',
      MESH_STATE: folder,
      MESH_AGENTS: join(import.meta.dirname, '../../apps'),
      MESH_PORT_GATEWAY: '0',
      MESH_MANAGEMENT_PORT_GATEWAY: '0',
      MESH_LOG_FORMAT: 'json',
      MESH_ISSUER_URL: ISSUER,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  for await (const line of createInterface({ input: gateway.stdout! })) {
    const { event, url: serves } = JSON.parse(line) as { event?: string; url?: string };
    if (event !== 'agent.ready') continue;
    url = serves!;
    break;
  }
  gateway.stdout!.resume();
  document = (await (await fetch(`${url}/openapi.json`)).json()) as OpenApi;
});
afterAll(async () => {
  if (gateway.exitCode === null) {
    gateway.kill('SIGTERM');
    await once(gateway, 'exit');
  }
  expect(gateway.exitCode).toBe(0);
  authority.close();
  rmSync(folder, { recursive: true, force: true });
});

const codes = Object.values(errorAreas).flatMap((area) =>
  Object.entries(area as Record<string, ErrorEntry>),
);
const methods = ['get', 'post', 'put', 'patch', 'delete', 'head', 'options'];
const problem = 'application/problem+json';

/** Each of them is enough. */
function waysIn(...scopes: readonly string[]) {
  return [{ 'sign-in': scopes }, { bearer: [] }, { session: [], csrf: [] }];
}

function schemaOf({ $ref }: Schema): Schema {
  return document.components.schemas[$ref!.replace('#/components/schemas/', '')]!;
}

describe('/openapi.json of the compiled gateway', () => {
  it('has every route that people have', () => {
    expect(document.openapi).toMatch(/^3\./);
    const routes = Object.entries(document.paths).flatMap(([path, operations]) =>
      Object.keys(operations)
        .filter((method) => methods.includes(method))
        .map((method) => `${method} ${path}`),
    );
    expect(routes.sort()).toEqual([
      'get /errors',
      'get /sign-in',
      'get /sign-in/callback',
      'get /sign-in/keys',
      'get /v1/agents',
      'get /v1/bundle',
      'get /v1/documents',
      'get /v1/me',
      'get /v1/trust',
      'get /v1/trust/archive',
      'post /sign-in/back-channel',
      'post /sign-out',
      'post /v1/research',
    ]);
    for (const operation of Object.values(document.paths).flatMap((path) => Object.values(path))) {
      expect(operation.summary).toEqual(expect.any(String));
      expect(operation.description).toEqual(expect.any(String));
      expect(operation.tags).toHaveLength(1);
    }
  });

  it('says that who asks signs in, where, and for which scopes', () => {
    const { securitySchemes } = document.components;
    expect(securitySchemes).toEqual({
      'sign-in': expect.objectContaining({
        type: 'openIdConnect',
        openIdConnectUrl: `${ISSUER}/.well-known/openid-configuration`,
      }),
      bearer: expect.objectContaining({ type: 'http', scheme: 'bearer' }),
      session: expect.objectContaining({ type: 'apiKey', in: 'cookie', name: 'mesh-session' }),
      csrf: expect.objectContaining({ type: 'apiKey', in: 'header', name: 'X-CSRF-Token' }),
    });
    const { security, parameters } = document.paths['/v1/research']!['post']!;
    expect(security).toEqual(waysIn('research:fast', 'research:deep', 'draft:write'));
    expect(parameters!.map(({ name }) => name)).toContain('Request-Nonce');
  });

  it.each(['/v1/me', '/v1/documents', '/v1/agents'])('has the ways in to %s', (path) => {
    const { security, responses } = document.paths[path]!['get']!;
    expect(security).toEqual(waysIn());
    for (const code of ['ERR_ACCESS_TOKEN_MISSING', 'ERR_SESSION_ENDED']) {
      expect(responses['401']!.description).toContain(code);
    }
    for (const code of ['ERR_ACCESS_TOKEN_ROLE', 'ERR_CSRF_TOKEN']) {
      expect(responses['403']!.description).toContain(code);
    }
  });

  it('lets the browser alone sign out, and everybody read what is public', () => {
    expect(document.paths['/sign-out']!['post']!.security).toEqual([{ session: [], csrf: [] }]);
    const open = ['/errors', '/v1/bundle', '/v1/trust', '/v1/trust/archive', '/sign-in'];
    for (const path of open) {
      expect({ path, security: document.paths[path]!['get']!.security }).toEqual({ path });
    }
  });

  it('has of every route what it answers with, and every error that any route can end with', () => {
    for (const [path, operations] of Object.entries(document.paths)) {
      for (const [method, { responses, requestBody, parameters }] of Object.entries(operations)) {
        const statuses = Object.keys(responses);
        const own = path === '/sign-in' || path === '/sign-in/callback' ? '303' : '200';
        const any = ['400', '404', '405', '408', '421', '429', '431', '500', '503', '504'];
        const ofBody = method === 'post' ? ['413', '415'] : [];
        expect({ path, statuses }).toEqual({
          path,
          statuses: expect.arrayContaining([own, ...any, ...ofBody]),
        });
        expect({ path, body: requestBody !== undefined }).toEqual({
          path,
          body: method === 'post' && path !== '/sign-out',
        });
        expect(parameters!.map(({ name }) => name)).toContain('X-Correlation-ID');
        if (method === 'get' && path.startsWith('/v1/')) {
          expect(responses['200']!.content!['application/json']!.schema).toBeDefined();
        }
      }
    }
    expect(document.paths['/v1/trust/archive']!['get']!.responses['503']!.description).toContain(
      'ERR_ARCHIVE_UNUSABLE',
    );
  });

  it('has an example of each JSON, with known members alone and all that are required', () => {
    const checked: string[] = [];
    for (const [path, operations] of Object.entries(document.paths)) {
      for (const { responses } of Object.values(operations)) {
        const { schema, example } = responses['200']?.content?.['application/json'] ?? {};
        if (!schema?.$ref) continue;
        const { properties, required } = schemaOf(schema);
        expect(Object.keys(properties!)).toEqual(
          expect.arrayContaining(Object.keys(example as object)),
        );
        expect(Object.keys(example as object)).toEqual(expect.arrayContaining([...required!]));
        checked.push(path);
      }
    }
    expect(checked.sort()).toEqual([
      ...['/sign-out', '/v1/agents', '/v1/documents', '/v1/me', '/v1/research'],
    ]);
  });

  it('has a page that signs people in by the second of the apiClients', async () => {
    const script = await (await fetch(`${url}/docs/swagger-ui-init.js`)).text();
    expect(script).toMatch(/"clientId": "mesh-swagger"/);
  });

  it('says what a question is, with an example and the depths there are', () => {
    const { requestBody } = document.paths['/v1/research']!['post']!;
    expect(requestBody!.required).toBe(true);
    expect(Object.keys(requestBody!.content)).toEqual(['application/json']);
    const { schema, examples } = requestBody!.content['application/json']!;
    expect(Object.values(examples!).map(({ value }) => value)).toEqual([
      { question: expect.any(String) },
      { question: expect.any(String), depth: 'deep' },
    ]);
    expect(schemaOf(schema)).toMatchObject({
      type: 'object',
      required: ['question'],
      additionalProperties: false,
      properties: {
        question: {
          type: 'string',
          minLength: 1,
          maxLength: 2000,
          pattern: '\\S',
          description: expect.stringContaining('in any language'),
        },
        depth: { enum: ['fast', 'deep'], default: 'fast', description: expect.any(String) },
      },
    });
  });

  it('says what an answer is, as JSON and as events, with an example of each', () => {
    const { content } = document.paths['/v1/research']!['post']!.responses['200']!;
    const { schema, example } = content!['application/json']!;
    const { properties, required } = schemaOf(schema);
    expect(Object.keys(example as object).sort()).toEqual([...required!].sort());
    expect(Object.keys(properties!).sort()).toEqual([...required!].sort());
    const { schema: framing, examples } = content!['text/event-stream']!;
    expect(framing.description).toContain('`event: <type>`');
    const events = examples!['answered']!.value as string;
    expect([...events.matchAll(/^event: (.*)$/gm)].map(([, type]) => type)).toEqual([
      'progress',
      'sources',
      'progress',
      'text',
      'done',
    ]);
    expect(JSON.parse(events.split('data: ').at(-1)!)).toEqual(example);
    expect(examples!['failed']!.value).toMatch(/\nevent: error\ndata: \{.*\}\n\n$/);
  });

  it('has a schema of the data of each event, which the examples keep', () => {
    const { content } = document.paths['/v1/research']!['post']!.responses['200']!;
    const { schema, examples } = content!['text/event-stream']!;
    const events = schema['x-events']!;
    expect(Object.keys(events)).toEqual(['progress', 'sources', 'text', 'done', 'error']);
    const frames = Object.values(examples!).flatMap(({ value }) =>
      [...(value as string).matchAll(/event: (.*)\ndata: (.*)\n\n/g)].map(([, type, data]) => ({
        type: type!,
        members: Object.keys(JSON.parse(data!) as object),
      })),
    );
    expect(new Set(frames.map(({ type }) => type))).toEqual(new Set(Object.keys(events)));
    for (const { type, members } of frames) {
      const { properties, required } = schemaOf(events[type]!);
      expect(Object.keys(properties!)).toEqual(expect.arrayContaining(members));
      expect(members).toEqual(expect.arrayContaining([...required!]));
    }
  });

  it('has every error that asking can end with, each with its example', () => {
    const { responses } = document.paths['/v1/research']!['post']!;
    const relayed = codes.filter(([code, { relay }]) => relay && code !== 'ERR_REQUEST_ABORTED');
    const own = [
      ...['400', '401', '403', '404', '405', '406', '408', '413', '415', '421', '429', '431'],
      ...['500', '502', '503', '504'],
    ];
    const statuses = new Set([...own, ...relayed.map(([, { status }]) => String(status))]);
    expect(Object.keys(responses).sort()).toEqual(['200', ...statuses].sort());
    const signIn = codes.filter(([code]) => code.startsWith('ERR_ACCESS_TOKEN_'));
    expect(signIn.length).toBeGreaterThan(10);
    for (const [code, { status }] of [...relayed, ...signIn]) {
      expect(responses[status]!.description).toContain(`\`${code}\``);
    }
    for (const [status, { description, content }] of Object.entries(responses)) {
      if (status === '200') continue;
      expect(Object.keys(content!)).toEqual([problem]);
      const { schema, examples } = content![problem]!;
      expect(schemaOf(schema).required).toContain('correlationId');
      for (const [code, { value }] of Object.entries(examples!)) {
        expect(description).toContain(code);
        expect(value).toMatchObject({ code, status: Number(status) });
      }
    }
  });

  it('describes each member of each schema', () => {
    const silent = Object.entries(document.components.schemas).flatMap(([name, { properties }]) =>
      Object.entries(properties ?? {})
        // A reference cannot have a word of its own in OpenAPI 3.0.
        .filter(([, { description, $ref }]) => description === undefined && $ref === undefined)
        .map(([member]) => `${name}.${member}`),
    );
    expect(silent).toEqual([]);
  });

  it('has no path, stack or name of this machine', () => {
    expect(JSON.stringify(document)).not.toMatch(/\/home\/|\/work\/|\/tmp\/|node_modules|\.ts\b/);
  });
});

describe('/docs', () => {
  /** The page's own function, as its script has it. */
  const intercept = async (
    target: string,
    token: string | null,
  ): Promise<Record<string, string> | undefined> => {
    const script = await (await fetch(`${url}/docs/swagger-ui-init.js`)).text();
    const [text] = /function sendCsrfToken\([\s\S]*?\n\}/.exec(script)!;
    const page = {
      localStorage: { getItem: (name: string) => (name === 'mesh-csrf' ? token : null) },
      location: new URL('https://mesh.example.org/docs/'),
      URL,
    };
    const { headers } = runInNewContext(
      `(${text})({ url: ${JSON.stringify(target)}, headers: {} })`,
      page,
    );
    return { ...headers };
  };

  it.each([
    ['this origin', '/v1/me', 'secret', { 'X-CSRF-Token': 'secret' }],
    [
      'this origin, whole',
      'https://mesh.example.org/v1/me',
      'secret',
      { 'X-CSRF-Token': 'secret' },
    ],
    ['nobody who is not signed in', '/v1/me', null, {}],
    ['no other origin', 'https://login.example.org/token', 'secret', {}],
    ['no other port', 'https://mesh.example.org:4090/token', 'secret', {}],
  ])("sends the session's secret to %s", async (_, target, token, headers) => {
    expect(await intercept(target, token)).toEqual(headers);
  });

  it('works without a network: all it loads comes from this server', async () => {
    const page = await fetch(`${url}/docs`);
    expect(page.status).toBe(200);
    const html = await page.text();
    const loaded = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, target]) => target!);
    expect(loaded.length).toBeGreaterThan(3);
    for (const target of loaded) {
      const absolute = new URL(target, page.url);
      expect(absolute.origin).toBe(url);
      const asset = await fetch(absolute);
      expect({ target, status: asset.status }).toEqual({ target, status: 200 });
      const body = await asset.text();
      // Links for people to click are no loads; style sheets would load these.
      if (target.endsWith('.css')) expect(body).not.toMatch(/url\(["']?https?:|@import/);
    }
    expect(html).not.toMatch(/https?:\/\/(?!www\.w3\.org)/);
  });
});

describe('/errors', () => {
  it("has an anchor for every code, which is what a problem's type names", async () => {
    const page = await fetch(`${url}/errors`);
    expect(page.headers.get('content-security-policy')).toContain("default-src 'none'");
    const html = await page.text();
    const anchors = [...html.matchAll(/<h2 id="([^"]+)">/g)].map(([, id]) => id);
    expect(anchors.sort()).toEqual(codes.map(([code]) => code.toLowerCase()).sort());
    const response = await fetch(`${url}/v1/research`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{}',
    });
    const { type } = (await response.json()) as { type: string };
    expect(html).toContain(`id="${new URL(type, url).hash.slice(1)}"`);
  });
});
