import type { ErrorEntry } from '../error-entry.js';

export const meshCodes = {} as const satisfies Record<string, ErrorEntry>;
