import { once } from 'node:events';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { EmbeddedAuthority } from '@mesh/authority';
import { SpiffeId, TrustDomain } from '@mesh/identity';
import { GeminiSimulator } from '../simulators/gemini.js';
import { TavilySimulator } from '../simulators/tavily.js';
import { Sandbox } from './program.js';

jest.setTimeout(60_000);

let sandbox: Sandbox;

beforeEach(() => {
  sandbox = new Sandbox();
});
afterEach(() => sandbox.close());

function store(name: string, key: string): void {
  mkdirSync(join(sandbox.state, 'secrets'), { recursive: true, mode: 0o700 });
  writeFileSync(join(sandbox.state, 'secrets', name), key, { mode: 0o600 });
}

async function portOf(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

describe('doctor', () => {
  it('finds nothing wrong on a fresh machine, and skips keys that are not stored', async () => {
    const { code, stdout, stderr } = await sandbox.run(['doctor']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    for (const what of [
      'Node.js',
      'clock',
      'configuration',
      'state folder',
      'socket paths',
      'ports',
      'documents',
    ]) {
      expect(stdout).toMatch(new RegExp(`^✔ ${what}: .+$`, 'm'));
    }
    for (const name of ['gemini', 'tavily']) {
      expect(stdout).toMatch(new RegExp(`^– key of ${name}: .*\\./mesh secret set ${name} `, 'm'));
    }
    expect(stdout).toMatch(/\n\nNothing is wrong\.\n$/);
  });

  it('tries stored keys by calls that cost nothing', async () => {
    const gemini = await GeminiSimulator.start();
    const tavily = await TavilySimulator.start();
    try {
      store('gemini', gemini.key);
      store('tavily', tavily.key);
      const { code, stdout } = await sandbox.run(['doctor'], {
        env: { MESH_GEMINI_URL: gemini.baseUrl, MESH_TAVILY_URL: tavily.baseUrl },
      });
      expect(stdout).toMatch(/^✔ key of gemini: .*accepted/m);
      expect(stdout).toMatch(/^✔ key of tavily: .*accepted/m);
      expect(code).toBe(0);
      expect(stdout).not.toMatch(new RegExp(`${gemini.key}|${tavily.key}`));
      const calls = [...gemini.calls, ...tavily.calls].map(
        ({ method, path }) => `${method} ${path}`,
      );
      expect(calls).toEqual([expect.stringMatching(/^GET \/v1beta\/models\/[^:]+$/), 'GET /usage']);
    } finally {
      await gemini.close();
      await tavily.close();
    }
  });

  it('says for each thing that is wrong what to do', async () => {
    const gemini = await GeminiSimulator.start();
    const other = createServer();
    const late = createHttpServer((_, response) =>
      response.writeHead(200, { date: 'Mon, 01 Jan 2001 00:00:00 GMT' }).end('{}'),
    );
    try {
      const port = await portOf(other);
      store('gemini', 'AIza-of-somebody-else');
      store('tavily', 'tvly-any');
      chmodSync(sandbox.state, 0o755);
      const { code, stdout } = await sandbox.run(['doctor'], {
        env: {
          MESH_GEMINI_URL: gemini.baseUrl,
          MESH_TAVILY_URL: `http://127.0.0.1:${await portOf(late)}`,
          MESH_PORT_WRITER: String(port),
          MESH_DOCUMENTS: '/nowhere',
          SPIFFE_ENDPOINT_SOCKET: 'unix:///nowhere.sock',
        },
      });
      expect(code).toBe(1);
      const wrong = [...stdout.matchAll(/^✘ (.*)$/gm)].map(([, line]) => line);
      expect(wrong).toEqual([
        expect.stringMatching(/^state folder: others may reach .*: chmod -R go= /),
        expect.stringMatching(/^SPIFFE_ENDPOINT_SOCKET: \/nowhere\.sock does not exist: start /),
        expect.stringMatching(new RegExp(`^ports: Port ${port} is in use.*set MESH_PORT_WRITER`)),
        expect.stringMatching(
          /^identity: the Workload API at unix:\/\/\/nowhere\.sock gives none: /,
        ),
        expect.stringMatching(/^documents: .*\/nowhere does not exist\. Name an existing folder/),
        expect.stringMatching(
          /^key of gemini: .* Set a valid key .*: \.\/mesh secret set gemini\. \(at http:\/\/127/,
        ),
        expect.stringMatching(/^clock: \d+ s ahead of the one of tavily: set the clock/),
      ]);
      expect(stdout).toMatch(/\n\n7 to mend\.\n$/);
    } finally {
      await gemini.close();
      other.close();
      late.close();
    }
  });

  it('looks at the issuer, the passwords of the sample accounts and federated bundles', async () => {
    const passwords = join(sandbox.state, 'issuer-passwords.json');
    const federation = join(sandbox.folder, 'federation');
    mkdirSync(sandbox.state, { mode: 0o700 });
    mkdirSync(federation);
    writeFileSync(passwords, '{}', { mode: 0o600 });
    writeFileSync(join(federation, 'partner.test.json'), '{}');
    const other = createHttpServer((_, response) => response.writeHead(404).end());
    try {
      const url = `http://127.0.0.1:${await portOf(other)}`;
      const embedded = await sandbox.run(['doctor'], { env: { MESH_FEDERATION: federation } });
      expect(embedded.code).toBe(1);
      expect(embedded.stdout).toMatch(/^– issuer: the embedded one runs with a mesh/m);
      expect(embedded.stdout).toContain(
        `\n✘ sample accounts: The file of the sample passwords, ${passwords}, `,
      );
      expect(embedded.stdout).toMatch(/^✘ federation: .*partner\.test\.json is no SPIFFE bundle/m);
      const { stdout } = await sandbox.run(['doctor'], { env: { MESH_ISSUER_URL: url } });
      expect(stdout).toContain(`\n✘ issuer: ${url}: it answers with status 404; start it, or set `);
      expect(stdout).not.toMatch(/sample accounts/);
      const half = await sandbox.run(['doctor'], {
        env: { MESH_ISSUER_URL: url, MESH_ISSUER_AGENTS_URL: 'https://127.0.0.1:1' },
      });
      expect(half.stdout).toMatch(/^✘ issuer: .*MESH_ISSUER_SPIFFE_ID are set together/m);
    } finally {
      other.close();
    }
  });

  it('holds the SPIFFE ID that the Workload API gives against the configured ones', async () => {
    const trustDomain = TrustDomain.parse('other.test');
    const authority = await EmbeddedAuthority.start({
      trustDomain,
      directory: join(sandbox.folder, 'run'),
      workloads: [{ name: 'writer', id: SpiffeId.fromPath(trustDomain, '/ns/agents/sa/writer') }],
    });
    const env = { SPIFFE_ENDPOINT_SOCKET: authority.socketOf('writer') };
    try {
      const { code, stdout } = await sandbox.run(['doctor'], { env });
      expect(code).toBe(1);
      expect(stdout).toMatch(
        /^✘ identity: .*gives spiffe:\/\/other\.test\/ns\/agents\/sa\/writer, but .*set MESH_TRUST_DOMAIN$/m,
      );
      const right = await sandbox.run(['doctor'], {
        env: { ...env, MESH_TRUST_DOMAIN: 'other.test' },
      });
      expect(right.code).toBe(0);
      expect(right.stdout).toMatch(
        /^✔ identity: spiffe:\/\/other\.test\/ns\/agents\/sa\/writer until /m,
      );
    } finally {
      authority.close();
    }
  });

  it('says that a socket path is too long, a provider in use has no key, and a value is wrong', async () => {
    const long = await sandbox.run(['doctor'], {
      env: { MESH_STATE: join('/tmp', 'x'.repeat(100)), MESH_SEARCH: 'tavily' },
    });
    expect(long.code).toBe(1);
    expect(long.stdout).toMatch(
      /^✘ socket paths: 12\d bytes, .* 107: set MESH_STATE to a shorter path$/m,
    );
    expect(long.stdout).toMatch(/^✘ key of tavily: none is stored: \.\/mesh secret set tavily$/m);
    const value = await sandbox.run(['doctor'], { env: { MESH_MODEL: 'gpt' } });
    expect(value.code).toBe(1);
    expect(value.stdout).toMatch(/^✘ configuration: MESH_MODEL must be one of extractive, gemini/m);
  });
});
