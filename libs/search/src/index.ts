export {
  DocumentSearch,
  type DocumentSearchOptions,
  type IndexProgress,
} from './documents/document-search.js';
export {
  DocumentsError,
  type DocumentsErrorCode,
  type DocumentWarning,
  type DocumentWarningReason,
} from './documents/documents.error.js';
export {
  RESULTS_OF_DEPTH,
  type DocumentList,
  type ProviderCheck,
  type SearchOptions,
  type SearchProvider,
  type SearchResult,
} from './search-provider.js';
export { TavilySearch, type TavilySearchOptions } from './tavily/tavily-search.js';
export { TavilyError, type TavilyErrorCode } from './tavily/tavily.error.js';
