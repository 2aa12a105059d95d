import type { ErrorEntry } from '../error-entry.js';

export const resilienceCodes = {} as const satisfies Record<string, ErrorEntry>;
