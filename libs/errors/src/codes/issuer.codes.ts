import type { ErrorEntry } from '../error-entry.js';

export const issuerCodes = {} as const satisfies Record<string, ErrorEntry>;
