import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

/** A checkout with the real `mesh` and `tools/`, and an npm and a nest that only note that they were called. */
let checkout: string;
let machine: string;

const repository = join(import.meta.dirname, '../..');

const fakeNpm = `#!/bin/sh
if [ "$1" = --version ]; then echo "\${NPM_VERSION:-10.8.2}"; exit 0; fi
echo "$@" >> "$CALLS/npm.calls"
[ -z "\${NPM_FAILS:-}" ] || { echo 'npm error network' >&2; exit 1; }
rm -rf node_modules
mkdir -p node_modules/.bin node_modules/@nestjs/cli/bin
if [ -n "\${PACKAGED_NODE:-}" ]; then
  mkdir -p "$PACKAGED_NODE/bin"
  ln -s "$REAL_NODE" "$PACKAGED_NODE/bin/node"
fi
[ -n "\${NO_INNER_NODE:-}" ] || ln -s "$REAL_NODE" node_modules/.bin/node
echo '{}' > node_modules/@nestjs/cli/package.json
cat > node_modules/@nestjs/cli/bin/nest.js <<'NEST'
const { appendFileSync, mkdirSync, writeFileSync, readFileSync } = require('node:fs');
appendFileSync(process.env.CALLS + '/nest.calls', process.argv.slice(2).join(' ') + '\\n');
const source = readFileSync('apps/mesh/src/main.ts', 'utf8');
if (source.includes('syntax error')) process.exit(1);
for (const app of ['mesh', 'writer']) {
  mkdirSync('dist/apps/mesh/apps/' + app + '/src', { recursive: true });
  writeFileSync('dist/apps/mesh/apps/' + app + '/src/main.js', source);
}
NEST
mkdir -p node_modules/vite/bin
echo '{}' > node_modules/vite/package.json
cat > node_modules/vite/bin/vite.js <<'VITE'
const { appendFileSync, mkdirSync, writeFileSync } = require('node:fs');
appendFileSync(process.env.CALLS + '/vite.calls', process.argv.slice(2).join(' ') + '\\n');
mkdirSync('apps/web/dist', { recursive: true });
writeFileSync('apps/web/dist/index.html', '');
VITE
echo 'added 1 package'
`;

const program = `
if (process.argv[2] === 'wait') {
  process.on('SIGTERM', () => process.exit(7));
  setInterval(() => {}, 1000);
}
console.log(JSON.stringify({ args: process.argv.slice(2), socket: process.env.SPIFFE_ENDPOINT_SOCKET, tried: process.env.TRIED }));
if (process.argv[2] === 'fail') process.exitCode = 3;
`;

beforeEach(() => {
  checkout = mkdtempSync(join(tmpdir(), 'mesh checkout '));
  machine = mkdtempSync(join(tmpdir(), 'mesh-machine-'));
  for (const path of ['mesh', 'tools', '.nvmrc']) {
    cpSync(join(repository, path), join(checkout, path), { recursive: true });
  }
  write('package.json', '{ "type": "module" }');
  write('package-lock.json', '{ "packages": { "": {} } }');
  write('apps/mesh/src/main.ts', program);
  write('apps/web/src/main.tsx', '');
  write('apps/writer/agent.yaml', 'name: writer');
  write('libs/errors/src/index.ts', '');
  writeFileSync(join(machine, 'npm'), fakeNpm);
  chmodSync(join(machine, 'npm'), 0o755);
  symlinkSync(process.execPath, join(machine, 'node'));
});

afterEach(() => {
  rmSync(checkout, { recursive: true, force: true });
  rmSync(machine, { recursive: true, force: true });
});

