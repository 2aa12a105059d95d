import { linkSync, readFileSync, renameSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hasCode } from '@mesh/errors';
import { StateError } from './state.error.js';

/** Who holds a state folder. */
export interface LockHolder {
  readonly pid: number;
  /** When that process started, as the kernel tells it; a reused process ID has another. */
  readonly startedAt: string;
  /** `up`, `ask`, `infra` */
  readonly command: string;
}

/**
 * Locks a state folder for this process, by a hard link, which is made or fails as a whole. A lock whose process is
 * gone is taken over. Returns the release, which may be called twice.
 * @throws StateError `ERR_STATE_LOCKED` naming the holder.
 */
export function lockState(folder: string, command: string): () => void {
  const lock = join(folder, 'lock');
  const mine = `${lock}.${process.pid}`;
  const holder: LockHolder = { pid: process.pid, startedAt: startOf(process.pid) ?? '', command };
  writeFileSync(mine, JSON.stringify(holder), { mode: 0o600 });
  try {
    if (!link(mine, lock)) {
      const other = readHolder(lock);
      if (other && isAlive(other)) throw locked(other);
      takeAway(lock, other);
      if (!link(mine, lock)) throw locked(readHolder(lock));
    }
  } finally {
    unlinkSync(mine);
  }
  return () => {
    if (readHolder(lock)?.pid === process.pid) rmSync(lock, { force: true });
  };
}

/** How long `oneAtATime` waits for another process, in milliseconds. */
const WAIT_MS = 1_000;

/**
 * Does work of a few milliseconds on a folder while no other process does. It waits on the spot, since the work is
 * synchronous too. Who is stopped in the middle of it holds the others up for a second, and not for good: they then go on
 * without the lock.
 */
export function oneAtATime(folder: string, work: () => void): void {
  const unlock = lockWithin(folder, Date.now() + WAIT_MS);
  try {
    work();
  } finally {
    unlock?.();
  }
}

function lockWithin(folder: string, until: number): (() => void) | undefined {
  const never = new Int32Array(new SharedArrayBuffer(4));
  while (Date.now() < until) {
    try {
      return lockState(folder, 'trust');
    } catch (error) {
      if (!hasCode(error, 'ERR_STATE_LOCKED')) throw error;
    }
    Atomics.wait(never, 0, 0, 5);
  }
  return undefined;
}

/** The live process that holds the folder, or undefined. */
export function holderOf(folder: string): LockHolder | undefined {
  const holder = readHolder(join(folder, 'lock'));
  return holder && isAlive(holder) ? holder : undefined;
}

function link(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** Two processes may find the same dead lock: only the one that moved that very lock away goes on. */
function takeAway(lock: string, dead: LockHolder | undefined): void {
  const aside = `${lock}.dead.${process.pid}`;
  try {
    renameSync(lock, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  const moved = readHolder(aside);
  if (moved && (moved.pid !== dead?.pid || moved.startedAt !== dead.startedAt)) {
    link(aside, lock);
    unlinkSync(aside);
    throw locked(moved);
  }
  unlinkSync(aside);
}

function readHolder(lock: string): LockHolder | undefined {
  try {
    return JSON.parse(readFileSync(lock, 'utf8')) as LockHolder;
  } catch {
    return undefined; // gone, or not written by us: not a holder
  }
}

function isAlive({ pid, startedAt }: LockHolder): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  const now = startOf(pid);
  return now === undefined || startedAt === '' || now === startedAt;
}

/** Field 22 of /proc/PID/stat; undefined where there is no /proc. */
function startOf(pid: number): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)!.split(' ')[19];
  } catch {
    return undefined;
  }
}

function locked(holder: LockHolder | undefined): StateError {
  return new StateError(
    'ERR_STATE_LOCKED',
    holder
      ? `Another mesh (./mesh ${holder.command}, process ${holder.pid}) uses this state folder. Stop it, or set MESH_STATE to another folder.`
      : 'Another mesh uses this state folder. Stop it, or set MESH_STATE to another folder.',
  );
}
