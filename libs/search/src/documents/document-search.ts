import { basename } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import {
  RESULTS_OF_DEPTH,
  type DocumentList,
  type ProviderCheck,
  type SearchOptions,
  type SearchProvider,
  type SearchResult,
} from '../search-provider.js';
import {
  DocumentsError,
  documentWarning,
  UnusableDocument,
  type DocumentWarning,
  type DocumentWarningReason,
} from './documents.error.js';
import {
  encodedPath,
  resolveFolder,
  scanFolder,
  type DocumentType,
  type FolderScan,
  type FoundFile,
  type ScanLimits,
} from './folder-scan.js';
import { parseHtml } from './html.js';
import { readCache, writeCache, type StoredFile, type StoredPassage } from './index-cache.js';
import { parseMarkdown } from './markdown.js';
import { Pace } from './pace.js';
import { PassageIndex, type PassageTerms } from './passage-index.js';
import { passagesOf, type ParsedDocument } from './passage.js';
import { parsePlainText } from './plain-text.js';
import { choose } from './ranking.js';
import { readDocument, type DocumentContent, type UnreadDocument } from './read-document.js';
import { termsOf } from './terms.js';

export interface IndexProgress {
  /** Files done, unchanged ones too. */
  readonly done: number;
  readonly total: number;
}

export interface DocumentSearchOptions {
  /** Folder whose .md, .txt and .html files are searched, those of its subfolders too. */
  readonly directory: string;
  /** File that keeps the index of this folder between runs, mode 0600; its folder is made. Default: none is kept. */
  readonly cacheFile?: string;
  /** Called while `open` indexes: first with `done` 0, then ten times a second at most, last with `done` = `total`. */
  readonly onProgress?: (progress: IndexProgress) => void;
  /** Called for each file that is skipped, at `open` and when one turns up later. */
  readonly onWarning?: (warning: DocumentWarning) => void;
  /** Ends `open`. */
  readonly signal?: AbortSignal;
  /** Most documents in the folder. Default 50,000. */
  readonly maxFiles?: number;
  /** Bytes of one document; a larger one is skipped. Default 2,000,000. */
  readonly maxFileBytes?: number;
  /** Bytes of all documents together. Default 100,000,000: the index takes about ten times that in memory. */
  readonly maxTotalBytes?: number;
  /** Milliseconds after a look at the folder before a search looks for changes again. Default 2000. */
  readonly rescanMs?: number;
}

/** Characters of a query that are looked at; the contract of a question has the same limit. */
const QUERY_MAX = 2000;
const LIMIT_MAX = 20;
const TITLE_MAX = 300;
/** Of the document's own part of a title. */
const NAME_MAX = 150;
const URL_MAX = 2048;
const READ_AT_ONCE = 16;
const PROGRESS_MS = 100;
/** How long a search waits for the look at the folder that it started. */
const FRESH_MS = 150;
/** A file changed this shortly before it was read may have changed again within the clock's step. */
const DOUBT_MS = 2000;
/** Share of the time that looking for changes may take. */
const RESCAN_SHARE = 20;
const SAVE_EVERY_MS = 60_000;
/** Share of discarded passages from which the index is cleared of them. */
const VACUUM_FROM = 0.1;

interface IndexedPassage extends StoredPassage {
  readonly file: StoredFile;
}

/**
 * Full text search over a folder of documents (MiniSearch, BM25+): each result is a passage of one section. Changed,
 * added and removed files are picked up at `open` and by later searches. Reads nothing outside the folder. A file that
 * cannot be used is skipped with a warning; where the folder itself is gone or unreadable, searches reject with
 * `DocumentsError` until it is back.
 *
 * @example
 * const documents = await DocumentSearch.open({ directory: 'docs' });
 * const results = await documents.search('How does a workload get its SVID?', { depth: 'fast', signal });
 * await documents.close();
 */
export class DocumentSearch implements SearchProvider {
  readonly name = 'documents';
  private index = new PassageIndex();
  private readonly files = new Map<string, StoredFile>();
  private readonly passages = new Map<number, IndexedPassage>();
  private readonly limits: ScanLimits;
  private readonly closing = new AbortController();
  private nextId = 0;
  private changed = false;
  private scannedAt = -Infinity;
  private scanTook = 0;
  private savedAt = 0;
  /** The updates and saves so far: they never overlap. */
  private work: Promise<void> = Promise.resolve();
  private refreshing = false;
  private failure: DocumentsError | undefined;
  private scanWarnings = new Set<string>();

