import { describe, expect, it } from '@jest/globals';
import { examplesFor } from './examples.js';

const list = (...urls: string[]) => ({
  search: 'documents' as const,
  total: urls.length,
  documents: urls.map((url) => ({ title: url, url })),
});

describe('examplesFor', () => {
  it('has questions for the guides of the mesh, and until it is known', () => {
    expect(examplesFor(undefined)).toHaveLength(3);
    expect(examplesFor(list('documents:///guides/workload-identity.md'))).toHaveLength(3);
  });

  it('has none for the documents of a person, or the web', () => {
    expect(examplesFor(list('documents:///notes/backups.md'))).toEqual([]);
    expect(examplesFor({ search: 'tavily', total: 0, documents: [] })).toEqual([]);
  });
});
