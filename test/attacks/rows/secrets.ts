import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type Attack, SUCCEEDED } from '../attack.js';
import { AGENTS, type AttackedMesh } from '../mesh/attacked-mesh.js';
import { sessionSecrets } from '../tools/browsing.js';
import { formsOf, NOTHING, search, searchFolder, stackIn, tokensIn } from '../tools/scan.js';
import { QUESTION } from '../tools/calls.js';
import { received } from '../tools/wire.js';

/*
 * A search is an attack that succeeds if it finds something. Its control is the same search where something was put:
 * it must find that, or the search is blind.
 */

/** The keys of all SVIDs that the mesh has, in each form. */
function keysOf(mesh: AttackedMesh): readonly Buffer[] {
  return mesh.authority.names.flatMap((name) => formsOf(mesh.svidOf(name)));
}

/** A key as it would be found: in the environment, on a command line, in a line. */
function plantedKey(mesh: AttackedMesh): string {
  return mesh.svidOf('writer').keyPem;
}

type Search = (mesh: AttackedMesh, planted: boolean) => Promise<string> | string;

function searching(number: number, name: string, look: Search): Attack {
  return {
    number,
    name,
    expected: NOTHING,
    run: async (mesh) => look(mesh, false),
    control: async (mesh) => {
      const found = await look(mesh, true);
      return found === NOTHING ? 'what was put there was not found' : SUCCEEDED;
    },
  };
}

