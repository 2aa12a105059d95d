import { randomBytes } from 'node:crypto';
import { constants, lstatSync } from 'node:fs';
import { link, lstat, mkdir, open, readdir, rename, rm, type FileHandle } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { checkRights } from './file-rights.js';
import type { Secret } from './secret.js';
import { SecretError } from './secret.error.js';
import { checkSecretName, isSecretName } from './secret-name.js';
import type { SecretLease, SecretSource } from './secret-source.js';
import { parseSecret, SECRET_MAX_BYTES } from './secret-text.js';

export interface FileSecretSourceOptions {
  /** Milliseconds between two looks for changes, while anyone listens. Default 2000. */
  readonly pollMs?: number;
  /** Default `process.env.NODE_ENV`: the refusal of production must not depend on a caller's care. */
  readonly environment?: string | undefined;
}

interface Watched {
  readonly listeners: Set<{ readonly call: () => void }>;
  signature: string;
}

/**
 * Secrets in files, one a secret, for development alone: throws `ERR_SECRET_SOURCE_DEVELOPMENT` under
 * NODE_ENV=production. The files are not encrypted; what guards them is mode 0600 in a folder 0700, both of this
 * user, and anything looser is refused, never mended. Symbolic links are not followed. Secrets do not expire.
 * Changes by other processes are seen within `pollMs`.
 */
export class FileSecretSource implements SecretSource {
  readonly #directory: string;
  readonly #pollMs: number;
  readonly #watched = new Map<string, Watched>();
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  /** `directory`: the folder of the secrets itself (`secrets` in the state folder); made when one is set. */
  constructor(directory: string, options: FileSecretSourceOptions = {}) {
    const environment = 'environment' in options ? options.environment : process.env.NODE_ENV;
    if (environment === 'production') {
      throw new SecretError(
        'ERR_SECRET_SOURCE_DEVELOPMENT',
        'Secrets in files are for development alone; this is NODE_ENV=production.',
      );
    }
    this.#directory = directory;
    this.#pollMs = options.pollMs ?? 2000;
  }

  async get(name: string, options: { readonly signal?: AbortSignal } = {}): Promise<SecretLease> {
    checkSecretName(name);
    this.#checkOpen();
    options.signal?.throwIfAborted();
    await this.#checkDirectory(name);
    const bytes = await this.#read(name);
    options.signal?.throwIfAborted();
    return { secret: parseSecret(name, bytes) };
  }

  /**
   * Sets or replaces a secret; a reader sees the old or the new one, never a part. Throws as `get` does for a
   * text it would refuse.
   */
  async set(name: string, secret: Secret): Promise<void> {
    await this.#put(name, secret, rename);
  }

