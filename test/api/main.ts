import { spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { freePort } from '../attacks/mesh/free-port.js';
import { Sandbox } from '../cli/program.js';
import { Browser } from '../kit/browser.js';
import { UNLIMITED } from '../kit/unlimited.js';
import { installedSchemathesis, NoSchemathesis } from './installed-schemathesis.js';

/** Cases there are to be at least, of all runs together. */
const CASES = 2000;

interface Outcome {
  readonly who: string;
  readonly cases: number;
  readonly code: number | null;
}

const say = (line: string) => process.stderr.write(`${line}\n`);
const seed = process.argv[2] ?? String(randomInt(1_000_000));

let program: string;
try {
  program = await installedSchemathesis(say);
} catch (error) {
  if (!(error instanceof NoSchemathesis) || process.env['MESH_TEST_API'] === 'required')
    throw error;
  say(`SKIPPED: no schemathesis here, as ${error.message}. It needs Python 3 with venv, and PyPI.`);
  process.exit(0);
}

const sandbox = new Sandbox();
let outcomes: readonly Outcome[];
try {
  // A name that Python resolves.
  const port = await freePort();
  const url = `http://localhost:${port}`;
  say('Starting the mesh…');
  await sandbox.up([], {
    env: {
      MESH_PORT_GATEWAY: String(port),
      MESH_PUBLIC_URL: url,
      MESH_LOG_LEVEL: 'warn',
      ...UNLIMITED,
    },
  });
  // Who may call every route.
  const { stdout } = await sandbox.run(['token', '--as', 'admin']);
  const byToken = { Authorization: `Bearer ${stdout.trim()}` };
  const bySession = await sessionHeaders(url);
  outcomes = [
    await fuzz('an access token', url, byToken, ['--max-examples=140']),
    // The page's own way out is left out: it would end the session for the rest.
    await fuzz('a session', url, bySession, ['--max-examples=25', '--exclude-path=/sign-out']),
  ];
} finally {
  await sandbox.close();
}
const cases = outcomes.reduce((sum, one) => sum + one.cases, 0);
const each = outcomes.map(
  (one) => `${one.cases} by ${one.who}: ${one.code === 0 ? 'ok' : 'FAILED'}`,
);
const ok = cases >= CASES && outcomes.every(({ code }) => code === 0);
say(
  `${ok ? 'PASSED' : 'FAILED'}: ${cases} cases of at least ${CASES} (${each.join('; ')}), seed ${seed}.`,
);
process.exit(ok ? 0 : 1);

/** What a page of the mesh sends once its person is signed in. */
async function sessionHeaders(url: string): Promise<Record<string, string>> {
  const passwords = JSON.parse(sandbox.read('state/issuer-passwords.json')) as { admin: string };
  const browser = new Browser(url, () => passwords.admin);
  const { csrf } = await browser.signIn('admin');
  const cookies = [...browser.cookies.get('localhost')!].map((pair) => pair.join('='));
  return { Cookie: cookies.join('; '), 'X-CSRF-Token': csrf, Origin: url };
}

/** Sends generated requests to every operation of the API's description, and says how it went. */
async function fuzz(
  who: string,
  url: string,
  headers: Readonly<Record<string, string>>,
  more: readonly string[],
): Promise<Outcome> {
  say(`Requests by ${who}, seed ${seed}…`);
  const child = spawn(
    program,
    [
      `--config-file=${join(import.meta.dirname, 'schemathesis.toml')}`,
      'run',
      `${url}/openapi.json`,
      '--checks=all',
      `--seed=${seed}`,
      ...['--continue-on-failure', '--no-shrink', '--no-color', '--generation-database=none'],
      ...Object.entries(headers).map(([name, value]) => `--header=${name}: ${value}`),
      ...more,
    ],
    {
      // It leaves files where it runs.
      cwd: sandbox.folder,
      env: { ...process.env, SCHEMATHESIS_HOOKS: join(import.meta.dirname, 'hooks.py') },
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  const ended = once(child, 'close');
  let cases = 0;
  for await (const line of createInterface(child.stdout)) {
    process.stdout.write(`${line}\n`);
    cases = Number(/^ +(\d+) generated\b/.exec(line)?.[1] ?? cases);
  }
  await ended;
  return { who, cases, code: child.exitCode };
}
