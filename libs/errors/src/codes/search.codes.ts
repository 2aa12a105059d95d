import type { ErrorEntry } from '../error-entry.js';

export const searchCodes = {} as const satisfies Record<string, ErrorEntry>;