  /** Sets a secret unless there is one: of several processes at once the first one's stays. Throws as `set` does. */
  async create(name: string, secret: Secret): Promise<void> {
    await this.#put(name, secret, async (temporary, path) => {
      await link(temporary, path).catch((error: unknown) => {
        if (systemCode(error) !== 'EEXIST') throw error;
      });
      await rm(temporary);
    });
  }

  /** Removes a secret. Rejects with `ERR_SECRET_NOT_FOUND` where there is none. */
  async delete(name: string): Promise<void> {
    checkSecretName(name);
    this.#checkOpen();
    await this.#checkDirectory(name);
    await this.#io(name, () => rm(this.#path(name)));
    this.#poll();
  }

  /** Names of the secrets there are, sorted. None without the folder. */
  async list(): Promise<string[]> {
    this.#checkOpen();
    try {
      checkRights('folder', this.#place(), await lstat(this.#directory), process.geteuid?.());
      return (await readdir(this.#directory)).filter(isSecretName).sort();
    } catch (error) {
      if (isNotThere(error)) return [];
      throw asSecretError(error);
    }
  }

  onChange(name: string, listener: () => void): () => void {
    checkSecretName(name);
    this.#checkOpen();
    const watched = this.#watched.get(name) ?? {
      listeners: new Set(),
      signature: this.#signature(name),
    };
    this.#watched.set(name, watched);
    // One entry a call, so that a function registered twice is called and stopped twice.
    const entry = { call: listener };
    watched.listeners.add(entry);
    this.#timer ??= setInterval(() => this.#poll(), this.#pollMs).unref();
    return () => {
      watched.listeners.delete(entry);
      if (watched.listeners.size === 0 && this.#watched.get(name) === watched) {
        this.#watched.delete(name);
      }
      if (this.#watched.size === 0) this.#stopPolling();
    };
  }

  close(): void {
    this.#closed = true;
    this.#watched.clear();
    this.#stopPolling();
  }

  #stopPolling(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  // Polled and synchronous on purpose: fs.watch misses a folder that does not exist yet and differs by platform,
  // and a handful of lstat calls cost microseconds.
  #poll(): void {
    for (const [name, watched] of [...this.#watched]) {
      const signature = this.#signature(name);
      if (signature === watched.signature) continue;
      watched.signature = signature;
      for (const entry of [...watched.listeners]) entry.call();
    }
  }

  #signature(name: string): string {
    try {
      const stats = lstatSync(this.#path(name), { bigint: true, throwIfNoEntry: false });
      if (stats === undefined) return 'absent';
      return [stats.ino, stats.size, stats.mtimeNs, stats.ctimeNs, stats.mode].join();
    } catch {
      return 'unreadable';
    }
  }

  async #read(name: string): Promise<Uint8Array> {
    return this.#io(name, async () => {
      // Not blocking, or a pipe in the file's place would hold this up for ever.
      const handle = await open(
        this.#path(name),
        constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK,
      );
      try {
        checkRights('file', this.#place(name), await handle.stat(), process.geteuid?.());
        return await readAtMost(handle, SECRET_MAX_BYTES + 1);
      } finally {
        await handle.close();
      }
    });
  }

  async #put(name: string, secret: Secret, place: typeof rename): Promise<void> {
    checkSecretName(name);
    this.#checkOpen();
    const text = parseSecret(name, Buffer.from(secret.reveal(), 'utf8')).reveal();
    await this.#io(name, async () => {
      await mkdir(this.#directory, { recursive: true, mode: 0o700 });
      await this.#checkDirectory(name);
      await this.#write(name, `${text}\n`, place);
    });
    this.#poll();
  }

  async #write(name: string, text: string, place: typeof rename): Promise<void> {
    // A leading dot is no secret's name, so a file left by a crash is never read or listed.
    const temporary = this.#path(`.${name}.${randomBytes(8).toString('hex')}`);
    const handle = await open(temporary, 'wx', 0o600);
    try {
      try {
        await handle.writeFile(text);
        await handle.sync();
      } finally {
        await handle.close();
      }
      await place(temporary, this.#path(name));
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
  }

  async #checkDirectory(name: string): Promise<void> {
    await this.#io(name, async () => {
      checkRights('folder', this.#place(), await lstat(this.#directory), process.geteuid?.());
    });
  }

  async #io<T>(name: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw asSecretError(error, name);
    }
  }

  #checkOpen(): void {
    if (this.#closed) {
      throw new SecretError('ERR_SECRET_SOURCE_CLOSED', 'The source of secrets is closed.');
    }
  }

  #path(file: string): string {
    return join(this.#directory, file);
  }

  /** Relative, for messages. */
  #place(name?: string): string {
    const folder = basename(this.#directory);
    return name === undefined ? folder : `${folder}/${name}`;
  }
}

async function readAtMost(handle: FileHandle, limit: number): Promise<Uint8Array> {
  const buffer = Buffer.alloc(limit);
  let length = 0;
  while (length < limit) {
    const { bytesRead } = await handle.read(buffer, length, limit - length);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  return buffer.subarray(0, length);
}

function systemCode(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException | undefined)?.code;
}

function isNotThere(error: unknown): boolean {
  return systemCode(error) === 'ENOENT';
}

function asSecretError(error: unknown, name?: string): SecretError {
  if (error instanceof SecretError) return error;
  if (name !== undefined && isNotThere(error)) {
    return new SecretError('ERR_SECRET_NOT_FOUND', `The secret ${name} is not set.`, name, {
      cause: error,
    });
  }
  const subject = name === undefined ? 'The folder of the secrets' : `The secret ${name}`;
  switch (systemCode(error)) {
    case 'ELOOP':
    case 'ENOTDIR':
    case 'EISDIR':
    case 'ERR_FS_EISDIR':
    case 'ENXIO':
      return new SecretError(
        'ERR_SECRET_FILE_TYPE',
        `${subject} is not in a plain file of a plain folder.`,
        name,
        { cause: error },
      );
    default:
      return new SecretError(
        'ERR_SECRET_UNREADABLE',
        `${subject} cannot be read or written.`,
        name,
        {
          cause: error,
        },
      );
  }
}
