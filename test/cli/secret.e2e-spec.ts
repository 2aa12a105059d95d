import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Sandbox } from './program.js';
import { Terminal } from './terminal.js';

jest.setTimeout(60_000);

let sandbox: Sandbox;

beforeEach(() => {
  sandbox = new Sandbox();
});
afterEach(() => sandbox.close());

const KEY = 'AIza-planted-7f3a';
const file = (name: string) => join(sandbox.state, 'secrets', name);

describe('secret set', () => {
  it('reads standard input, and keeps it in a file of this user alone', async () => {
    const { code, stdout, stderr } = await sandbox.run(['secret', 'set', 'gemini'], {
      input: `${KEY}\n`,
    });
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
    expect(stderr).toMatch(/^Stored\. .*--model gemini/);
    expect(stderr).not.toContain(KEY);
    expect(sandbox.read('state/secrets/gemini')).toBe(`${KEY}\n`);
    expect(statSync(file('gemini')).mode & 0o777).toBe(0o600);
    expect(statSync(sandbox.state).mode & 0o777).toBe(0o700);
  });

  it('asks on a terminal without showing it, and takes corrections', async () => {
    const terminal = new Terminal(sandbox, ['secret', 'set', 'tavily']);
    await terminal.until(/not shown\): /);
    terminal.type('wrong\u0015tvly-planted-12x\u007f3\r');
    const { code } = await terminal.exited();
    expect(code).toBe(0);
    expect(terminal.screen).toContain('Stored.');
    expect(terminal.screen).not.toMatch(/tvly|wrong/);
    expect(sandbox.read('state/secrets/tavily')).toBe('tvly-planted-123\n');
  });

  it('stores nothing after Ctrl-C', async () => {
    const terminal = new Terminal(sandbox, ['secret', 'set', 'gemini']);
    await terminal.until(/not shown\): /);
    terminal.type('AIza\u0003');
    expect((await terminal.exited()).code).toBe(130);
    expect(existsSync(file('gemini'))).toBe(false);
  });

  it.each([
    ['white space alone', 'gemini', ' \n', 'ERR_SECRET_EMPTY'],
    ['two lines', 'gemini', 'a\nb\n', 'ERR_SECRET_CHARACTER'],
    ['what is no text', 'gemini', Buffer.from([0xff, 0xfe]), 'ERR_SECRET_CHARACTER'],
    ['more than 8 KiB', 'gemini', 'a'.repeat(100_000), 'ERR_SECRET_TOO_LARGE'],
    ['a name that no agent reads', 'gemni', 'key', 'ERR_SECRET_UNUSED'],
    ['a key in the place of the name', KEY, 'key', 'ERR_SECRET_UNUSED'],
  ])('refuses %s in one line', async (_, name, input, code) => {
    const result = await sandbox.run(['secret', 'set', name], { input });
    expect(result).toMatchObject({ code: 1, stdout: '' });
    expect(result.stderr).toMatch(new RegExp(`^mesh: [^\n]+ \\(${code}\\)\n$`));
    expect(result.stderr).not.toContain(KEY);
    expect(existsSync(sandbox.state) ? readdirSync(sandbox.state) : []).not.toContain('secrets');
  });

  it('does not take the key as an argument', async () => {
    const { code } = await sandbox.run(['secret', 'set', 'gemini', KEY]);
    expect(code).toBe(1);
    expect(existsSync(file('gemini'))).toBe(false);
  });
});

describe('secret list and remove', () => {
  it('show names alone, and remove one', async () => {
    await sandbox.run(['secret', 'set', 'gemini'], { input: KEY });
    expect(await sandbox.run(['secret', 'list'])).toMatchObject({ code: 0, stdout: 'gemini\n' });
    expect(await sandbox.run(['secret', 'remove', 'gemini'])).toMatchObject({
      code: 0,
      stdout: '',
    });
    expect(await sandbox.run(['secret', 'list'])).toMatchObject({ code: 0, stdout: '' });
    expect(await sandbox.run(['secret', 'remove', 'gemini'])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/ERR_SECRET_NOT_FOUND/),
    });
  });
});