/** Does something with a process that has a key where it should not. */
async function withProcess<T>(
  options: { readonly env?: Record<string, string>; readonly args?: readonly string[] },
  act: (pid: number) => T | Promise<T>,
): Promise<T> {
  const script = 'process.stdout.write("up"); setInterval(() => undefined, 1000)';
  const child = spawn(process.execPath, ['-e', script, '--', ...(options.args ?? [])], {
    env: { ...options.env },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const ended = once(child, 'exit');
  try {
    await once(child.stdout, 'data');
    return await act(child.pid ?? 0);
  } finally {
    child.kill('SIGKILL');
    await ended;
  }
}

/** Searches a file of `/proc` of each agent, or of the process with the key. */
function processFile(
  mesh: AttackedMesh,
  file: 'environ' | 'cmdline',
  pids: readonly number[],
): string {
  const found = pids.map((pid) =>
    search(readFileSync(`/proc/${pid}/${file}`), keysOf(mesh), `${file} of ${pid}`),
  );
  return found.find((one) => one !== NOTHING) ?? NOTHING;
}

const pidsOf = (mesh: AttackedMesh) => AGENTS.map((name) => mesh.processes[name].pid);

/** How long a report may take to be written, in milliseconds. */
const REPORT_MS = 10_000;

/** The reports that Node writes when it is told to. */
async function reportsIn(folder: string, count: number): Promise<string[]> {
  const deadline = Date.now() + REPORT_MS;
  for (;;) {
    const paths = readdirSync(folder).map((name) => join(folder, name));
    const whole = paths.filter((path) => readFileSync(path, 'utf8').trimEnd().endsWith('}'));
    if (whole.length >= count || Date.now() > deadline) return whole;
    await delay(50);
  }
}

const diagnosticReport: Search = async (mesh, planted) => {
  if (!planted) {
    for (const name of AGENTS) mesh.processes[name].report();
    const reports = await reportsIn(join(mesh.folder, 'reports'), AGENTS.length);
    if (reports.length < AGENTS.length) return `${reports.length} reports alone`;
    return searchFolder(join(mesh.folder, 'reports'), keysOf(mesh));
  }
  const folder = mkdtempSync(join(tmpdir(), 'mesh-attacks-report-'));
  const env = {
    KEY: plantedKey(mesh).replaceAll('\n', ' '),
    NODE_OPTIONS: `--report-on-signal --report-directory=${folder}`,
  };
  try {
    return await withProcess({ env }, async (pid) => {
      process.kill(pid, 'SIGUSR2');
      await reportsIn(folder, 1);
      return searchFolder(folder, keysOf(mesh));
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

const disk: Search = (mesh, planted) => {
  const file = join(mesh.folder, 'state/planted.pem');
  if (planted) writeFileSync(file, plantedKey(mesh), { mode: 0o600 });
  try {
    return searchFolder(mesh.folder, keysOf(mesh));
  } finally {
    rmSync(file, { force: true });
  }
};

/** 20: private keys where they must not be. */
export const keysLyingAbout: readonly Attack[] = [
  searching(20, 'keys of SVIDs in a file of the state folder', disk),
  searching(20, 'keys of SVIDs in the environment of a process', (mesh, planted) =>
    planted
      ? withProcess({ env: { KEY: plantedKey(mesh) } }, (pid) =>
          processFile(mesh, 'environ', [pid]),
        )
      : processFile(mesh, 'environ', pidsOf(mesh)),
  ),
  searching(20, 'keys of SVIDs on a command line', (mesh, planted) =>
    planted
      ? withProcess({ args: [plantedKey(mesh)] }, (pid) => processFile(mesh, 'cmdline', [pid]))
      : processFile(mesh, 'cmdline', pidsOf(mesh)),
  ),
  searching(20, 'keys of SVIDs in a line of a log', (mesh, planted) =>
    search(Buffer.from(logs(mesh) + (planted ? plantedKey(mesh) : '')), keysOf(mesh), 'a log'),
  ),
  searching(20, 'keys of SVIDs in a diagnostic report', diagnosticReport),
];

function logs(mesh: AttackedMesh): string {
  return AGENTS.map((name) => mesh.log(name).text).join('\n');
}

/** Of all answers that came during the run, the first that a search finds something in. */
function inAnswers(
  look: (text: string, from: string, status: number) => string,
  planted: string | undefined,
): string {
  const answers = planted === undefined ? received : [{ from: 'here', status: 500, text: planted }];
  for (const { from, status, text } of answers) {
    const found = look(text, from, status);
    if (found !== NOTHING) return `${found} from ${from}`;
  }
  return NOTHING;
}

const A_STACK = '\n    at Object.<anonymous> (file:///srv/mesh/dist/main.js:1:7)';

/** Where tokens are had: a Txn-Token at the token service, those of a session at the issuer's door for agents. */
interface Givers {
  readonly tokenService: string;
  readonly issuer: string;
}

const giversOf = (mesh: AttackedMesh): Givers => ({
  tokenService: `${mesh.urls.tts}/token`,
  issuer: `${mesh.issuer.agentsUrl}/token`,
});

/** Tokens where they do not belong; statements are there to be seen. */
function strayToken(text: string, from: string, { tokenService, issuer }: Givers): string {
  if (from.startsWith(issuer)) return NOTHING;
  const stray = tokensIn(text).find(
    (type) =>
      type !== 'mesh-statement+jwt' && !(type === 'txntoken+jwt' && from.startsWith(tokenService)),
  );
  return stray === undefined ? NOTHING : `a token of type ${stray}`;
}

/** What Node says of the diagnostic reports that the suite asked for. */
const REPORT_LINE = /^(?:Writing Node\.js report to file: |Node\.js report completed)/;

/** What a person or a program must keep to itself. */
function secretsOf(mesh: AttackedMesh): readonly Buffer[] {
  const passwords = (['analyst', 'reader', 'admin'] as const).map((one) => mesh.passwords.of(one));
  const pseudonyms = readFileSync(join(mesh.folder, 'state/secrets/pseudonyms'), 'utf8');
  return [...keysOf(mesh), ...[...passwords, pseudonyms].map((text) => Buffer.from(text))];
}

const secretsOfSessions = () => sessionSecrets.map((one) => Buffer.from(one));

/** Refresh tokens are no JWTs: those that the issuer gave for sessions, by what it answered. */
function refreshTokensOf(mesh: AttackedMesh): string[] {
  return received
    .filter(({ from }) => from.startsWith(giversOf(mesh).issuer))
    .flatMap(({ text }) => /"refresh_token":"([^"]+)"/.exec(text)?.[1] ?? []);
}

/** An answer without what a browser is handed over once: its cookie, and the page's secret behind the sign-in. */
const withoutHandedOver = (text: string) =>
  text.replace(/^set-cookie: .*$/m, '').replace(/^location: \/signed-in#.*$/m, '');

/** 26: what answers and logs of all of the above give away. The last rows. */
export const leaks: readonly Attack[] = [
  searching(26, 'stack traces in any answer', (_mesh, planted) =>
    inAnswers(stackIn, planted ? A_STACK : undefined),
  ),
  searching(26, 'paths of this machine in any answer', (mesh, planted) => {
    const paths = [mesh.folder, join(import.meta.dirname, '../../..')].map((path) =>
      Buffer.from(path),
    );
    return inAnswers(
      (text) => search(Buffer.from(text), paths, 'an answer'),
      planted ? `no such file: ${mesh.folder}/state` : undefined,
    );
  }),
  searching(26, 'tokens in any answer but those of the token service', async (mesh, planted) =>
    inAnswers(
      (text, from) => strayToken(text, from, giversOf(mesh)),
      planted ? await mesh.signIn() : undefined,
    ),
  ),
  searching(26, 'keys, passwords or secrets in any answer', (mesh, planted) =>
    inAnswers(
      (text) => search(Buffer.from(text), secretsOf(mesh), 'an answer'),
      planted ? mesh.passwords.of('admin') : undefined,
    ),
  ),
  searching(26, 'an answer that tells of an error inside', (_mesh, planted) =>
    inAnswers(
      (_text, _from, status) => (status === 500 ? 'status 500' : NOTHING),
      planted ? '' : undefined,
    ),
  ),
  searching(26, 'tokens in any log', async (mesh, planted) => {
    const [found] = tokensIn(logs(mesh) + (planted ? await mesh.signIn() : ''));
    return found === undefined ? NOTHING : `a token of type ${found}`;
  }),
  searching(26, 'refresh tokens in any answer but those of the issuer', (mesh, planted) => {
    const tokens = refreshTokensOf(mesh).map((one) => Buffer.from(one));
    return inAnswers(
      (text, from) =>
        from.startsWith(giversOf(mesh).issuer)
          ? NOTHING
          : search(Buffer.from(text), tokens, 'an answer'),
      planted ? tokens[0]?.toString() : undefined,
    );
  }),
  searching(
    26,
    "sessions' IDs or secrets in any answer but the one that begins them",
    (_, planted) =>
      inAnswers(
        (text) => search(Buffer.from(withoutHandedOver(text)), secretsOfSessions(), 'an answer'),
        planted ? sessionSecrets[0] : undefined,
      ),
  ),
  searching(26, "sessions' IDs, secrets or refresh tokens in any log", (mesh, planted) =>
    search(
      Buffer.from(logs(mesh) + (planted ? sessionSecrets[0] : '')),
      [...secretsOfSessions(), ...refreshTokensOf(mesh).map((one) => Buffer.from(one))],
      'a log',
    ),
  ),
  searching(26, 'passwords or secrets in any log', (mesh, planted) =>
    search(
      Buffer.from(logs(mesh) + (planted ? mesh.passwords.of('admin') : '')),
      secretsOf(mesh),
      'a log',
    ),
  ),
  searching(26, 'what a person asked in any log', (mesh, planted) =>
    search(
      Buffer.from(logs(mesh) + (planted ? QUESTION : '')),
      [Buffer.from(QUESTION), Buffer.from(JSON.stringify(QUESTION).slice(1, -1))],
      'a log',
    ),
  ),
  searching(26, 'who a person is, but for the pseudonym, in any log', (mesh, planted) =>
    search(
      Buffer.from(logs(mesh) + (planted ? `${mesh.issuer.url}#analyst` : '')),
      ['analyst', 'reader', 'admin'].map((sub) => Buffer.from(`#${sub}`)),
      'a log',
    ),
  ),
  searching(26, 'anything in a log that is no line of its schema', (mesh, planted) => {
    const stray = (logs(mesh) + (planted ? `\nError: x${A_STACK}` : ''))
      .split('\n')
      .find((line) => line !== '' && !line.startsWith('{"level":') && !REPORT_LINE.test(line));
    return stray === undefined ? NOTHING : `a line that is none: ${stray.slice(0, 80)}`;
  }),
  searching(26, 'an error inside in any log', (mesh, planted) =>
    (logs(mesh) + (planted ? '{"code":"ERR_INTERNAL"}' : '')).includes('"code":"ERR_INTERNAL"')
      ? 'ERR_INTERNAL'
      : NOTHING,
  ),
];
