import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { LogBook } from './log-book.js';

/** The all-in-one build holds every agent. */
const BUILT = join(import.meta.dirname, '../../../dist/apps/mesh/apps');
/** How long one may take to say that it serves, or to end, in milliseconds. */
const PATIENCE_MS = 30_000;

/** An agent in a process of its own, as it is deployed. */
export class AgentProcess {
  readonly log = new LogBook();

  private constructor(
    readonly name: string,
    private readonly child: ChildProcess,
  ) {
    child.stdout?.setEncoding('utf8').on('data', (chunk: string) => this.log.add(chunk));
    child.stderr?.setEncoding('utf8').on('data', (chunk: string) => this.log.addPlain(chunk));
  }

  /** @param env All of its environment. */
  static start(name: string, folder: string, env: Readonly<Record<string, string>>): AgentProcess {
    const child = spawn(process.execPath, [join(BUILT, name, 'src/main.js')], {
      cwd: folder,
      env,
      // It ends when this process does, however that ends.
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    return new AgentProcess(name, child);
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  /** Waits until it serves. Returns where. */
  async ready(): Promise<string> {
    const ended = once(this.child, 'exit').then(() => undefined);
    const deadline = new Promise<undefined>((resolve) =>
      setTimeout(() => resolve(undefined), PATIENCE_MS).unref(),
    );
    for (;;) {
      const line = await Promise.race([
        this.log.find(({ event }) => event === 'agent.ready').then((found) => found ?? 'later'),
        ended,
        deadline,
      ]);
      if (line === undefined) throw new Error(`${this.name} does not start:\n${this.log.text}`);
      if (line !== 'later') return line['url'] as string;
    }
  }

  /** Makes Node write a diagnostic report; `NODE_OPTIONS` says where to. */
  report(): void {
    this.child.kill('SIGUSR2');
  }

  async end(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const ended = once(this.child, 'exit');
    this.child.kill('SIGTERM');
    const timer = setTimeout(() => this.child.kill('SIGKILL'), PATIENCE_MS);
    await ended;
    clearTimeout(timer);
  }
}
