import type { Depth } from '@mesh/contracts';
import type { ErrorCode } from '@mesh/errors';

/** How many passages a search yields where the caller sets no limit: enough to answer from, or to compare. */
export const RESULTS_OF_DEPTH: Readonly<Record<Depth, number>> = { fast: 6, deep: 16 };

/** One passage that may answer the question. Its members fit `SourceDto` of `@mesh/contracts`. */
export interface SearchResult {
  /** 1 to 500 characters, no control characters. */
  readonly title: string;
  /** An http(s) URL, or `documents:///path#anchor`. At most 2048 characters. */
  readonly url: string;
  /** The very passage, plain text. At most 4000 characters. */
  readonly snippet: string;
  /** 0 to 1, the higher the better; comparable within one search alone. */
  readonly score: number;
}

export interface SearchOptions {
  readonly depth: Depth;
  /** Most results wanted, 1 to 20. Default: `RESULTS_OF_DEPTH` of the depth. */
  readonly limit?: number;
  readonly signal: AbortSignal;
  /** Epoch milliseconds: what would end later is not begun. */
  readonly deadline?: number;
}

export interface ProviderCheck {
  readonly ok: boolean;
  /** One line for an operator: no key, no absolute path. */
  readonly detail: string;
  /** Code of the failure. */
  readonly code?: ErrorCode;
}

/** What can be searched. */
export interface DocumentList {
  readonly total: number;
  /** By path; within the limits of a `SearchResult`. */
  readonly documents: readonly Pick<SearchResult, 'title' | 'url'>[];
}

/** Where the researcher looks things up. An aborted signal rejects with the signal's reason. */
export interface SearchProvider {
  readonly name: 'documents' | 'tavily';
  /** Best first; may be empty. */
  search(query: string, options: SearchOptions): Promise<SearchResult[]>;
  /** The first `limit` of what is searched; absent where that is not known (the web). */
  list?(limit: number): Promise<DocumentList>;
  /** Whether searches can be expected to work. Costs nothing; never rejects but for an aborted signal. */
  check(options: { readonly signal: AbortSignal }): Promise<ProviderCheck>;
  /** May be called twice. */
  close(): Promise<void>;
}
