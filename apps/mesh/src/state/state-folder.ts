import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import { StateError } from './state.error.js';
import { holderOf, lockState, type LockHolder } from './state-lock.js';

/** What a running mesh tells other commands about itself. */
export interface RunningMesh {
  readonly pid: number;
  readonly shape: 'all in one' | 'split' | 'infra';
  /** Base URL of the gateway; undefined for `infra`. */
  readonly gatewayUrl?: string;
  readonly documents?: string;
  readonly agents: Readonly<
    Record<
      string,
      { readonly spiffeId: string; readonly url?: string; readonly managementUrl?: string }
    >
  >;
}

/** The folder where a mesh keeps its state; mode 0700, one process at a time. */
export class StateFolder {
  readonly path: string;

  constructor(path: string) {
    this.path = resolve(path);
  }

  /** Makes the folder where there is none, and refuses one that others can read. */
  prepare(): void {
    try {
      mkdirSync(this.path, { recursive: true, mode: 0o700 });
    } catch (cause) {
      throw new StateError(
        'ERR_STATE_FOLDER',
        `The state folder ${this.path} cannot be made. Set MESH_STATE.`,
        { cause },
      );
    }
    const stat = lstatSync(this.path);
    if (!stat.isDirectory()) {
      throw new StateError(
        'ERR_STATE_FOLDER',
        `${this.path} is no folder. Set MESH_STATE to a folder.`,
      );
    }
    if (process.getuid && stat.uid !== process.getuid()) {
      throw new StateError(
        'ERR_STATE_FOLDER',
        `The state folder ${this.path} belongs to another user.`,
      );
    }
    if ((stat.mode & 0o077) !== 0) chmodSync(this.path, 0o700);
  }

  /** `reset` removes what a mesh made, never a folder that merely has the name. */
  checkOurs(): void {
    const known = new Set([
      'run',
      'secrets',
      'index',
      'bundles',
      'running.json',
      'infra.json',
      'lock',
    ]);
    const foreign = readdirSync(this.path).filter((name) => !known.has(name.replace(/\.\d+$/, '')));
    if (foreign.length > 0) {
      throw new StateError(
        'ERR_STATE_FOLDER',
        `${this.path} holds what no mesh made (${foreign.slice(0, 3).join(', ')}): remove it yourself.`,
      );
    }
  }

  lock(command: string): () => void {
    this.prepare();
    return lockState(this.path, command);
  }

  holder(): LockHolder | undefined {
    return holderOf(this.path);
  }

  get sockets(): string {
    return join(this.path, 'run');
  }

  get secrets(): string {
    return join(this.path, 'secrets');
  }

  get index(): string {
    return join(this.path, 'index');
  }

  get bundles(): string {
    return join(this.path, 'bundles');
  }

  /** The mesh that runs here now. */
  running(): RunningMesh | undefined {
    const holder = this.holder();
    if (!holder) return undefined;
    try {
      const running = JSON.parse(readFileSync(this.#runningFile, 'utf8')) as RunningMesh;
      return running.pid === holder.pid ? running : undefined;
    } catch {
      return undefined; // it is still starting
    }
  }

  announce(running: RunningMesh): void {
    this.write(this.#runningFile, JSON.stringify(running, null, 2));
  }

  /** What `npm run agent` joins: for each agent the variables it needs. */
  announceInfra(agents: Readonly<Record<string, Readonly<Record<string, string>>>>): void {
    this.write(
      join(this.path, 'infra.json'),
      JSON.stringify({ pid: process.pid, agents }, null, 2),
    );
  }

  withdraw(): void {
    rmSync(this.#runningFile, { force: true });
    rmSync(join(this.path, 'infra.json'), { force: true });
  }

  /** Writes a file of mode 0600 whole or not at all. */
  write(path: string, content: string): void {
    const part = `${path}.${process.pid}`;
    writeFileSync(part, content, { mode: 0o600 });
    renameSync(part, path);
  }

  exists(): boolean {
    return existsSync(this.path);
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true });
  }

  get #runningFile(): string {
    return join(this.path, 'running.json');
  }
}
