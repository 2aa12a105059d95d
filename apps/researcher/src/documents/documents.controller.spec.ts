import { describe, expect, it } from '@jest/globals';
import type { SearchProvider } from '@mesh/search';
import { DocumentsController } from './documents.controller.js';

const search = (more: Pick<SearchProvider, 'name'> & Partial<SearchProvider>) =>
  new DocumentsController(more as SearchProvider);

describe('DocumentsController', () => {
  it('asks for 200 documents at most, and tells title and URL alone', async () => {
    let asked: number | undefined;
    const controller = search({
      name: 'documents',
      list: (limit) => {
        asked = limit;
        const document = { title: 'T', url: 'documents:///t.md', path: '/home/me/t.md' };
        return Promise.resolve({ total: 300, documents: [document] });
      },
    });
    expect(await controller.list()).toEqual({
      search: 'documents',
      total: 300,
      documents: [{ title: 'T', url: 'documents:///t.md' }],
    });
    expect(asked).toBe(200);
  });

  it('has none where the web is searched', async () => {
    expect(await search({ name: 'tavily' }).list()).toEqual({
      search: 'tavily',
      total: 0,
      documents: [],
    });
  });
});
