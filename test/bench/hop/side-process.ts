import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Load, Order } from './side.js';
import type { Surroundings } from './way.js';

/** One side of a way in a process of its own. One order at a time. */
export class SideProcess {
  private constructor(
    private readonly child: ChildProcess,
    private readonly what: string,
  ) {}

  static start(way: string, side: 'client' | 'server', profile: string | undefined): SideProcess {
    const child = fork(fileURLToPath(new URL('side.ts', import.meta.url)), [way, side], {
      execArgv: [
        '--import',
        new URL('../typescript.mjs', import.meta.url).href,
        ...(profile === undefined
          ? []
          : [
              '--cpu-prof',
              `--cpu-prof-dir=${profile}`,
              `--cpu-prof-name=${way}-${side}.cpuprofile`,
            ]),
      ],
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    return new SideProcess(child, `${side} of ${way}`);
  }

  serve(surroundings: Surroundings): Promise<string> {
    return this.#order<string>({ do: 'serve', surroundings });
  }

  connect(surroundings: Surroundings, url: string): Promise<void> {
    return this.#order<void>({ do: 'connect', surroundings, url });
  }

  load(concurrency: number, requests: number): Promise<Load> {
    return this.#order<Load>({ do: 'load', concurrency, requests });
  }

  cpuUs(): Promise<number> {
    return this.#order<number>({ do: 'cpu' });
  }

  async end(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const ended = once(this.child, 'exit');
    if (this.child.connected) this.child.disconnect();
    await ended;
  }

  async #order<T>(order: Order): Promise<T> {
    const answered = new AbortController();
    const { signal } = answered;
    try {
      const reply = Promise.race([
        once(this.child, 'message', { signal }),
        once(this.child, 'exit', { signal }).then(() => {
          throw new Error(`The ${this.what} ended by itself.`);
        }),
      ]);
      this.child.send(order);
      const [{ result, error }] = (await reply) as [{ result: T; error?: string }];
      if (error !== undefined) throw new Error(`The ${this.what} failed: ${error}`);
      return result;
    } finally {
      answered.abort();
    }
  }
}
