import type { Refusal } from '../proof/verifier.js';

/** Bytes of the 4 Mi characters that an answer may have, at most. */
export const MAX_FILE_BYTES = 3 * 4_194_304;

/** What a person brought was not read. */
export class FileError extends Error implements Refusal {
  constructor(
    readonly code: 'FILE_TOO_LARGE' | 'FILE_UNREADABLE',
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/**
 * The text of a file. What is too large for an answer is not read.
 * @throws FileError
 */
export async function textOf(file: Pick<Blob, 'size' | 'text'>): Promise<string> {
  if (file.size > MAX_FILE_BYTES) {
    throw new FileError(
      'FILE_TOO_LARGE',
      `The file has ${megabytes(file.size)} MB, an answer has ${megabytes(MAX_FILE_BYTES)} MB at most. It was not read.`,
    );
  }
  try {
    return await file.text();
  } catch (cause) {
    throw new FileError('FILE_UNREADABLE', 'The browser could not read the file.', { cause });
  }
}

function megabytes(bytes: number): string {
  return (bytes / 1_000_000).toFixed(1).replace('.0', '');
}
