import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Session } from './session.js';

export interface AgentAddress {
  readonly name: string;
  readonly url: string;
  readonly managementUrl: string;
}

/** What the mesh says once it serves. */
export interface MeshReady {
  readonly agents: readonly AgentAddress[];
  readonly issuerUrl: string;
  /** Of the accounts that sign in there. */
  readonly passwordsFile: string;
}

export type MemoryQuestion = 'held' | 'peak';

/** After full garbage collections. */
export interface Memory {
  /** All of the process (RSS). */
  readonly residentBytes: number;
  /** JavaScript's part of it that is in use. */
  readonly heapBytes: number;
}

/** The all-in-one mesh in a process of its own, so that its memory is its own. */
export class MeshProcess {
  private constructor(
    private readonly child: ChildProcess,
    private readonly ready: MeshReady,
  ) {}

  static async start(folder: string, svidTtlSeconds: number): Promise<MeshProcess> {
    const child = fork(
      fileURLToPath(new URL('mesh.ts', import.meta.url)),
      [folder, String(svidTtlSeconds)],
      {
        execArgv: [
          // With it the memory after a full collection can be asked for.
          '--expose-gc',
          // V8 lets the young generation grow and shrink between 1 and 64 MiB: a fifth of what is compared.
          '--min-semi-space-size=16',
          '--max-semi-space-size=16',
          '--import',
          new URL('../typescript.mjs', import.meta.url).href,
        ],
        stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      },
    );
    return new MeshProcess(child, (await replyOf(child)) as MeshReady);
  }

  get agents(): readonly AgentAddress[] {
    return this.ready.agents;
  }

  session(): Session {
    return new Session(this.ready.issuerUrl, this.ready.passwordsFile);
  }

  get gatewayUrl(): string {
    return this.agents.find(({ name }) => name === 'gateway')!.url;
  }

  /** What the process holds. */
  held(): Promise<Memory> {
    return this.#ask<Memory>('held');
  }

  /** The most that was ever resident, in bytes; collects nothing. */
  peakBytes(): Promise<number> {
    return this.#ask<number>('peak');
  }

  async #ask<T>(question: MemoryQuestion): Promise<T> {
    this.child.send(question);
    return (await replyOf(this.child)) as T;
  }

  async end(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const ended = once(this.child, 'exit');
    this.child.disconnect();
    await ended;
  }
}

async function replyOf(child: ChildProcess): Promise<unknown> {
  const answered = new AbortController();
  const { signal } = answered;
  try {
    return await Promise.race([
      once(child, 'message', { signal }).then(([reply]) => reply as unknown),
      once(child, 'exit', { signal }).then(() => {
        throw new Error('The mesh ended by itself.');
      }),
    ]);
  } finally {
    answered.abort();
  }
}
