import { execFile } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { Sandbox, type Result } from './program.js';

// What is made is compiled, linted and tested.
jest.setTimeout(180_000);

const root = join(import.meta.dirname, '../..');
const template = join(root, 'examples/agent');
/** What the person has who makes an agent; node_modules is shared. */
const PROJECT = [
  ...['mesh', 'tools', 'apps', 'examples', 'libs', 'test/kit', 'docs', 'dist/apps/mesh'],
  ...['package.json', 'package-lock.json', 'nest-cli.json', 'tsconfig.json', 'jest.config.js'],
  ...['eslint.config.js', 'eslint.layers.js', 'eslint.layers.d.ts'],
  ...['.nvmrc', '.prettierrc', '.prettierignore', '.swcrc'],
];
const NAME = 'sample-agent-2';

let sandbox: Sandbox;
let project: string;

beforeAll(() => {
  sandbox = new Sandbox();
  project = join(sandbox.folder, 'project');
  for (const path of PROJECT) cpSync(join(root, path), join(project, path), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(project, 'node_modules'));
});
afterAll(() => sandbox.close());

/** Runs a program in the project. */
function run(
  program: string,
  args: readonly string[],
): Promise<Pick<Result, 'code' | 'stdout' | 'stderr'>> {
  const options = { cwd: project, env: sandbox.environment(), maxBuffer: 2 ** 24 };
  return new Promise((resolve) => {
    execFile(program, args, options, (error, stdout, stderr) =>
      resolve({ code: Number(error?.code ?? 0), stdout, stderr }),
    );
  });
}
/** The built program: `./mesh` would compile each agent that is made here. */
const mesh = (...args: string[]) =>
  run(process.execPath, [join(project, 'dist/apps/mesh/apps/mesh/src/main.js'), ...args]);
const tool = (path: string, ...args: string[]) =>
  run(process.execPath, [
    '--experimental-vm-modules',
    join(project, 'node_modules', path),
    ...args,
  ]);

