import type { ErrorEntry } from '../error-entry.js';

export const llmCodes = {} as const satisfies Record<string, ErrorEntry>;
