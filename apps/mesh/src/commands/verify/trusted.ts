import { hasCode, MeshError } from '@mesh/errors';
import {
  type ArchiveDocument,
  MAX_TRUST_CHARACTERS,
  parseArchiveDocument,
  parseTrustDocument,
  type TrustDocument,
} from '@mesh/provenance';
import type { StateFolder } from '../../state/state-folder.js';
import { CommandError } from '../command.error.js';
import { readDocument } from './read-document.js';

/** By what an answer is judged: never by its own file. */
export interface Trusted {
  readonly trust: TrustDocument;
  /** Retired CAs; undefined where none are kept. */
  readonly archive: ArchiveDocument | undefined;
  readonly trustFile: string;
  readonly archiveFile: string | undefined;
}

export interface TrustFiles {
  readonly trust?: string;
  readonly archive?: string;
}

/** A character has at most three bytes; one of four counts as two. */
const MAX_BYTES = 3 * MAX_TRUST_CHARACTERS;

/**
 * Reads what is trusted: the files that are named, else those that the mesh of the state folder keeps. With a trust
 * document of another origin its archive has to be named as well: retired CAs of this mesh are none of it.
 *
 * @throws CommandError, TrustDocumentError
 */
export async function trusted(state: StateFolder, files: TrustFiles = {}): Promise<Trusted> {
  const trustFile = files.trust ?? state.trustFile;
  const archiveFile = files.archive ?? (files.trust === undefined ? state.archiveFile : undefined);
  const trust = await read(trustFile, 'trust document', parseTrustDocument).catch((error) => {
    throw files.trust === undefined && hasCode(error, 'ERR_FILE_NOT_FOUND')
      ? notKept(state, error)
      : error;
  });
  const archive =
    archiveFile === undefined
      ? undefined
      : await read(archiveFile, 'archive document', parseArchiveDocument).catch((error) => {
          if (files.archive === undefined && hasCode(error, 'ERR_FILE_NOT_FOUND')) return undefined;
          throw error;
        });
  return { trust, archive, trustFile, archiveFile: archive && archiveFile };
}

async function read<Document>(
  file: string,
  what: string,
  parse: (text: string) => Document,
): Promise<Document> {
  const text = await readDocument(file, what, MAX_BYTES);
  try {
    return parse(text);
  } catch (cause) {
    if (!(cause instanceof MeshError)) throw cause;
    throw new CommandError(cause.code, `${file}: ${cause.message}`, { cause });
  }
}

function notKept(state: StateFolder, cause: unknown): CommandError {
  return new CommandError(
    'ERR_TRUST_NOT_KEPT',
    `The state folder ${state.path} keeps no trust document yet: run ./mesh up once, or bring that of the mesh that answered along: curl http://127.0.0.1:4000/v1/trust > trust.json, then --trust trust.json.`,
    { cause },
  );
}
