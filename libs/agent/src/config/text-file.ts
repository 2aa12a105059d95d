import { readFileSync, statSync } from 'node:fs';

/** Bytes; the longest file by hand is a tenth of it. */
export const MAX_FILE_BYTES = 64 * 1024;

/** Why a configuration file cannot be read, as the end of a sentence that begins with its name. */
export class TextFileError extends Error {}

/**
 * Reads a small UTF-8 file at once.
 * @returns undefined where there is no file.
 * @throws TextFileError
 */
export function readTextFile(file: string): string | undefined {
  let bytes: Buffer;
  try {
    const stat = statSync(file, { throwIfNoEntry: false });
    if (stat === undefined) return undefined;
    // Opening a pipe would wait for its other end.
    if (!stat.isFile()) throw new TextFileError('it is not a file');
    if (stat.size > MAX_FILE_BYTES)
      throw new TextFileError(`it is larger than ${MAX_FILE_BYTES} bytes`);
    bytes = readFileSync(file);
  } catch (error) {
    if (error instanceof TextFileError) throw error;
    throw new TextFileError(`it cannot be read (${String((error as NodeJS.ErrnoException).code)})`);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new TextFileError('it is not UTF-8 text');
  }
}
