import type { ErrorEntry } from '../error-entry.js';

export const provenanceCodes = {} as const satisfies Record<string, ErrorEntry>;
