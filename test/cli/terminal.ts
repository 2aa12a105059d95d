import { MAIN, type Result, type Running, type Sandbox } from './program.js';

/** The program on a terminal of its own: `script` of util-linux makes one. */
export class Terminal {
  readonly #running: Running;

  constructor(sandbox: Sandbox, args: readonly string[]) {
    const command = `exec ${[process.execPath, MAIN, ...args].map(quoted).join(' ')}`;
    this.#running = sandbox.startProgram('script', ['-qefc', command, '/dev/null'], {
      env: { TERM: 'xterm', SHELL: '/bin/sh' },
      open: true,
    });
  }

  /** What the person sees. */
  get screen(): string {
    return this.#running.stdout;
  }

  type(keys: string): void {
    this.#running.child.stdin?.write(keys);
  }

  async until(pattern: RegExp): Promise<void> {
    await this.#running.until('stdout', pattern);
  }

  exited(): Promise<Result> {
    return this.#running.exited;
  }
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
