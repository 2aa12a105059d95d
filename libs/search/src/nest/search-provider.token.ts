/** Token of the agent's `SearchProvider`. */
export const SEARCH_PROVIDER = Symbol('SEARCH_PROVIDER');
