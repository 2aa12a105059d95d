import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { Sandbox } from './program.js';

jest.setTimeout(60_000);

let sandbox: Sandbox;

beforeAll(() => {
  sandbox = new Sandbox();
});
afterAll(() => sandbox.close());

describe('config', () => {
  it('prints each value with its source, those of the agents too', async () => {
    const { code, stdout } = await sandbox.run(['config', '--print', '--json'], {
      env: { MESH_MODEL: 'gemini' },
    });
    expect(code).toBe(0);
    const rows = JSON.parse(stdout);
    expect(rows).toContainEqual({ key: 'model', value: 'gemini', source: 'MESH_MODEL' });
    expect(rows).toContainEqual({ key: 'search', value: 'documents', source: 'default' });
    expect(rows).toContainEqual({ key: 'ports.writer', value: '0', source: 'MESH_PORT_WRITER' });
  });

  it('prints a table for people, with and without --print', async () => {
    const { stdout } = await sandbox.run(['config', '--print']);
    expect(stdout).toMatch(/^KEY +VALUE +FROM\ntrustDomain +mesh\.local +default\n/);
    expect((await sandbox.run(['config'])).stdout).toBe(stdout);
  });
});

describe('what is configured wrongly', () => {
  const agents = () => join(sandbox.folder, 'agents');

  it.each([
    ['a value', { MESH_MODEL: 'gpt' }, /^mesh: MESH_MODEL must be one of extractive, gemini\./],
    [
      'one port for two',
      { MESH_PORT_WRITER: '45671', MESH_PORT_GATEWAY: '45671' },
      /^mesh: MESH_PORT_WRITER must be a port of its own: 45671 is the one of MESH_PORT_GATEWAY\./,
    ],
    [
      'an address of another machine',
      { MESH_BIND: '192.0.2.1' },
      /^mesh: MESH_BIND must be an address of this machine/,
    ],
    ['a key in the environment', { MESH_GEMINI_KEY: 'AIza' }, /^mesh: .*\.\/mesh secret set/],
    ['a trust domain of others', { MESH_TRUST_DOMAIN: 'example.com' }, /^mesh: .*not example\.com/],
    ['production', { NODE_ENV: 'production' }, /^mesh: .*for development alone/],
    ['a folder without agents', { MESH_AGENTS: '/dev' }, /^mesh: \/dev: no folder in it has an/],
    ['a folder of documents', { MESH_DOCUMENTS: '/nowhere' }, /^mesh: .*\/nowhere does not exist/],
    ['a state folder that is a file', { MESH_STATE: '/etc/hostname' }, /^mesh: .*MESH_STATE/],
    ['a state folder that cannot be made', { MESH_STATE: '/proc/mesh' }, /^mesh: .*MESH_STATE/],
    [
      'a state folder with too long a path',
      { MESH_STATE: join('/tmp', 'x'.repeat(100)) },
      /^mesh: .*107 .*\(MESH_STATE\)/,
    ],
  ])('%s is one line and exit code 1', async (_, env, line) => {
    const { code, stdout, stderr } = await sandbox.run(['up'], { env: { ...env } });
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(line);
    expect(stderr).toMatch(/^[^\n]+ \(ERR_[A-Z_]+\)\n$/);
  });

  it('an agent.yaml is named with line, column and member', async () => {
    mkdirSync(join(agents(), 'writer'), { recursive: true });
    writeFileSync(
      join(agents(), 'writer', 'agent.yaml'),
      'name: writer\nidentity: /ns/agents/sa/writer\nport: x\n',
    );
    const { code, stderr } = await sandbox.run(['up'], { env: { MESH_AGENTS: agents() } });
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /^mesh: .*writer\/agent\.yaml:3:\d+.* port .*ERR_AGENT_FILE_INVALID\)\n$/,
    );
  });

  it('a mesh.yaml is named with line and column', async () => {
    const file = join(sandbox.folder, 'wrong.yaml');
    writeFileSync(file, 'model: gemini\nsaerch: tavily\n');
    const { code, stderr } = await sandbox.run(['config'], { env: { MESH_CONFIG: file } });
    expect(code).toBe(1);
    expect(stderr).toMatch(/^mesh: wrong\.yaml:2:1: saerch is not a setting .*search.*\n$/);
  });

  it('a state folder that is a link is refused', async () => {
    symlinkSync('/tmp', join(sandbox.folder, 'link'));
    const env = { MESH_STATE: join(sandbox.folder, 'link') };
    expect(await sandbox.run(['up'], { env })).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/ERR_STATE_FOLDER/),
    });
  });
});
