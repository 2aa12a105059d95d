import { watch, type FSWatcher } from 'node:fs';
import { dirname } from 'node:path';
import { readTlsFiles, type TlsFiles, type TlsMaterial } from './tls-files.js';

/** Between two looks at the files where nothing tells of a change (network file systems), in milliseconds. */
const LOOK_MS = 60_000;
/** After a change, for the other of the two files to come, in milliseconds. */
const SETTLE_MS = 200;

/** For whom certificate and key are followed, and who hears of it. */
export interface FollowTlsOptions {
  /** Name that people open; undefined where it was not said. */
  readonly host: string | undefined;
  /** Told of each new material, never of the first. */
  readonly onChange: (material: TlsMaterial) => void;
  /** Told of files that cannot be used, once each time that they are at fault in another way. */
  readonly onRefused: (error: unknown) => void;
}

/**
 * Certificate and key of files, followed while they are renewed. What cannot be used is refused whole, and the last good
 * one kept: a half-written pair of files takes nobody down.
 */
export class FollowedTls {
  #current: TlsMaterial;
  #fault: string | undefined;
  #settling: NodeJS.Timeout | undefined;
  readonly #watchers: FSWatcher[] = [];
  readonly #looks: NodeJS.Timeout;

  /** @throws TlsFileError where there is nothing to begin with. */
  constructor(
    private readonly files: TlsFiles,
    private readonly options: FollowTlsOptions,
  ) {
    this.#current = readTlsFiles(files, options.host, new Date());
    // The folders: a renewal replaces the files, or a link that leads to them.
    for (const folder of new Set([dirname(files.certificate), dirname(files.key)])) {
      this.#watch(folder);
    }
    this.#looks = setInterval(() => this.look(), LOOK_MS).unref();
  }

  get current(): TlsMaterial {
    return this.#current;
  }

  /** Reads the files now. */
  look(): void {
    let material: TlsMaterial;
    try {
      material = readTlsFiles(this.files, this.options.host, new Date());
    } catch (error) {
      const { message } = error as Error;
      if (message !== this.#fault) this.options.onRefused(error);
      this.#fault = message;
      return;
    }
    this.#fault = undefined;
    const { certificate, key } = this.#current;
    if (material.certificate === certificate && material.key === key) return;
    this.#current = material;
    this.options.onChange(material);
  }

  /** Looks no more. May be called twice. */
  close(): void {
    clearInterval(this.#looks);
    clearTimeout(this.#settling);
    for (const watcher of this.#watchers) watcher.close();
  }

  #watch(folder: string): void {
    try {
      const watcher = watch(folder, { persistent: false }, () => this.#settle());
      watcher.on('error', () => watcher.close());
      this.#watchers.push(watcher);
    } catch {
      // The system watches no more folders for us: looks do.
    }
  }

  #settle(): void {
    clearTimeout(this.#settling);
    this.#settling = setTimeout(() => this.look(), SETTLE_MS).unref();
  }
}
