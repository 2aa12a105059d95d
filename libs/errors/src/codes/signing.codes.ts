import type { ErrorEntry } from '../error-entry.js';

export const signingCodes = {} as const satisfies Record<string, ErrorEntry>;