  private constructor(
    private readonly root: string,
    private readonly options: DocumentSearchOptions,
  ) {
    this.limits = {
      maxFiles: options.maxFiles ?? 50_000,
      maxFileBytes: options.maxFileBytes ?? 2_000_000,
      maxTotalBytes: options.maxTotalBytes ?? 100_000_000,
    };
  }

  /**
   * Indexes the folder, or what changed in it since the cache was written. Rejects with `DocumentsError`, or the
   * signal's reason. The caller closes what it opened.
   */
  static async open(options: DocumentSearchOptions): Promise<DocumentSearch> {
    options.signal?.throwIfAborted();
    const search = new DocumentSearch(await resolveFolder(options.directory), options);
    const pace = new Pace(options.signal);
    await search.load(pace);
    for (const { path, skipped } of search.files.values())
      if (skipped !== undefined) search.warn(path, skipped);
    await search.update(pace, options.onProgress);
    search.index.settle();
    if (search.changed) search.enqueue(() => search.save(new Pace(search.closing.signal)));
    return search;
  }

  /** What is in the index. */
  get size(): { readonly documents: number; readonly passages: number } {
    let documents = 0;
    for (const file of this.files.values()) if (file.skipped === undefined) documents++;
    return { documents, passages: this.passages.size };
  }

  async search(query: string, options: SearchOptions): Promise<SearchResult[]> {
    options.signal.throwIfAborted();
    await this.freshen();
    options.signal.throwIfAborted();
    if (this.closing.signal.aborted)
      throw new DocumentsError('ERR_DOCUMENTS_CLOSED', 'The search over the documents is closed.');
    if (this.failure !== undefined) throw this.failure;
    const limit = Math.min(options.limit ?? RESULTS_OF_DEPTH[options.depth], LIMIT_MAX);
    const candidates = this.index.find(query.slice(0, QUERY_MAX)).flatMap(({ id, score }) => {
      // Unknown: of a file that is just being taken in or out.
      const passage = this.passages.get(id as number);
      if (passage === undefined) return [];
      const document = passage.file.path;
      const section = `${document}\n${passage.headings.join('\n')}`;
      return [{ passage, document, section, score }];
    });
    const best = candidates[0]?.score ?? 1;
    return choose(candidates, limit).map(({ passage, score }) => ({
      title: titleOf(passage),
      url: urlOf(passage),
      snippet: passage.text,
      score: score / best,
    }));
  }

  async list(limit: number): Promise<DocumentList> {
    await this.freshen();
    if (this.failure !== undefined) throw this.failure;
    const found = [...this.files.values()].filter(({ skipped }) => skipped === undefined);
    return {
      total: found.length,
      documents: found
        .sort((one, other) => (one.path < other.path ? -1 : 1))
        .slice(0, limit)
        .map(({ title, path }) => ({
          title: shown(title, TITLE_MAX),
          url: `documents:///${encodedPath(path)}`,
        })),
    };
  }

  async check({ signal }: { readonly signal: AbortSignal }): Promise<ProviderCheck> {
    signal.throwIfAborted();
    try {
      await resolveFolder(this.root);
    } catch (error) {
      return { ok: false, detail: error instanceof Error ? error.message : 'unreadable' };
    }
    const { documents, passages } = this.size;
    return { ok: true, detail: `${documents} documents, ${passages} passages` };
  }

  /** Ends an update under way and writes the cache if there is something new. */
  async close(): Promise<void> {
    const closed = this.closing.signal.aborted;
    this.closing.abort();
    await this.work;
    if (!closed && this.changed) await this.save(new Pace());
  }

  private async load(pace: Pace): Promise<void> {
    const { cacheFile } = this.options;
    if (cacheFile === undefined) return;
    const outcome = await readCache(
      cacheFile,
      this.root,
      {
        file: (file) => {
          for (const { id, lengths } of file.passages) this.index.register(id, lengths);
          this.put(file);
        },
        index: (line) => this.index.loadLine(line),
      },
      pace,
    );
    if (outcome === 'read') return;
    if (outcome === 'damaged') this.warn(basename(cacheFile), 'cache-unreadable');
    this.index = new PassageIndex();
    this.files.clear();
    this.passages.clear();
    this.nextId = 0;
  }

