import { MeshError, type MeshErrorOptions } from '@mesh/errors';

export type DocumentsErrorCode =
  | 'ERR_DOCUMENTS_NOT_FOUND'
  | 'ERR_DOCUMENTS_NOT_A_FOLDER'
  | 'ERR_DOCUMENTS_UNREADABLE'
  | 'ERR_DOCUMENTS_TOO_MANY'
  | 'ERR_DOCUMENTS_TOO_LARGE'
  | 'ERR_DOCUMENTS_CLOSED';

/** The folder of documents as a whole cannot be searched. What is wrong with one file is a `DocumentWarning`. */
export class DocumentsError extends MeshError {
  constructor(
    readonly code: DocumentsErrorCode,
    message: string,
    options?: MeshErrorOptions,
  ) {
    super(message, options);
  }
}

/** Why one file, or one part of the folder, is not in the index. */
export type DocumentWarningReason =
  | 'binary'
  | 'not-utf8'
  | 'too-large'
  | 'too-deep'
  | 'unreadable'
  | 'path-too-long'
  | 'link-leads-out'
  | 'cache-unreadable'
  | 'cache-unwritable';

const TEXTS: Readonly<Record<DocumentWarningReason, string>> = {
  binary: 'holds binary data',
  'not-utf8': 'is not valid UTF-8 text',
  'too-large': 'is larger than the limit',
  'too-deep': 'nests its elements too deeply',
  unreadable: 'cannot be read',
  'path-too-long': 'has too long a path',
  'link-leads-out': 'is a link that leads out of the folder',
  'cache-unreadable': 'could not be used; the documents are indexed anew',
  'cache-unwritable': 'could not be written; the next start indexes anew',
};

/** A file that was skipped; the rest of the folder is searched all the same. */
export interface DocumentWarning {
  /** Relative to the folder, `/` between parts, control characters replaced. The cache's is its file name. */
  readonly path: string;
  readonly reason: DocumentWarningReason;
  /** `path` and reason as one sentence. */
  readonly message: string;
}

export function documentWarning(path: string, reason: DocumentWarningReason): DocumentWarning {
  const shown = path.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, '\u{FFFD}');
  return { path: shown, reason, message: `${shown} ${TEXTS[reason]}` };
}

/** Thrown while a document is parsed: it alone is skipped. */
export class UnusableDocument extends Error {
  constructor(readonly reason: DocumentWarningReason) {
    super(reason);
  }
}
