import type { ErrorEntry } from '../error-entry.js';

export const secretsCodes = {} as const satisfies Record<string, ErrorEntry>;
