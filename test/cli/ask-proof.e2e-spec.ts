import { once } from 'node:events';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';
import { decodeJwt } from 'jose';
import { AgentDirectory } from '@mesh/agent';
import { TrustDomain } from '@mesh/identity';
import { EmbeddedIssuer, SamplePasswords } from '@mesh/issuer';
import { AnswerVerifier, parseTrustDocument } from '@mesh/provenance';
import { pathsOf, valueAt, withValue } from '../../libs/provenance/test/changes.js';
import { Browser } from './browser.js';
import { OTHER_DOCUMENTS, Sandbox } from './program.js';

jest.setTimeout(120_000);

const QUESTION = 'How does a workload get its SVID?';
/** A JWT of whatever kind. */
const TOKEN = /ey[\w-]+\.ey[\w-]+\.[\w-]+/;

let sandbox: Sandbox;
const cleanups: (() => unknown)[] = [];

beforeEach(() => {
  sandbox = new Sandbox();
});
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
  await sandbox.close();
});

/** Asks, and keeps what `--json` prints. */
async function ask(...args: string[]): Promise<Record<string, unknown>> {
  const { code, stdout, stderr } = await sandbox.run(['ask', QUESTION, '--json', ...args]);
  expect({ code, stderr }).toMatchObject({ code: 0 });
  writeFileSync(join(sandbox.folder, 'a.json'), stdout);
  return JSON.parse(stdout);
}

describe('a kept answer', () => {
  it('is verified, also once the mesh that gave it is gone and another CA vouches for the next', async () => {
    await ask('--as', 'analyst', '--depth', 'deep');
    expect(await sandbox.run(['verify', 'a.json'])).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^Verified: .*certificates are valid/),
    });
    const up = await sandbox.up();
    expect(await sandbox.run(['verify', 'a.json'])).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^Verified: [^]*CA was retired/),
    });
    await up.end();
    expect(await sandbox.run(['verify', 'a.json'])).toMatchObject({ code: 0 });
  });

  it('is verified where a temporary mesh gave it, beside another one', async () => {
    await sandbox.up();
    await ask('--documents', OTHER_DOCUMENTS);
    expect(await sandbox.run(['verify', 'a.json'])).toMatchObject({ code: 0 });
  });

  it('is refused with any one value of its content, or any character of a statement, changed', async () => {
    const { statements, ...content } = await ask('--as', 'analyst');
    const compacts = statements as string[];
    const trust = parseTrustDocument(sandbox.read('state/trust/mesh-trust.json'));
    const verifier = new AnswerVerifier(trust);
    const verify = (changed: object) =>
      verifier.verify(JSON.stringify(changed), { now: new Date() });
    const refused = (changed: object) =>
      expect(verify(changed)).rejects.toMatchObject({
        code: expect.stringMatching(/^ERR_ANSWER_/),
      });

    await expect(verify({ ...content, statements })).resolves.toMatchObject({ verdict: 'valid' });
    const paths = pathsOf(content).slice(1);
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...paths),
        fc.jsonValue({ maxDepth: 1 }),
        async (path, to) => {
          fc.pre(
            JSON.stringify(valueAt(content, path)) !== JSON.stringify(to) && !Object.is(to, -0),
          );
          await refused({ ...(withValue(content, path, to) as object), statements });
        },
      ),
      { numRuns: 200 },
    );
    await fc.assert(
      fc.asyncProperty(
        fc.nat(compacts.length - 1),
        fc.nat(20_000),
        fc.constantFrom('', ...'ABCDWXYZabcdwxyz0189-_.=+/ \n'),
        async (place, position, by) => {
          const compact = compacts[place]!;
          const from = position % compact.length;
          fc.pre(compact[from] !== by);
          const changed = compact.slice(0, from) + by + compact.slice(from + 1);
          await refused({ ...content, statements: compacts.with(place, changed) });
        },
      ),
      { numRuns: 300 },
    );
    // And by the program itself.
    const changed = { ...content, correlationId: 'corr-1234', statements };
    writeFileSync(join(sandbox.folder, 'changed.json'), JSON.stringify(changed));
    expect(await sandbox.run(['verify', 'changed.json'])).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringContaining('(ERR_ANSWER_CONTENT)'),
    });
  });
});

