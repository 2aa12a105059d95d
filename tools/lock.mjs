// Runs on any Node >= 18, before node_modules exists: node: imports only.
import { linkSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

/** Longer than any install or build takes: a lock older than this is left over. */
const STALE_MS = 15 * 60_000;

/**
 * Runs `work` while no other process holds `file`. Waits for the holder, at most until it ends or
 * the lock is 15 minutes old. `onWait` is called once if there is anything to wait for.
 */
export async function withLock(file, onWait, work) {
  let waiting = false;
  while (!take(file)) {
    if (dropStale(file)) continue;
    if (!waiting) onWait();
    waiting = true;
    await delay(200);
  }
  try {
    return await work();
  } finally {
    rmSync(file, { force: true });
  }
}

/** Written aside and linked into place, so that nobody ever reads a lock without its owner in it. */
function take(file) {
  const own = `${file}.${process.pid}`;
  writeFileSync(own, String(process.pid));
  try {
    linkSync(own, file);
    return true;
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(own, { force: true });
  }
}

/** Removes a lock whose owner is gone; true if the caller should try again at once. */
function dropStale(file) {
  const seen = ownerOf(file);
  if (seen === undefined) return true;
  if (alive(seen.pid) && Date.now() - seen.since < STALE_MS) return false;
  const aside = `${file}.${process.pid}.stale`;
  try {
    renameSync(file, aside);
  } catch (error) {
    if (error.code === 'ENOENT') return true;
    throw error;
  }
  try {
    // Another starter may have dropped it and locked anew in between: then this is a live lock, put it back.
    if (ownerOf(aside)?.pid !== seen.pid) linkSync(aside, file);
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
  } finally {
    rmSync(aside, { force: true });
  }
  return true;
}

function ownerOf(file) {
  try {
    return { pid: Number(readFileSync(file, 'utf8')), since: statSync(file).mtimeMs };
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
}

function alive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}
