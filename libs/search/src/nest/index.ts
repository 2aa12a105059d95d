export { SEARCH_PROVIDER } from './search-provider.token.js';
export { SearchHealthIndicator } from './search.health.js';
export { SearchModule, type SearchModuleOptions } from './search.module.js';