describe('ask', () => {
  it('as somebody who may not names the scope that is missing', async () => {
    const { code, stdout, stderr } = await sandbox.run([
      ...['ask', QUESTION, '--as', 'reader', '--depth', 'deep'],
    ]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/\nmesh: [^\n]*research:deep[^\n]* \(ERR_ACCESS_TOKEN_SCOPE\)\n$/);
    expect(await sandbox.run(['ask', QUESTION, '--as', 'reader'])).toMatchObject({ code: 0 });
  });

  it('shows nothing of an answer that was changed on its way', async () => {
    await sandbox.up();
    const running = JSON.parse(sandbox.read('state/running.json'));
    const relay = async (request: IncomingMessage, response: ServerResponse) => {
      const { authorization, accept, 'request-nonce': nonce } = request.headers;
      const answer = await fetch(`${running.gatewayUrl}${request.url}`, {
        method: 'POST',
        headers: {
          authorization: authorization!,
          accept: accept!,
          'request-nonce': String(nonce),
          'content-type': 'application/json',
        },
        body: await text(request),
      });
      response.writeHead(answer.status, { 'content-type': 'text/event-stream' });
      response.end((await answer.text()).replaceAll('Workload API', 'Planted API'));
    };
    const server = createServer((request, response) => void relay(request, response));
    server.listen(0, '127.0.0.1');
    cleanups.push(() => server.close());
    await once(server, 'listening');
    const gatewayUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    writeFileSync(join(sandbox.state, 'running.json'), JSON.stringify({ ...running, gatewayUrl }));
    for (const form of [[], ['--json']]) {
      const { code, stdout, stderr } = await sandbox.run(['ask', QUESTION, ...form]);
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
      expect(stderr).toMatch(
        /\nmesh: The answer of the gateway is refused: [^\n]*\(ERR_ANSWER_CONTENT\)\n$/,
      );
      expect(stderr).not.toContain('Planted');
    }
  });

  it('logs and keeps no token, whatever is logged', async () => {
    const { code, stderr } = await sandbox.run(['ask', QUESTION, '--log-level', 'trace']);
    expect(code).toBe(0);
    expect(stderr).toContain('"level":"debug"');
    expect(stderr).not.toMatch(TOKEN);
    const files = readdirSync(sandbox.folder, { recursive: true, withFileTypes: true });
    for (const file of files.filter((entry) => entry.isFile())) {
      expect(readFileSync(join(file.parentPath, file.name), 'utf8')).not.toMatch(TOKEN);
    }
  });
});

describe('at another issuer', () => {
  const passwords = SamplePasswords.random();
  let issuer: EmbeddedIssuer;
  beforeEach(async () => {
    issuer = await EmbeddedIssuer.start({
      port: 0,
      hostname: '127.0.0.1',
      resource: 'https://mesh.local/api',
      passwords,
      // Of the agents in apps/, those that somebody has made too.
      scopes: Object.fromEntries(
        AgentDirectory.load(
          join(import.meta.dirname, '../../apps'),
          TrustDomain.parse('mesh.local'),
        )
          .actionsBehind('gateway')
          .map((scope) => [scope, ['analyst']]),
      ),
    });
    cleanups.push(() => issuer.close());
  });

  it('ask signs in by the browser', async () => {
    const asking = sandbox.start(['ask', QUESTION], { env: { MESH_ISSUER_URL: issuer.url } });
    const [address] = await asking.until('stderr', /http:\S+\/auth\?\S+/);
    // For what this question takes; a deep one takes another scope.
    const scopes = new URL(address).searchParams.get('scope')!.split(' ');
    expect(scopes).toEqual(expect.arrayContaining(['research:fast', 'draft:write']));
    expect(scopes).not.toContain('research:deep');
    const { page } = await new Browser(passwords).open(address);
    expect(page).toContain('Signed in');
    expect(await asking.exited).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('Verified: written by'),
    });
  });

  it('ask can be interrupted while it waits for the person', async () => {
    const asking = sandbox.start(['ask', QUESTION], { env: { MESH_ISSUER_URL: issuer.url } });
    await asking.until('stderr', /http:\S+\/auth\?\S+/);
    expect(await asking.end('SIGINT')).toMatchObject({ code: 130, stdout: '' });
    expect(sandbox.kept()).not.toContain('lock');
  });

  it('there are no sample accounts, and nothing is started', async () => {
    const env = { MESH_ISSUER_URL: issuer.url };
    expect(await sandbox.run(['ask', QUESTION, '--as', 'analyst'], { env })).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(/^mesh: --as analyst [^\n]* \(ERR_ACCOUNT_ELSEWHERE\)\n$/),
    });
  });
});

describe('token', () => {
  it('prints one that the gateway takes, for whom and for what it was asked for', async () => {
    await sandbox.up();
    const { gatewayUrl } = JSON.parse(sandbox.read('state/running.json'));
    const { code, stdout, stderr } = await sandbox.run([
      ...['token', '--as', 'reader', '--scope', 'research:fast draft:write'],
    ]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(new RegExp(`^${TOKEN.source}\n$`));
    expect(decodeJwt(stdout)).toMatchObject({
      sub: 'reader',
      client_id: 'mesh-cli',
      scope: 'research:fast draft:write',
    });
    const post = (authorization: Record<string, string>) =>
      fetch(`${gatewayUrl}/v1/research`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...authorization },
        body: JSON.stringify({ question: QUESTION }),
      });
    const response = await post({ authorization: `Bearer ${stdout.trim()}` });
    expect(response.status).toBe(200);
    writeFileSync(join(sandbox.folder, 'a.json'), await response.text());
    expect(await sandbox.run(['verify', 'a.json'])).toMatchObject({ code: 0 });
    expect((await post({})).status).toBe(401);
  });

  it('needs a mesh that runs', async () => {
    expect(await sandbox.run(['token'])).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(/^mesh: [^\n]* \(ERR_MESH_NOT_RUNNING\)\n$/),
    });
  });
});