describe('./mesh', () => {
  it('installs and builds on a fresh checkout, and neither the second time', async () => {
    const first = await mesh(['ask', 'What is an SVID?', '--json']);
    expect(first).toMatchObject({ code: 0 });
    expect(JSON.parse(first.stdout)).toEqual({ args: ['ask', 'What is an SVID?', '--json'] });
    expect(first.stderr).toMatch(/Installing packages[^]*Building/);

    const second = await mesh(['status']);
    expect(second).toMatchObject({ code: 0, stderr: '' });
    expect(calls('npm')).toEqual(['ci --no-audit --no-fund --loglevel=error']);
    expect(calls('nest')).toEqual(['build mesh']);
    expect(calls('vite')).toEqual(['build apps/web --logLevel warn']);
  });

  it('builds the web interface alone when only that changed', async () => {
    await mesh([]);
    write('apps/web/src/main.tsx', '// changed');
    await mesh([]);
    expect(calls('vite')).toHaveLength(2);
    expect(calls('nest')).toHaveLength(1);
  });

  it('builds again when a source changed, and only then installs when the lockfile did', async () => {
    await mesh([]);
    write('apps/mesh/src/main.ts', `${program} // changed`);
    await mesh([]);
    expect(calls('nest')).toHaveLength(2);
    expect(calls('npm')).toHaveLength(1);
    write(
      'package-lock.json',
      '{ "packages": { "": {}, "node_modules/x": { "version": "1.0.0" } } }',
    );
    await mesh([]);
    expect(calls('npm')).toHaveLength(2);
  });

  it('takes what a plain `npm ci` has installed', async () => {
    await mesh([]);
    rmSync(join(checkout, 'node_modules/.mesh-setup'));
    write('node_modules/.package-lock.json', '{ "packages": {} }');
    await mesh([]);
    expect(calls('npm')).toHaveLength(1);
  });

  it('installs and builds once when started twice at once', async () => {
    const results = await Promise.all([mesh(['ask', 'a']), mesh(['ask', 'b']), mesh(['ask', 'c'])]);
    expect(results.map(({ code }) => code)).toEqual([0, 0, 0]);
    expect(calls('npm')).toHaveLength(1);
    expect(calls('nest')).toHaveLength(1);
  });

  it('goes on after a start that died while it installed', async () => {
    const dead = spawn(process.execPath, ['-e', '']);
    await once(dead, 'exit');
    write('.setup.lock', String(dead.pid));
    expect(await mesh([])).toMatchObject({ code: 0 });
    expect(existsSync(join(checkout, '.setup.lock'))).toBe(false);
  });

  it('hands on the exit code', async () => {
    expect(await mesh(['fail'])).toMatchObject({ code: 3 });
  });

  it('becomes the program: a signal reaches it, and its exit code comes back', async () => {
    await mesh([]);
    const child = spawn(join(checkout, 'mesh'), ['wait'], { env: environment() });
    await once(child.stdout, 'data');
    child.kill('SIGTERM');
    expect(await once(child, 'exit')).toEqual([7, null]);
  });

  it('works through symbolic links, relative ones too', async () => {
    symlinkSync(join(checkout, 'mesh'), join(machine, 'absolute'));
    symlinkSync('absolute', join(machine, 'mesh-link'));
    expect(await run(join(machine, 'mesh-link'), ['x'])).toMatchObject({ code: 0 });
  });

  it.each([
    ['npm fails', { NPM_FAILS: '1' }, /^mesh: npm ci failed/m],
    [
      'npm is too old',
      { NPM_VERSION: '9.9.4' },
      /^mesh: npm 10 or newer is needed, this is 9\.9\.4/m,
    ],
  ])('says in one line that %s, and tries again the next time', async (_, env, message) => {
    const failed = await mesh([], env);
    expect(failed).toMatchObject({ code: 1, stdout: '' });
    expect(failed.stderr).toMatch(message);
    expect(failed.stderr).not.toMatch(/\bat .*:\d+/);
    expect(await mesh([])).toMatchObject({ code: 0 });
  });

  it('says that npm is missing', async () => {
    rmSync(join(machine, 'npm'));
    const failed = await mesh([], { PATH: `${machine}:${coreutils()}` });
    expect(failed).toMatchObject({ code: 1 });
    expect(failed.stderr).toMatch(/^mesh: npm 10 or newer is needed and not on PATH/m);
  });

  it('says that the build failed, and builds again the next time', async () => {
    write('apps/mesh/src/main.ts', 'syntax error');
    expect((await mesh([])).stderr).toMatch(/^mesh: The build failed/m);
    write('apps/mesh/src/main.ts', program);
    expect(await mesh([])).toMatchObject({ code: 0 });
  });

  it('uses the Node of the machine where the lockfile brings none that runs', async () => {
    expect(await mesh([], { NO_INNER_NODE: '1' })).toMatchObject({ code: 0 });
    expect(existsSync(join(checkout, 'node_modules/.bin/node'))).toBe(true);
  });

  it('links the Node of the lockfile itself where npm left the link out', async () => {
    const packaged = `node_modules/node-${process.platform}-${process.arch}`;
    expect(await mesh([], { NO_INNER_NODE: '1', PACKAGED_NODE: packaged })).toMatchObject({
      code: 0,
    });
    expect(readlinkSync(join(checkout, 'node_modules/.bin/node'))).toBe(
      `../${basename(packaged)}/bin/node`,
    );
  });

  it('refuses where neither fits, naming the version', async () => {
    write('.nvmrc', '99.0.0');
    const failed = await mesh([], { NO_INNER_NODE: '1' });
    expect(failed).toMatchObject({ code: 1 });
    expect(failed.stderr).toMatch(/^mesh: Node\.js 99\.0\.0 or newer is needed/m);
  });
});

