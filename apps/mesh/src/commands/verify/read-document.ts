import { createReadStream } from 'node:fs';
import { CommandError } from '../command.error.js';

/**
 * Reads a text from a file, or from standard input for `-`; never more of it than it may have.
 * @param what What it should be, as errors call it.
 * @throws CommandError `ERR_FILE_NOT_FOUND`, `ERR_FILE_UNREADABLE`, `ERR_FILE_TOO_LARGE`
 */
export async function readDocument(file: string, what: string, maxBytes: number): Promise<string> {
  const name = file === '-' ? `The ${what} on standard input` : `The ${what} ${file}`;
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    const stream = file === '-' ? process.stdin : createReadStream(file);
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      size += chunk.length;
      if (size > maxBytes) break;
    }
  } catch (cause) {
    throw unreadable(name, cause as NodeJS.ErrnoException);
  }
  if (size > maxBytes) {
    throw new CommandError('ERR_FILE_TOO_LARGE', `${name} is larger than ${maxBytes} bytes.`);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks));
  } catch (cause) {
    throw new CommandError('ERR_FILE_UNREADABLE', `${name} is not UTF-8 text.`, { cause });
  }
}

function unreadable(name: string, cause: NodeJS.ErrnoException): CommandError {
  switch (cause.code) {
    case 'ENOENT':
      return new CommandError('ERR_FILE_NOT_FOUND', `${name} does not exist.`, { cause });
    case 'EISDIR':
      return new CommandError('ERR_FILE_UNREADABLE', `${name} is a folder.`, { cause });
    default:
      return new CommandError(
        'ERR_FILE_UNREADABLE',
        `${name} cannot be read (${cause.code ?? 'unknown'}).`,
        { cause },
      );
  }
}
