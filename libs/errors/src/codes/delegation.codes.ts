import type { ErrorEntry } from '../error-entry.js';

export const delegationCodes = {} as const satisfies Record<string, ErrorEntry>;
