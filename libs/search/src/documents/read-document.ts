import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { open, realpath } from 'node:fs/promises';
import type { DocumentWarningReason } from './documents.error.js';
import { isGone, type FoundFile } from './folder-scan.js';

export interface DocumentContent {
  /** SHA-256 of the bytes, base64url. */
  readonly hash: string;
  readonly text: string;
}

export interface UnreadDocument {
  readonly hash: string;
  /** Undefined: the file is gone. */
  readonly reason: DocumentWarningReason | undefined;
}

/**
 * Reads one document and decodes it. The file is opened without following a link and without waiting for a pipe, and its
 * path is resolved once more after that: whoever swaps a folder for a link in between gains nothing.
 */
export async function readDocument(
  file: FoundFile,
  maxBytes: number,
): Promise<DocumentContent | UnreadDocument> {
  let bytes: Buffer;
  try {
    const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
    const handle = await open(file.realPath, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    try {
      const state = await handle.stat();
      if (!state.isFile() || (await realpath(file.realPath)) !== file.realPath)
        return { hash: '', reason: 'unreadable' };
      if (state.size > maxBytes) return { hash: '', reason: 'too-large' };
      // One byte more than the limit tells a file that grows while it is read.
      const buffer = Buffer.allocUnsafe(Math.min(state.size, maxBytes) + 1);
      // A regular file gives less than was asked for at its end alone.
      const { bytesRead: length } = await handle.read(buffer, 0, buffer.length);
      if (length > maxBytes) return { hash: '', reason: 'too-large' };
      bytes = buffer.subarray(0, length);
    } finally {
      await handle.close();
    }
  } catch (error) {
    return { hash: '', reason: isGone(error) ? undefined : 'unreadable' };
  }
  const hash = createHash('sha256').update(bytes).digest('base64url');
  if (bytes.includes(0)) return { hash, reason: 'binary' };
  try {
    return { hash, text: new TextDecoder('utf-8', { fatal: true }).decode(bytes) };
  } catch {
    return { hash, reason: 'not-utf8' };
  }
}
