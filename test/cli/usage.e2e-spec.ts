import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { Sandbox } from './program.js';

jest.setTimeout(60_000);

let sandbox: Sandbox;

beforeAll(() => {
  sandbox = new Sandbox();
});
afterAll(() => sandbox.close());

describe('--help', () => {
  it.each([
    [[]],
    [['up']],
    [['ask']],
    [['verify']],
    [['token']],
    [['infra']],
    [['status']],
    [['doctor']],
    [['config']],
    [['secret']],
    [['secret', 'set']],
    [['secret', 'list']],
    [['secret', 'remove']],
    [['agent']],
    [['agent', 'new']],
    [['reset']],
  ])('of %j says what it does, with examples', async (command) => {
    const { code, stdout, stderr } = await sandbox.run([...command, '--help']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain(`Usage: ${['mesh', ...command].join(' ')}`);
    expect(stdout).toContain(`Examples:\n  $ ./${['mesh', ...command].join(' ')}`);
  });

  it('tells the exit codes', async () => {
    expect((await sandbox.run(['--help'])).stdout).toMatch(
      /Exit code: 0 when done, 1 for a failure/,
    );
  });
});

describe('a wrong command line', () => {
  it.each([
    [['asc', 'x'], "unknown command 'asc' (Did you mean ask?). See ./mesh --help."],
    [['up', '--port', '1'], "unknown option '--port'. See ./mesh up --help."],
    [['ask'], "missing required argument 'question'. See ./mesh ask --help."],
    [
      ['ask', 'How', 'so'],
      "too many arguments for 'ask'. Expected 1 argument but got 2: How, so. Put the question in quotes. See ./mesh ask --help.",
    ],
    [
      ['ask', 'x', '--depth', 'deeper'],
      "option '--depth <depth>' argument 'deeper' is invalid. Allowed choices are fast, deep. See ./mesh ask --help.",
    ],
    [
      ['ask', 'x', '--as', 'root'],
      "option '--as <account>' argument 'root' is invalid. Allowed choices are analyst, reader, admin. See ./mesh ask --help.",
    ],
    [['verify'], "missing required argument 'file'. See ./mesh verify --help."],
    [['secret', 'set'], "missing required argument 'name'. See ./mesh secret set --help."],
  ])('%j is one line with a hint, and exit code 1', async (args, line) => {
    expect(await sandbox.run(args)).toMatchObject({
      code: 1,
      stdout: '',
      stderr: `mesh: ${line}\n`,
    });
  });
});
