import type { Linter } from 'eslint';

export const libraries: Readonly<Record<string, readonly string[]>>;
export function layering(root: string): Linter.Config[];
