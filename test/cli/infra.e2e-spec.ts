import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { Browser } from '../kit/browser.js';
import { keptBy, MAIN, Sandbox, type Running } from './program.js';
import { linkOf, nobody, opened } from './welcome-link.js';

jest.setTimeout(60_000);

const AGENTS = ['gateway', 'researcher', 'writer'];
const QUESTION = 'How does a workload get its SVID?';

let sandbox: Sandbox;
let infra: Running;
const agents: Running[] = [];

beforeAll(async () => {
  sandbox = new Sandbox();
  infra = sandbox.start(['infra'], { env: { MESH_TRUST_DOMAIN: 'office.test' } });
  await infra.until('stderr', /Stop: Ctrl-C/);
});
afterAll(() => sandbox.close());

const variablesOf = (name: string): Record<string, string> =>
  JSON.parse(sandbox.read('state/infra.json')).agents[name];
const startAgent = (name: string, env: Record<string, string>) =>
  sandbox.startProgram(process.execPath, [join(MAIN, `../../../${name}/src/main.js`)], { env });

describe('infra', () => {
  it('prints for each agent how to start it', () => {
    expect(infra.stderr).toMatch(/^Authority, issuer and token service of office\.test run\./m);
    for (const name of AGENTS) {
      expect(infra.stderr).toMatch(new RegExp(`^ {4}npm run agent -- ${name}$`, 'm'));
      const line = new RegExp(`^ {4}(.*) npx nest start ${name} --watch$`, 'm').exec(infra.stderr);
      expect(line?.[1]).toContain(
        `SPIFFE_ENDPOINT_SOCKET=unix://${sandbox.state}/run/${name}.sock`,
      );
      expect(line?.[1]).toContain('MESH_TRUST_DOMAIN=office.test');
      expect(line?.[1]).toContain(`MESH_STATE=${sandbox.state}`);
    }
    expect(infra.stdout).toMatch(/"event":"infra\.ready"/);
  });

  it('is shown by status without its agents', async () => {
    const { code, stdout } = await sandbox.run(['status']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^infra, process \d+\n/);
    expect(stdout).toMatch(/^writer +not running +spiffe:\/\/office\.test\//m);
    expect(stdout).toMatch(/^tts +up +spiffe:\/\/office\.test\//m);
  });

  it('has ask start a mesh of its own as long as there is no gateway', async () => {
    const { code, stderr } = await sandbox.run(['ask', QUESTION]);
    expect(code).toBe(0);
    expect(stderr).toMatch(/^Starting a mesh/);
  });

  /** Only root may start a process of another user. */
  const asRoot = process.platform === 'linux' && process.getuid?.() === 0 ? it : it.skip;

  asRoot("has ask send no token to another user's process on the gateway's ports", async () => {
    const { gatewayUrl, agents } = JSON.parse(sandbox.read('state/running.json'));
    const ports = [gatewayUrl, agents.gateway.managementUrl].map((url) => new URL(url).port);
    // It becomes another user by itself: that one may not reach the folder that Node.js is in.
    const program = `
      process.setgid(65534);
      process.setuid(65534);
      const answer = ({ method, headers }, response) =>
        response.end(String(console.log(method, Object.keys(headers).includes('authorization'))));
      let open = 0;
      for (const port of process.argv.slice(1)) {
        require('node:http').createServer(answer).listen(port, '127.0.0.1', () => ++open === 2 && console.log('ready'));
      }`;
    const other = spawn(process.execPath, ['-e', program, ...ports]);
    let heard = '';
    try {
      other.stdout.setEncoding('utf8').on('data', (text: string) => (heard += text));
      await once(other.stdout, 'data');
      const { code, stderr } = await sandbox.run(['ask', QUESTION]);
      expect(code).toBe(0);
      expect(stderr).toMatch(
        /^A process of another user has the gateway's port \d+\.[^]*\nStarting a mesh/,
      );
      expect(heard).toBe('ready\nGET false\n');
    } finally {
      other.kill();
      await once(other, 'exit');
    }
  });

  it('is joined by agents in processes of their own, which ask then uses', async () => {
    for (const name of AGENTS) agents.push(startAgent(name, variablesOf(name)));
    for (const agent of agents) await agent.until('stdout', /"event":"agent\.ready"/);
    const { code, stdout, stderr } = await sandbox.run(['ask', QUESTION, '--json']);
    expect(code).toBe(0);
    expect(stderr).not.toMatch(/Starting/);
    expect(JSON.parse(stdout).agents[2].spiffeId).toBe('spiffe://office.test/ns/agents/sa/writer');
    expect((await sandbox.run(['status'])).stdout).toMatch(/^writer +up +spiffe:/m);
    const { link, publicUrl } = linkOf(infra);
    const { location } = await opened(new Browser(publicUrl, nobody), link);
    expect(location).toContain(`${publicUrl}/signed-in#csrf=`);
  });

  it('stops at a signal, as its agents do, and is forgotten', async () => {
    for (const agent of agents) {
      expect(await agent.end('SIGTERM')).toMatchObject({ code: 0, stderr: '' });
    }
    expect((await infra.end('SIGINT')).code).toBe(0);
    expect(sandbox.keptPlain()).toEqual(keptBy('office.test'));
  });
});

describe('an agent by itself', () => {
  it('does not start without a Workload API', async () => {
    expect(await startAgent('writer', {}).exited).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(/^writer: SPIFFE_ENDPOINT_SOCKET is not set\.[^\n]*\n$/),
    });
  });

  it('waits for a Workload API that is not there yet, and stops when told', async () => {
    const socket = `unix://${join(sandbox.folder, 'absent.sock')}`;
    const agent = startAgent('writer', { SPIFFE_ENDPOINT_SOCKET: socket });
    await agent.until('stdout', /"event":"workload-api"/);
    expect((await agent.end('SIGTERM')).code).toBe(0);
  });
});