  /** Brings the index in line with the folder. */
  private async update(pace: Pace, onProgress?: (progress: IndexProgress) => void): Promise<void> {
    const startedAt = performance.now();
    const { files, skipped } = await scanFolder(this.root, this.limits, pace);
    this.scannedAt = performance.now();
    this.scanTook = this.scannedAt - startedAt;
    this.warnOfScan(skipped);

    const present = new Set(files.map((file) => file.path));
    for (const file of [...this.files.values()]) if (!present.has(file.path)) this.remove(file);
    const stale = files.filter((file) => !this.isCurrent(file));

    const total = files.length;
    let done = total - stale.length;
    let reportedAt = performance.now();
    onProgress?.({ done: 0, total });
    for (let at = 0; at < stale.length; at += READ_AT_ONCE) {
      const some = stale.slice(at, at + READ_AT_ONCE);
      const read = await Promise.all(
        some.map(async (file) => ({
          file,
          readAt: Date.now(),
          content: await readDocument(file, this.limits.maxFileBytes),
        })),
      );
      for (const { file, readAt, content } of read) {
        await this.take(file, readAt, content, pace);
        done++;
        if (performance.now() - reportedAt > PROGRESS_MS) {
          reportedAt = performance.now();
          onProgress?.({ done, total });
        }
      }
    }
    onProgress?.({ done: total, total });
    if (this.index.dirtFactor > VACUUM_FROM) await this.index.vacuum();
  }

  /** Whether a file is as it was read. In doubt (the times could not tell) it is read again and its hash decides. */
  private isCurrent(file: FoundFile): boolean {
    const known = this.files.get(file.path);
    return (
      known?.size === file.size &&
      known.mtimeMs === file.mtimeMs &&
      known.ctimeMs === file.ctimeMs &&
      known.readAt - Math.max(file.mtimeMs, file.ctimeMs) > DOUBT_MS
    );
  }

  private async take(
    { path, type, size, mtimeMs, ctimeMs }: FoundFile,
    readAt: number,
    content: DocumentContent | UnreadDocument,
    pace: Pace,
  ): Promise<void> {
    const known = this.files.get(path);
    const { hash } = content;
    const state = { path, size, mtimeMs, ctimeMs, hash, readAt };
    this.changed = true;
    if ('text' in content && known?.hash === hash && known.skipped === undefined) {
      this.put({ ...known, ...state });
      return;
    }
    const taken = 'text' in content ? await this.parse(path, type, content.text, pace) : content;
    if (known !== undefined) this.remove(known);
    if ('passages' in taken) this.put({ ...state, ...taken });
    else if (taken.reason !== undefined) {
      this.put({ ...state, title: path, passages: [], skipped: taken.reason });
      if (known?.skipped !== taken.reason) this.warn(path, taken.reason);
    }
  }

  private async parse(
    path: string,
    type: DocumentType,
    text: string,
    pace: Pace,
  ): Promise<Pick<StoredFile, 'title' | 'passages'> | Pick<UnreadDocument, 'reason'>> {
    let parsed: ParsedDocument;
    try {
      parsed = await pace.run(PARSERS[type](text));
    } catch (error) {
      if (error instanceof UnusableDocument) return { reason: error.reason };
      throw error;
    }
    const title = shown(parsed.title ?? '', NAME_MAX) || path.slice(0, -type.length);
    const titleTerms = termsOf(`${title}\n${path}`);
    const passages: StoredPassage[] = [];
    // A document that is a title and nothing else is found by it.
    const sections =
      parsed.sections.length > 0 || parsed.title === undefined
        ? parsed.sections
        : [{ headings: [], anchor: '', blocks: [{ text: title, kind: 'prose' as const }] }];
    try {
      for (const passage of passagesOf(sections)) {
        const terms: PassageTerms = {
          title: titleTerms,
          heading: termsOf(passage.headings.join('\n')),
          text: termsOf(passage.text),
        };
        const id = this.nextId++;
        passages.push({ ...passage, id, lengths: this.index.addPassage(id, terms) });
        if (pace.due) await pace.rest();
      }
    } catch (error) {
      // Ended on the way: nothing of it stays, or the cache would give its numbers to other passages.
      for (const { id } of passages) this.index.discard(id);
      throw error;
    }
    return { title, passages };
  }

