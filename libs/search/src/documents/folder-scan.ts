import type { Dirent, Stats } from 'node:fs';
import { lstat, readdir, realpath, stat } from 'node:fs/promises';
import { extname, join, sep } from 'node:path';
import { DocumentsError, type DocumentWarningReason } from './documents.error.js';
import type { Pace } from './pace.js';

export const DOCUMENT_TYPES = ['.md', '.txt', '.html'] as const;
export type DocumentType = (typeof DOCUMENT_TYPES)[number];

const SKIPPED_FOLDERS = new Set(['node_modules', 'dist']);
/** Entries of any kind that one scan looks at: someone may point at a whole disk. */
const ENTRIES_MAX = 2_000_000;
const STATS_AT_ONCE = 32;

export interface ScanLimits {
  readonly maxFiles: number;
  readonly maxFileBytes: number;
  readonly maxTotalBytes: number;
}

/** What tells whether a file changed. Times in milliseconds. */
export interface FileState {
  readonly size: number;
  readonly mtimeMs: number;
  readonly ctimeMs: number;
}

export interface FoundFile extends FileState {
  /** Relative to the folder, `/` between parts. */
  readonly path: string;
  readonly type: DocumentType;
  /** The file itself, behind symbolic links; inside the folder. */
  readonly realPath: string;
}

interface Skipped {
  readonly path: string;
  readonly reason: DocumentWarningReason;
}

export interface FolderScan {
  /** By path, sorted. */
  readonly files: readonly FoundFile[];
  readonly skipped: readonly Skipped[];
}

/** The folder behind `directory`, with all links resolved. Throws `DocumentsError`. */
export async function resolveFolder(directory: string): Promise<string> {
  try {
    const root = await realpath(directory);
    if (!(await stat(root)).isDirectory())
      throw new DocumentsError(
        'ERR_DOCUMENTS_NOT_A_FOLDER',
        'The path to the documents is not a folder.',
      );
    await readdir(root);
    return root;
  } catch (error) {
    throw folderError(error);
  }
}

function folderError(error: unknown): unknown {
  if (error instanceof DocumentsError) return error;
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'ENOENT')
    return new DocumentsError(
      'ERR_DOCUMENTS_NOT_FOUND',
      'The folder of documents does not exist.',
      { cause: error },
    );
  if (code === 'ENOTDIR')
    return new DocumentsError(
      'ERR_DOCUMENTS_NOT_A_FOLDER',
      'The path to the documents is not a folder.',
      { cause: error },
    );
  return new DocumentsError('ERR_DOCUMENTS_UNREADABLE', 'The folder of documents cannot be read.', {
    cause: error,
  });
}

/**
 * Lists the documents below `root` (from `resolveFolder`). Hidden entries, `node_modules` and `dist` are left out. Links to
 * folders are not followed; a link to a file counts where the file lies inside `root` and is not listed anyway.
 * Rejects with `DocumentsError` where `root` cannot be read or holds more than the limits.
 */
export async function scanFolder(
  root: string,
  limits: ScanLimits,
  pace: Pace,
): Promise<FolderScan> {
  const skipped: Skipped[] = [];
  const listed = await listDocuments(root, limits, pace, skipped);
  const files: FoundFile[] = [];
  const links = new Set(listed.filter((entry) => entry.link).map((entry) => entry.path));
  let total = 0;
  for (let at = 0; at < listed.length; at += STATS_AT_ONCE) {
    const some = listed.slice(at, at + STATS_AT_ONCE);
    for (const looked of await Promise.all(some.map((entry) => look(root, entry, limits)))) {
      if (looked === undefined) continue;
      if ('reason' in looked) skipped.push(looked);
      else files.push(looked);
      total += 'size' in looked ? looked.size : 0;
    }
    if (total > limits.maxTotalBytes)
      throw new DocumentsError(
        'ERR_DOCUMENTS_TOO_LARGE',
        `The documents take more than ${limits.maxTotalBytes / 1_000_000} MB together. Name one of the subfolders.`,
      );
    if (pace.due) await pace.rest();
  }
  const own = new Set(files.filter(({ path }) => !links.has(path)).map((file) => file.realPath));
  return {
    files: files
      .filter((file) => !links.has(file.path) || !own.has(file.realPath))
      .sort((a, b) => (a.path < b.path ? -1 : 1)),
    skipped,
  };
}

async function listDocuments(
  root: string,
  limits: ScanLimits,
  pace: Pace,
  skipped: Skipped[],
): Promise<{ path: string; link: boolean }[]> {
  const listed: { path: string; link: boolean }[] = [];
  const folders = [''];
  let seen = 0;
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    const entries = await entriesOf(root, folder, skipped);
    seen += entries.length;
    for (const entry of entries) {
      if (entry.name.startsWith('.')) continue;
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
      const link = entry.isSymbolicLink();
      if (entry.isDirectory() && !SKIPPED_FOLDERS.has(entry.name)) folders.push(path);
      else if ((entry.isFile() || link) && typeOf(path) !== undefined) listed.push({ path, link });
    }
    if (listed.length > limits.maxFiles || seen > ENTRIES_MAX)
      throw new DocumentsError(
        'ERR_DOCUMENTS_TOO_MANY',
        `The folder holds more than ${limits.maxFiles} documents or ${ENTRIES_MAX} files. Name one of its subfolders.`,
      );
    if (pace.due) await pace.rest();
  }
  return listed;
}

async function entriesOf(root: string, folder: string, skipped: Skipped[]): Promise<Dirent[]> {
  try {
    return await readdir(join(root, folder), { withFileTypes: true });
  } catch (error) {
    if (folder === '') throw folderError(error);
    if (!isGone(error)) skipped.push({ path: folder, reason: 'unreadable' });
    return [];
  }
}

type Looked = FoundFile | Skipped | undefined;

async function look(
  root: string,
  { path, link }: { path: string; link: boolean },
  limits: ScanLimits,
): Promise<Looked> {
  try {
    let realPath = join(root, path);
    let state: Stats;
    if (link) {
      realPath = await realpath(realPath);
      if (!isInside(root, realPath)) return { path, reason: 'link-leads-out' };
      state = await lstat(realPath);
    } else state = await lstat(realPath);
    const type = typeOf(path);
    if (!state.isFile() || type === undefined) return undefined;
    if (state.size > limits.maxFileBytes) return { path, reason: 'too-large' };
    if (encodedPath(path).length > URL_PATH_MAX) return { path, reason: 'path-too-long' };
    const { size, mtimeMs, ctimeMs } = state;
    return { path, type, realPath, size, mtimeMs, ctimeMs };
  } catch (error) {
    return isGone(error) ? undefined : { path, reason: 'unreadable' };
  }
}

/** Leaves room for the scheme and a fragment within the 2048 characters of a source's URL. */
const URL_PATH_MAX = 1900;

/** A relative path as it stands in a `documents:///` URL. */
export function encodedPath(path: string): string {
  return path
    .split('/')
    .map((part) => encodeURIComponent(part))
    .join('/');
}

export function isInside(root: string, path: string): boolean {
  return path.startsWith(root.endsWith(sep) ? root : root + sep);
}

/** Removed between listing and looking: not worth a warning. */
export function isGone(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT';
}

function typeOf(name: string): DocumentType | undefined {
  const extension = extname(name).toLowerCase();
  return DOCUMENT_TYPES.find((type) => type === extension);
}