const filesIn = (folder: string) =>
  readdirSync(folder, { recursive: true, encoding: 'utf8', withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();

describe('the example', () => {
  it('is 40 lines of TypeScript at most, besides its test', () => {
    const sources = filesIn(template).filter((file) => /(?<!\.spec)\.ts$/.test(file));
    const lines = sources.flatMap((file) =>
      readFileSync(join(template, file), 'utf8').trimEnd().split('\n'),
    );
    expect(sources).toContain('src/agent.ts');
    expect(lines.length).toBeLessThanOrEqual(40);
  });
});

describe('agent new', () => {
  afterEach(() => {
    for (const name of readdirSync(join(project, 'apps'))) {
      if (name !== NAME && !readdirSync(join(root, 'apps')).includes(name)) {
        rmSync(join(project, 'apps', name), { recursive: true });
      }
    }
  });

  it('makes the example under another name, and says how to go on', async () => {
    const { code, stdout } = await run(join(project, 'mesh'), ['agent', 'new', NAME]);
    expect(code).toBe(0);
    expect(stdout).toContain(`${NAME}:run, for researcher to call on behalf of analyst, admin`);
    expect(stdout).toContain(`npm test -- apps/${NAME} `);
    const made = join(project, 'apps', NAME);
    expect(filesIn(made)).toEqual(filesIn(template).filter((file) => file !== 'README.md'));
    for (const file of filesIn(made)) {
      const original = readFileSync(join(template, file), 'utf8').replaceAll('example', NAME);
      const port = /^port: (\d+)/m.exec(readFileSync(join(made, 'agent.yaml'), 'utf8'))![1]!;
      expect(readFileSync(join(made, file), 'utf8')).toBe(
        original.replace('port: 4004', `port: ${port}`),
      );
    }
  });

  it('tells the Nest CLI of it, as of the others, and of nothing else', () => {
    const projects = (folder: string) =>
      JSON.parse(readFileSync(join(folder, 'nest-cli.json'), 'utf8')).projects;
    const writer = JSON.stringify(projects(root).writer);
    expect(projects(project)).toEqual({
      ...projects(root),
      [NAME]: JSON.parse(writer.replaceAll('apps/writer', `apps/${NAME}`)),
    });
  });

  it('makes what compiles, lints, is formatted, and does as its own test says', async () => {
    const made = `apps/${NAME}`;
    const build = await run(process.execPath, ['tools/prepare.mjs']);
    expect(build).toMatchObject({ code: 0, stderr: expect.not.stringContaining('error') });
    expect(await tool('prettier/bin/prettier.cjs', '--check', made, 'nest-cli.json')).toMatchObject(
      { code: 0 },
    );
    expect(await tool('eslint/bin/eslint.js', made)).toMatchObject({ code: 0, stdout: '' });
    const tests = await tool('jest/bin/jest.js', '--json', made);
    expect(JSON.parse(tests.stdout)).toMatchObject({ numFailedTests: 0, numPassedTests: 6 });
  });

  it('makes what is started with the others, in each shape', async () => {
    for (const shape of [[], ['--split']]) {
      const env = { MESH_PORT_SAMPLE_AGENT_2: '0', MESH_MANAGEMENT_PORT_SAMPLE_AGENT_2: '0' };
      const running = sandbox.startProgram(join(project, 'mesh'), ['up', ...shape], { env });
      await running.until('stderr', /Stop: {2}Ctrl-C/);
      const status = await mesh('status', '--json');
      expect(JSON.parse(status.stdout).agents).toContainEqual(
        expect.objectContaining({ name: NAME, status: 'up' }),
      );
      expect((await running.end()).code).toBe(0);
    }
  });

  it('gives each agent a port of its own', async () => {
    const portOf = (name: string) =>
      Number(
        /^port: (\d+)/m.exec(readFileSync(join(project, 'apps', name, 'agent.yaml'), 'utf8'))![1],
      );
    await mesh('agent', 'new', 'another');
    const others = ['gateway', 'researcher', 'tts', 'writer', NAME].map(portOf);
    expect(others).not.toContain(portOf('another'));
    expect(others).not.toContain(portOf('another') + 100);
  });

  it('makes what stays formatted however long the name is', async () => {
    const name = 'n'.repeat(60);
    expect(await mesh('agent', 'new', name)).toMatchObject({ code: 0 });
    expect(await tool('prettier/bin/prettier.cjs', '--check', `apps/${name}`)).toMatchObject({
      code: 0,
    });
  });

  it('refuses a name that is taken, and makes nothing', async () => {
    const all = () => [
      ...filesIn(join(project, 'apps')),
      readFileSync(join(project, 'nest-cli.json'), 'utf8'),
    ];
    const before = all();
    const { code, stdout, stderr } = await mesh('agent', 'new', 'writer');
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(
      /^mesh: "writer" cannot be [^\n]* is taken\. [^\n]*\(ERR_AGENT_NAME\)\n$/,
    );
    expect(all()).toEqual(before);
  });

  it('leaves a folder alone that is there, also without an agent.yaml', async () => {
    mkdirSync(join(project, 'apps/begun'));
    writeFileSync(join(project, 'apps/begun/notes.txt'), 'mine');
    expect(await mesh('agent', 'new', 'begun')).toMatchObject({ code: 1 });
    expect(filesIn(join(project, 'apps/begun'))).toEqual(['notes.txt']);
  });

  it('refuses an identity that another agent has', async () => {
    mkdirSync(join(project, 'apps/other'));
    writeFileSync(
      join(project, 'apps/other/agent.yaml'),
      'name: other\nidentity: /ns/agents/sa/wanted\nport: 4900\n',
    );
    const { code, stderr } = await mesh('agent', 'new', 'wanted');
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /identity is the same as in .*other\/agent\.yaml.*\(ERR_AGENT_FILE_INVALID\)\n$/,
    );
    expect(readdirSync(join(project, 'apps'))).not.toContain('wanted');
  });
});
