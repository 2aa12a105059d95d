import { readFileSync } from 'node:fs';

/** State of a socket that listens, as the kernel writes it. */
const LISTEN = '0A';

/** Whether a process of another user listens on this port of the machine. Linux alone tells: elsewhere it is never so. */
export function isOthersPort(port: number, uid = process.getuid?.()): boolean {
  return ['/proc/net/tcp', '/proc/net/tcp6']
    .flatMap(rowsOf)
    .some(
      ([, local, , state, , , , owner]) =>
        state === LISTEN &&
        parseInt(local?.split(':')[1] ?? '', 16) === port &&
        Number(owner) !== uid,
    );
}

function rowsOf(table: string): string[][] {
  try {
    return readFileSync(table, 'utf8')
      .split('\n')
      .map((row) => row.trim().split(/\s+/));
  } catch {
    return []; // there is no such table here
  }
}