  /** Passages count from here on, all of a file at once: a search never sees half of one. */
  private put(file: StoredFile): void {
    this.files.set(file.path, file);
    for (const passage of file.passages) {
      this.passages.set(passage.id, { ...passage, file });
      this.nextId = Math.max(this.nextId, passage.id + 1);
    }
  }

  private remove(file: StoredFile): void {
    this.files.delete(file.path);
    for (const { id } of file.passages) {
      this.passages.delete(id);
      this.index.discard(id);
    }
    this.changed = true;
  }

  /** Looks for changes, seldom enough, and waits a moment for the outcome; a long update goes on in the background. */
  private async freshen(): Promise<void> {
    const pause = Math.max(this.options.rescanMs ?? 2000, this.scanTook * RESCAN_SHARE);
    if (this.closing.signal.aborted || performance.now() - this.scannedAt < pause) return;
    if (!this.refreshing) {
      this.refreshing = true;
      this.enqueue(() => this.refresh());
    }
    const timer = new AbortController();
    const wait = setTimeout(FRESH_MS, undefined, { signal: timer.signal }).catch(() => undefined);
    await Promise.race([this.work, wait]);
    timer.abort();
  }

  private async refresh(): Promise<void> {
    try {
      await this.update(new Pace(this.closing.signal));
      this.failure = undefined;
    } catch (error) {
      if (this.closing.signal.aborted) return;
      this.failure =
        error instanceof DocumentsError
          ? error
          : new DocumentsError('ERR_DOCUMENTS_UNREADABLE', 'The documents cannot be read.', {
              cause: error,
            });
    } finally {
      this.scannedAt = performance.now();
      this.refreshing = false;
    }
    if (this.changed && performance.now() - this.savedAt > SAVE_EVERY_MS)
      await this.save(new Pace(this.closing.signal));
  }

  /** `work` must not reject. */
  private enqueue(work: () => Promise<void>): void {
    this.work = this.work.then(work);
  }

  private async save(pace: Pace): Promise<void> {
    const { cacheFile } = this.options;
    if (cacheFile === undefined) return;
    this.savedAt = performance.now();
    try {
      if (this.index.dirtCount > 0) await this.index.vacuum();
      await writeCache(cacheFile, this.root, this.files.values(), this.index.dump(), pace);
      this.changed = false;
    } catch {
      if (!pace.aborted) this.warn(basename(cacheFile), 'cache-unwritable');
    }
  }

  private warn(path: string, reason: DocumentWarningReason): void {
    this.options.onWarning?.(documentWarning(path, reason));
  }

  /** What the scan skips has no place in the index: each is named when it turns up. */
  private warnOfScan(skipped: FolderScan['skipped']): void {
    const now = new Set<string>();
    for (const { path, reason } of skipped) {
      const key = `${reason} ${path}`;
      now.add(key);
      if (!this.scanWarnings.has(key)) this.warn(path, reason);
    }
    this.scanWarnings = now;
  }
}

const PARSERS: Readonly<
  Record<DocumentType, (text: string) => Generator<undefined, ParsedDocument>>
> = { '.md': parseMarkdown, '.html': parseHtml, '.txt': parsePlainText };

/** Text for one line: no control or formatting characters, at most `max` long. */
function shown(text: string, max: number): string {
  const line = text.replace(/[\s\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]+/gu, ' ').trim();
  return line.length <= max ? line : `${line.slice(0, max - 1).replace(/\p{Surrogate}/gu, '')}…`;
}

function titleOf({ file, headings }: IndexedPassage): string {
  const heading = headings.join(' › ');
  return shown(heading === '' ? file.title : `${file.title} — ${heading}`, TITLE_MAX);
}

function urlOf({ file, anchor }: IndexedPassage): string {
  const url = `documents:///${encodedPath(file.path)}`;
  const exact =
    anchor === '' ? url : `${url}#${encodeURIComponent(anchor.replace(/\p{Surrogate}/gu, ''))}`;
  return exact.length <= URL_MAX ? exact : url;
}
