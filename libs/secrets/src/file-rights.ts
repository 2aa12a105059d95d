import type { Stats } from 'node:fs';
import { SecretError } from './secret.error.js';

/**
 * Refuses a file or folder that another user could read or write. `place` is a relative path for the message.
 * Throws `ERR_SECRET_FILE_TYPE`, `ERR_SECRET_FILE_OWNER` or `ERR_SECRET_FILE_MODE`.
 */
export function checkRights(
  kind: 'file' | 'folder',
  place: string,
  stats: Pick<Stats, 'mode' | 'uid' | 'isFile' | 'isDirectory'>,
  uid: number | undefined,
): void {
  if (!(kind === 'file' ? stats.isFile() : stats.isDirectory())) {
    throw new SecretError('ERR_SECRET_FILE_TYPE', `${place} is not a plain ${kind}.`);
  }
  if (uid !== undefined && stats.uid !== uid) {
    throw new SecretError('ERR_SECRET_FILE_OWNER', `${place} belongs to another user.`);
  }
  if ((stats.mode & 0o077) !== 0) {
    throw new SecretError(
      'ERR_SECRET_FILE_MODE',
      `${place} is open to other users: chmod ${kind === 'file' ? '600' : '700'} ${place} in the state folder.`,
    );
  }
}
