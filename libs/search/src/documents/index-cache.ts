import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { mkdir, open, rename, rm, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { StringDecoder } from 'node:string_decoder';
import type { DocumentWarningReason } from './documents.error.js';
import type { FileState } from './folder-scan.js';
import type { Pace } from './pace.js';
import type { FieldLengths, IndexLine } from './passage-index.js';

/** To be raised with every change to parsing, terms or this format: older caches are then ignored. */
const VERSION = 2;
const CHUNK = 262_144;

export interface StoredPassage {
  readonly id: number;
  readonly headings: readonly string[];
  readonly anchor: string;
  readonly text: string;
  readonly lengths: FieldLengths;
}

/** One file as it was read. */
export interface StoredFile extends FileState {
  readonly path: string;
  readonly hash: string;
  /** Epoch milliseconds. */
  readonly readAt: number;
  readonly title: string;
  readonly passages: readonly StoredPassage[];
  /** Why it has no passages. */
  readonly skipped?: DocumentWarningReason;
}

/** The cache is missing, of another version or folder, or damaged. */
class CacheUnusable extends Error {}

type Line =
  | { readonly header: readonly [name: string, version: number, root: string] }
  | { readonly file: StoredFile }
  | { readonly index: IndexLine }
  | { readonly end: number };

const NAME = 'mesh-documents';

/**
 * Reads a cache line by line. Where it is missing, of another folder or version, or damaged, `into` may have been called
 * all the same: the caller then starts from nothing.
 */
export async function readCache(
  path: string,
  root: string,
  into: { file(file: StoredFile): void; index(line: IndexLine): void },
  pace: Pace,
): Promise<'read' | 'missing' | 'damaged'> {
  let handle: FileHandle;
  try {
    handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'missing' : 'damaged';
  }
  try {
    let count = 0;
    let ended = false;
    for await (const text of linesOf(handle)) {
      const line = JSON.parse(text) as Line;
      if (count === 0) {
        const header = 'header' in line ? line.header : [];
        if (header[0] !== NAME) return 'damaged';
        if (header[1] !== VERSION || header[2] !== root) return 'missing';
      } else if ('file' in line) into.file(checkedFile(line.file));
      else if ('index' in line) into.index(line.index);
      else if ('end' in line) ended = line.end === count;
      count++;
      if (pace.due) await pace.rest();
    }
    return ended ? 'read' : 'damaged';
  } catch (error) {
    if (
      error instanceof SyntaxError ||
      error instanceof TypeError ||
      error instanceof CacheUnusable
    )
      return 'damaged';
    throw error;
  } finally {
    await handle.close();
  }
}

/** Writes a cache whole or not at all, mode 0600; makes its folder, mode 0700. Rejects with the file system's error. */
export async function writeCache(
  path: string,
  root: string,
  files: Iterable<StoredFile>,
  index: Iterable<IndexLine>,
  pace: Pace,
): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  const handle = await open(temporary, 'wx', 0o600);
  try {
    let buffer = '';
    for (const line of cacheLines(root, files, index)) {
      buffer += JSON.stringify(line) + '\n';
      if (buffer.length > CHUNK) {
        await handle.write(buffer);
        buffer = '';
      }
      if (pace.due) await pace.rest();
    }
    await handle.write(buffer);
    await handle.sync();
    await handle.close();
    await rename(temporary, path);
  } catch (error) {
    await handle.close().catch(() => undefined);
    await rm(temporary, { force: true });
    throw error;
  }
}

function* cacheLines(
  root: string,
  files: Iterable<StoredFile>,
  index: Iterable<IndexLine>,
): Generator<Line> {
  let count = 1;
  yield { header: [NAME, VERSION, root] };
  for (const file of files) {
    yield { file };
    count++;
  }
  for (const line of index) {
    yield { index: line };
    count++;
  }
  yield { end: count };
}

/** By line feed alone: `readline` would also split at U+2028, which JSON leaves as it is. */
async function* linesOf(handle: FileHandle): AsyncGenerator<string> {
  const decoder = new StringDecoder('utf8');
  const chunk = Buffer.allocUnsafe(CHUNK);
  let rest = '';
  for (;;) {
    const { bytesRead } = await handle.read(chunk, 0, chunk.length);
    if (bytesRead === 0) break;
    const lines = (rest + decoder.write(chunk.subarray(0, bytesRead))).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
  if (rest !== '') throw new CacheUnusable('The last line is cut off.');
}

function checkedFile(file: StoredFile): StoredFile {
  const sound =
    [file.path, file.title, file.hash].every(isString) &&
    [file.size, file.mtimeMs, file.ctimeMs, file.readAt].every(Number.isFinite) &&
    Array.isArray(file.passages) &&
    file.passages.every(isPassage);
  if (!sound) throw new CacheUnusable('A line does not describe a file.');
  return file;
}

function isPassage({ id, text, anchor, headings, lengths }: StoredPassage): boolean {
  return (
    Number.isSafeInteger(id) &&
    [text, anchor].every(isString) &&
    Array.isArray(headings) &&
    headings.every(isString) &&
    Array.isArray(lengths) &&
    lengths.every(Number.isFinite)
  );
}

function isString(value: unknown): boolean {
  return typeof value === 'string';
}
