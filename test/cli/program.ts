import { setImmediate } from 'node:timers/promises';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../..');
/** The agents in apps/, those that somebody has made too. */
const AGENTS = readdirSync(join(root, 'apps')).filter((name) =>
  existsSync(join(root, 'apps', name, 'agent.yaml')),
);
/** The built program: `npm test` builds it first. */
export const MAIN = join(root, 'dist/apps/mesh/apps/mesh/src/main.js');
/** Documents about other things than those of the project. */
export const OTHER_DOCUMENTS = join(root, 'test/questions/corpus');
/** A program that has not done by then hangs, in milliseconds. */
const PATIENCE_MS = 40_000;

export interface Result {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Standard input; `open`: it is written later. Default: empty. */
  readonly input?: string | Buffer;
  readonly open?: true;
}

/** A program that was started. */
export class Running {
  stdout = '';
  stderr = '';
  readonly exited: Promise<Result>;
  readonly #changed = new EventTarget();

  constructor(readonly child: ChildProcess) {
    const collect = (name: 'stdout' | 'stderr') =>
      child[name]?.setEncoding('utf8').on('data', (text: string) => {
        this[name] += text;
        this.#changed.dispatchEvent(new Event('change'));
      });
    collect('stdout');
    collect('stderr');
    this.exited = once(child, 'close').then(([code, signal]) => {
      this.#changed.dispatchEvent(new Event('change'));
      return {
        code: code as number | null,
        signal: signal as NodeJS.Signals | null,
        stdout: this.stdout,
        stderr: this.stderr,
      };
    });
  }

  get pid(): number {
    return this.child.pid!;
  }

  /** Waits for what a stream says. */
  async until(stream: 'stdout' | 'stderr', pattern: RegExp): Promise<RegExpExecArray> {
    const timeout = AbortSignal.timeout(PATIENCE_MS);
    for (;;) {
      const found = pattern.exec(this[stream]);
      if (found) return found;
      if (timeout.aborted || this.child.exitCode !== null || this.child.signalCode !== null) {
        throw new Error(`no ${String(pattern)} in:\n${this.stdout}\n${this.stderr}`);
      }
      await Promise.race([
        once(this.#changed, 'change', { signal: timeout }).catch(() => undefined),
        this.exited,
      ]);
    }
  }

  /** Sends a signal and waits for the end. */
  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<Result> {
    this.child.kill(signal);
    return this.exited;
  }
}

/** A folder with a state folder in it, and the program with nothing of this process's environment. */
export class Sandbox {
  readonly folder = mkdtempSync(join(tmpdir(), 'mesh-cli-'));
  readonly state = join(this.folder, 'state');
  readonly temporary = join(this.folder, 'tmp');
  readonly #running = new Set<Running>();

  constructor() {
    mkdirSync(this.temporary);
  }

  /** Any free ports, so that tests run beside each other and beside a mesh of the person who runs them. */
  environment(env: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
    const names = AGENTS.map((name) => name.toUpperCase().replaceAll('-', '_'));
    const ports = names.flatMap((agent) => [
      [`MESH_PORT_${agent}`, '0'],
      [`MESH_MANAGEMENT_PORT_${agent}`, '0'],
    ]);
    return {
      PATH: process.env['PATH'],
      HOME: this.folder,
      TMPDIR: this.temporary,
      MESH_STATE: this.state,
      ...(Object.fromEntries(ports) as Record<string, string>),
      MESH_ISSUER_PORT: '0',
      MESH_ISSUER_AGENTS_PORT: '0',
      ...env,
    };
  }

  start(args: readonly string[], options: RunOptions = {}): Running {
    return this.startProgram(process.execPath, [MAIN, ...args], options);
  }

  startProgram(program: string, args: readonly string[], options: RunOptions = {}): Running {
    const child = spawn(program, args, {
      cwd: this.folder,
      env: this.environment(options.env),
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    // A program that does not read its input may be gone before it is written.
    child.stdin.on('error', () => undefined);
    if (!options.open) child.stdin.end(options.input ?? '');
    const running = new Running(child);
    this.#running.add(running);
    void running.exited.then(() => this.#running.delete(running));
    return running;
  }

  run(args: readonly string[], options: RunOptions = {}): Promise<Result> {
    return this.start(args, options).exited;
  }

  /** Starts `up` and waits until it says that it is ready. */
  async up(args: readonly string[] = [], options: RunOptions = {}): Promise<Running> {
    const running = this.start(['up', ...args], options);
    await running.until('stderr', /Stop: {2}Ctrl-C/);
    return running;
  }

  /** Paths in the state folder, sorted. */
  kept(): string[] {
    return readdirSync(this.state, { recursive: true, encoding: 'utf8' }).sort();
  }

  /** The index is in a file whose name is a digest. */
  keptPlain(): string[] {
    return this.kept().map((path) => path.replace(/[0-9a-f]{16}/, 'DIGEST'));
  }

  read(path: string): string {
    return readFileSync(join(this.folder, path), 'utf8');
  }

  async close(): Promise<void> {
    for (const running of this.#running) await running.end('SIGKILL');
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** What a mesh leaves in its state folder, as `keptPlain` tells it. */
export function keptBy(trustDomain = 'mesh.local'): string[] {
  return [
    'bundles',
    `bundles/${trustDomain}.json`,
    'index',
    'index/DIGEST.json',
    'issuer-passwords.json',
    'run',
    'secrets',
    'secrets/pseudonyms',
    'trust',
    'trust/mesh-archive.json',
    'trust/mesh-trust.json',
  ];
}

/** The lines of a log, parsed. */
export function linesOf(log: string): Record<string, unknown>[] {
  return log
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

/** True while a process lives; one that ended and was not waited for does not. */
function isAlive(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

/** Resolves once none of them runs: a process closes its pipes a moment before it is gone. */
export async function untilGone(pids: readonly number[]): Promise<void> {
  while (pids.some(isAlive)) await setImmediate();
}

/** Process IDs of the children of a process. */
export function childrenOf(pid: number): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
    .trim()
    .split(' ')
    .filter((text) => text !== '')
    .map(Number);
}