describe('npm start', () => {
  it.each([
    [[], ['up']],
    [
      ['--documents', 'x'],
      ['up', '--documents', 'x'],
    ],
    [
      ['ask', 'q'],
      ['ask', 'q'],
    ],
    [['--help'], ['--help']],
  ])('with %j runs mesh with %j', async (args, expected) => {
    const { stdout } = await run(process.execPath, [join(checkout, 'tools/start.mjs'), ...args]);
    expect(JSON.parse(stdout.split('\n').at(-2) ?? '')).toEqual({ args: expected });
  });
});

describe('npm run agent', () => {
  const agent = (args: string[], env = {}) =>
    run(process.execPath, [join(checkout, 'tools/agent.mjs'), ...args], env);

  it('refuses a name that is no agent', async () => {
    expect(await agent(['mesh'])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/writer/),
    });
  });

  it('refuses to start without a Workload API, and says how to get one', async () => {
    const refused = await agent(['writer']);
    expect(refused).toMatchObject({ code: 1, stdout: '' });
    expect(refused.stderr).toMatch(/mesh infra/);
  });

  it('joins the infra that runs, and says so', async () => {
    write('.mesh/infra.json', infra(process.pid));
    const joined = await agent(['writer', '--flag']);
    expect(JSON.parse(joined.stdout)).toEqual({ args: ['--flag'], socket: 'unix:///run/writer' });
    expect(joined.stderr).toMatch(/SPIFFE_ENDPOINT_SOCKET=unix:\/\/\/run\/writer/);
  });

  it("takes the infra's settings, and leaves those that are set alone", async () => {
    const agents = { writer: { SPIFFE_ENDPOINT_SOCKET: 'unix:///run/writer', TRIED: 'infra' } };
    write('.mesh/infra.json', JSON.stringify({ pid: process.pid, agents }));
    const joined = await agent(['writer']);
    expect(JSON.parse(joined.stdout)).toMatchObject({ tried: 'infra' });
    const own = await agent(['writer'], { TRIED: 'own' });
    expect(JSON.parse(own.stdout)).toMatchObject({ tried: 'own', socket: 'unix:///run/writer' });
  });

  it('reads the state folder that MESH_STATE names', async () => {
    write('elsewhere/infra.json', infra(process.pid));
    const joined = await agent(['writer'], { MESH_STATE: join(checkout, 'elsewhere') });
    expect(JSON.parse(joined.stdout)).toMatchObject({ socket: 'unix:///run/writer' });
  });

  it('does not join an infra that has ended', async () => {
    const dead = spawn(process.execPath, ['-e', '']);
    await once(dead, 'exit');
    write('.mesh/infra.json', infra(dead.pid));
    expect(await agent(['writer'])).toMatchObject({ code: 1 });
  });

  it('leaves a socket that is set alone', async () => {
    write('.mesh/infra.json', infra(process.pid));
    const joined = await agent(['writer'], { SPIFFE_ENDPOINT_SOCKET: 'unix:///run/spire' });
    expect(JSON.parse(joined.stdout)).toMatchObject({ socket: 'unix:///run/spire' });
  });

  const infra = (pid: number | undefined) =>
    JSON.stringify({ pid, agents: { writer: { SPIFFE_ENDPOINT_SOCKET: 'unix:///run/writer' } } });
});

interface Result {
  code: number;
  stdout: string;
  stderr: string;
}

const mesh = (args: string[], env = {}) => run(join(checkout, 'mesh'), args, env);

function run(file: string, args: string[], env = {}): Promise<Result> {
  return new Promise((resolve) => {
    execFile(file, args, { env: environment(env), cwd: machine }, (error, stdout, stderr) =>
      resolve({ code: Number(error?.code ?? 0), stdout, stderr }),
    );
  });
}

/** Nothing of the npm that runs these tests. */
function environment(env = {}): NodeJS.ProcessEnv {
  return {
    PATH: `${machine}:/usr/bin:/bin`,
    CALLS: machine,
    REAL_NODE: process.execPath,
    ...env,
  };
}

/** A folder with what the shell script needs, but without npm. */
function coreutils(): string {
  const folder = join(machine, 'coreutils');
  mkdirSync(folder);
  for (const name of ['sh', 'dirname', 'readlink']) {
    symlinkSync(
      ['/bin', '/usr/bin'].map((bin) => join(bin, name)).find(existsSync) ?? name,
      join(folder, name),
    );
  }
  return folder;
}

function calls(name: string): string[] {
  return readFileSync(join(machine, `${name}.calls`), 'utf8')
    .trim()
    .split('\n');
}

function write(path: string, text: string): void {
  mkdirSync(join(checkout, path, '..'), { recursive: true });
  writeFileSync(join(checkout, path), text);
}
