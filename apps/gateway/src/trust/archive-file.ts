import { readFile, stat } from 'node:fs/promises';
import { MeshError } from '@mesh/errors';
import type { TrustDomain } from '@mesh/identity';
import {
  MAX_TRUST_CHARACTERS,
  parseArchiveDocument,
  serializeArchiveDocument,
} from '@mesh/provenance';

/** The archive is there and cannot be used. */
export class ArchiveUnusableError extends MeshError {
  readonly code = 'ERR_ARCHIVE_UNUSABLE';
}

/**
 * The CAs that the trust domain had before, as the launcher keeps them in the state folder. Only what was parsed is given
 * on; read again when the file has changed.
 */
export class ArchiveFile {
  #kept: { readonly version: string; readonly text: string } | undefined;

  constructor(
    private readonly path: string,
    private readonly trustDomain: TrustDomain,
  ) {}

  /**
   * The archive document; an empty one where nothing was ever kept.
   * @throws ArchiveUnusableError
   */
  async read(): Promise<string> {
    try {
      const { mtimeNs, size, ino } = await stat(this.path, { bigint: true });
      const version = `${mtimeNs} ${size} ${ino}`;
      if (this.#kept?.version !== version) {
        this.#kept = { version, text: await this.#parsed(size) };
      }
      return this.#kept.text;
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return this.#empty();
      if (cause instanceof ArchiveUnusableError) throw cause;
      throw new ArchiveUnusableError('The archive cannot be read.', { cause });
    }
  }

  async #parsed(size: bigint): Promise<string> {
    if (size > MAX_TRUST_CHARACTERS) throw new ArchiveUnusableError('The archive is too large.');
    const archive = parseArchiveDocument(await readFile(this.path, 'utf8'));
    if (!archive.trustDomain.equals(this.trustDomain)) {
      throw new ArchiveUnusableError('The archive is of another trust domain.');
    }
    return serializeArchiveDocument(archive);
  }

  #empty(): string {
    return serializeArchiveDocument({ trustDomain: this.trustDomain, authorities: [] });
  }
}
