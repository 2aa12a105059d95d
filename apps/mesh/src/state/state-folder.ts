import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { RunningMesh } from './running-mesh.js';
import { StateError } from './state.error.js';
import { foreignIn } from './state-layout.js';
import { holderOf, lockState, oneAtATime, type LockHolder } from './state-lock.js';

/** The folder where a mesh keeps its state; mode 0700, one process at a time. */
export class StateFolder {
  readonly path: string;
  /** Sockets of the Workload API. */
  readonly sockets: string;
  readonly secrets: string;
  /** The search index. */
  readonly index: string;
  /** Public bundles. */
  readonly bundles: string;
  /** What verifies the answers of this mesh: the trust document. */
  readonly trustFile: string;
  /** The CAs that vouched for earlier answers: the archive document. */
  readonly archiveFile: string;
  /** Passwords of the sample accounts at the embedded issuer. */
  readonly passwordsFile: string;
  readonly #trust: string;
  readonly #runningFile: string;
  readonly #infraFile: string;

  constructor(path: string) {
    this.path = resolve(path);
    this.sockets = join(this.path, 'run');
    this.secrets = join(this.path, 'secrets');
    this.index = join(this.path, 'index');
    this.bundles = join(this.path, 'bundles');
    this.#trust = join(this.path, 'trust');
    this.trustFile = join(this.#trust, 'mesh-trust.json');
    this.archiveFile = join(this.#trust, 'mesh-archive.json');
    this.passwordsFile = join(this.path, 'issuer-passwords.json');
    this.#runningFile = join(this.path, 'running.json');
    this.#infraFile = join(this.path, 'infra.json');
  }

  exists(): boolean {
    return existsSync(this.path);
  }

  /**
   * Makes the folder where there is none, and closes one that others can read, unless it holds what no mesh made.
   * @throws StateError
   */
  prepare(): void {
    try {
      makeFolder(this.path);
      this.#checkOwn();
      if ((lstatSync(this.path).mode & 0o077) !== 0) {
        this.checkNothingForeign('Others may read it, and it');
        chmodSync(this.path, 0o700);
      }
      makeFolder(this.index);
      makeFolder(this.bundles);
      makeFolder(this.#trust);
    } catch (cause) {
      if (cause instanceof StateError) throw cause;
      const { code = 'unknown' } = cause as NodeJS.ErrnoException;
      throw new StateError(
        'ERR_STATE_FOLDER',
        `The state folder ${this.path} cannot be made or written (${code}). Set MESH_STATE to a folder of your own.`,
        { cause },
      );
    }
  }

  /**
   * Locks the folder for this process, until the returned function is called or the process ends.
   * @throws StateError
   */
  lock(command: string): () => void {
    this.prepare();
    const unlock = lockState(this.path, command);
    // A second Ctrl-C ends the process without any `finally`.
    process.once('exit', unlock);
    return () => {
      process.off('exit', unlock);
      unlock();
    };
  }

  holder(): LockHolder | undefined {
    return holderOf(this.path);
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
    this.write(this.#infraFile, JSON.stringify({ pid: process.pid, agents }, null, 2));
  }

  withdraw(): void {
    rmSync(this.#runningFile, { force: true });
    rmSync(this.#infraFile, { force: true });
  }

  /** Changes what answers are verified against, which an `ask` does too while another process holds the folder. */
  changeTrust(change: () => void): void {
    oneAtATime(this.#trust, change);
  }

  /** Writes a file of mode 0600 whole or not at all. */
  write(path: string, content: string): void {
    const part = `${path}.${process.pid}`;
    writeFileSync(part, content, { mode: 0o600 });
    renameSync(part, path);
  }

  /** @throws StateError where the folder holds what no mesh made. */
  checkNothingForeign(subject = 'It'): void {
    this.#checkOwn();
    const foreign = foreignIn(this.path);
    if (foreign.length > 0) {
      throw new StateError(
        'ERR_STATE_FOLDER',
        `${this.path} is no state folder. ${subject} holds what no mesh made (${foreign.slice(0, 3).join(', ')}). Set MESH_STATE to a folder of its own.`,
      );
    }
  }

  /** Removes all that a mesh made; the lock is this process's own, and goes last. */
  remove(unlock: () => void): void {
    for (const name of readdirSync(this.path)) {
      if (name !== 'lock') rmSync(join(this.path, name), { recursive: true, force: true });
    }
    unlock();
    rmdirSync(this.path);
  }

  /** A link may lead anywhere, and another user's folder is not ours to keep keys in. */
  #checkOwn(): void {
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
        `The state folder ${this.path} belongs to another user. Set MESH_STATE to one of your own.`,
      );
    }
  }
}

/** Node's own recursive `mkdir` never ends where a folder that is there refuses new ones without a word (/proc). */
function makeFolder(path: string): void {
  const parent = dirname(path);
  if (!existsSync(parent)) makeFolder(parent);
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}
