import { existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Sandbox } from './program.js';
import { Terminal } from './terminal.js';

jest.setTimeout(60_000);

let sandbox: Sandbox;

beforeEach(() => {
  sandbox = new Sandbox();
  mkdirSync(join(sandbox.state, 'secrets'), { recursive: true, mode: 0o700 });
  writeFileSync(join(sandbox.state, 'secrets', 'gemini'), 'key\n', { mode: 0o600 });
});
afterEach(() => sandbox.close());

describe('reset', () => {
  it('removes the state folder after a yes', async () => {
    const { code, stderr } = await sandbox.run(['reset'], { input: 'y\n' });
    expect(code).toBe(0);
    expect(stderr).toContain(
      `Remove ${sandbox.state} with its keys, passwords, search index and bundles? [y/N]`,
    );
    expect(existsSync(sandbox.state)).toBe(false);
  });

  it('asks on a terminal', async () => {
    const terminal = new Terminal(sandbox, ['reset']);
    await terminal.until(/\[y\/N\] /);
    terminal.type('yes\r');
    expect((await terminal.exited()).code).toBe(0);
    expect(existsSync(sandbox.state)).toBe(false);
  });

  it('does not ask with --yes', async () => {
    expect(await sandbox.run(['reset', '--yes'])).toMatchObject({
      code: 0,
      stderr: `Removed ${sandbox.state}.\n`,
    });
  });

  it.each([['n\n'], ['']])('removes nothing after %j', async (input) => {
    expect(await sandbox.run(['reset'], { input })).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/Nothing was removed\.\n$/),
    });
    expect(sandbox.kept()).toEqual(['secrets', 'secrets/gemini']);
  });

  it.each([['notes.txt'], ['run/notes.txt'], ['mine/running.json']])(
    'removes nothing where %s is, which no mesh made',
    async (path) => {
      mkdirSync(join(sandbox.state, path, '..'), { recursive: true });
      writeFileSync(join(sandbox.state, path), '');
      const { code, stderr } = await sandbox.run(['reset', '--yes']);
      expect(code).toBe(1);
      expect(stderr).toMatch(/^mesh: [^\n]*holds what no mesh made[^\n]*ERR_STATE_FOLDER\)\n$/);
      expect(existsSync(join(sandbox.state, 'secrets/gemini'))).toBe(true);
    },
  );

  it('has nothing to do where there is no folder', async () => {
    await sandbox.run(['reset', '--yes']);
    expect(await sandbox.run(['reset'])).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(/^There is nothing to remove/),
    });
  });

  it('is not taken for a mesh, and keeps one from starting while it asks', async () => {
    const asking = sandbox.start(['reset'], { open: true });
    await asking.until('stderr', /\[y\/N\]/);
    expect(await sandbox.run(['up'])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/\.\/mesh reset, process \d+.*ERR_STATE_LOCKED/),
    });
    asking.child.stdin?.end();
    expect(await asking.exited).toMatchObject({ code: 1 });
    expect(sandbox.kept()).not.toContain('lock');
  });
});

describe('the state folder', () => {
  it('is not closed to others where it is somebody else’s folder', async () => {
    const folder = join(sandbox.folder, 'home');
    mkdirSync(folder, { mode: 0o755 });
    writeFileSync(join(folder, 'letter.txt'), '');
    const { code, stderr } = await sandbox.run(['up'], { env: { MESH_STATE: folder } });
    expect(code).toBe(1);
    expect(stderr).toMatch(/^mesh: [^\n]*holds what no mesh made \(letter\.txt\)[^\n]*\n$/);
    expect(statSync(folder).mode & 0o777).toBe(0o755);
  });

  it('is closed to others where it is empty or a mesh’s', async () => {
    const folder = join(sandbox.folder, 'open');
    mkdirSync(folder, { mode: 0o755 });
    await sandbox.run(['secret', 'set', 'gemini'], { input: 'key', env: { MESH_STATE: folder } });
    expect(statSync(folder).mode & 0o777).toBe(0o700);
  });
});
