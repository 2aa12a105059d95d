import { lstat, mkdir, unlink } from 'node:fs/promises';
import { connect } from 'node:net';
import { join, resolve } from 'node:path';
import { MAX_SOCKET_PATH_BYTES } from '@mesh/identity';
import { AuthorityError } from './authority.error.js';

/**
 * Makes the folder for sockets with mode 0700, or checks that the one there is this user's own and closed to all
 * others: whoever can reach a socket is the workload.
 *
 * @returns The absolute path.
 * @throws AuthorityError
 */
export async function openSocketDirectory(directory: string): Promise<string> {
  const path = resolve(directory);
  let own: boolean;
  try {
    await mkdir(path, { recursive: true, mode: 0o700 });
    const found = await lstat(path);
    own = found.isDirectory() && found.uid === process.getuid?.() && (found.mode & 0o077) === 0;
  } catch (cause) {
    throw directoryError(cause);
  }
  if (!own) throw directoryError(new Error(path));
  return path;
}

function directoryError(cause: unknown): AuthorityError {
  return new AuthorityError(
    'ERR_AUTHORITY_DIRECTORY',
    "The folder for the authority's sockets must be a folder of this user with mode 0700.",
    { cause },
  );
}

/**
 * The path of a workload's socket, with nothing in its place: a socket nobody answers on is removed, anything else is
 * left alone and refused.
 *
 * @throws AuthorityError
 */
export async function freeSocketPath(directory: string, name: string): Promise<string> {
  const path = join(directory, `${name}.sock`);
  const bytes = Buffer.byteLength(path);
  const cause = new Error(path);
  if (bytes > MAX_SOCKET_PATH_BYTES) {
    throw new AuthorityError(
      'ERR_AUTHORITY_SOCKET_PATH_TOO_LONG',
      `The path of the socket of ${name} has ${bytes} bytes; ${MAX_SOCKET_PATH_BYTES} is the limit.`,
      { cause },
    );
  }
  const found = await lstat(path).catch(() => undefined);
  if (found === undefined) return path;
  if (!found.isSocket()) {
    throw new AuthorityError(
      'ERR_AUTHORITY_SOCKET_OCCUPIED',
      `Where the socket of ${name} should be stands something that is no socket.`,
      { cause },
    );
  }
  if (await answers(path)) {
    throw new AuthorityError(
      'ERR_AUTHORITY_SOCKET_IN_USE',
      `Another process answers on the socket of ${name}.`,
      { cause },
    );
  }
  await unlink(path);
  return path;
}

/** Only a refused connection proves that nobody listens. */
function answers(path: string): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      done(true);
    });
    socket.once('error', (error: NodeJS.ErrnoException) => done(error.code !== 'ECONNREFUSED'));
  });
}
