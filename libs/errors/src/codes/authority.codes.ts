import type { ErrorEntry } from '../error-entry.js';

export const authorityCodes = {} as const satisfies Record<string, ErrorEntry>;
