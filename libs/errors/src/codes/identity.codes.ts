import type { ErrorEntry } from '../error-entry.js';

export const identityCodes = {} as const satisfies Record<string, ErrorEntry>;
