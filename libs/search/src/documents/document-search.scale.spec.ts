import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { link, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { DocumentSearch, type IndexProgress } from './document-search.js';

const COUNT = 10_000;
const signal = new AbortController().signal;
let base: string;

beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'documents-'));
  // Hard links to one file: as many documents, made fast.
  const first = join(base, 'first');
  await writeFile(first, '# Page\n\nIt is about apples and nothing else.\n');
  for (let folder = 0; folder < 100; folder++) {
    const directory = join(base, 'documents', `${folder}`);
    await mkdir(directory, { recursive: true });
    const names = Array.from({ length: COUNT / 100 }, (_, at) => join(directory, `${at}.md`));
    await Promise.all(names.slice(folder === 42 ? 1 : 0).map((name) => link(first, name)));
  }
  await writeFile(join(base, 'documents/42/0.md'), '# Quinces\n\nThey are picked in October.\n');
}, 30_000);

afterAll(() => rm(base, { recursive: true, force: true }));

describe('a folder of ten thousand files', () => {
  it('is indexed with progress while the event loop is served, and opened from the cache', async () => {
    const options = { directory: join(base, 'documents'), cacheFile: join(base, 'index.cache') };
    const progress: IndexProgress[] = [];
    let turns = 0;
    let opening = true;
    const counting = (async () => {
      for (; opening; turns++) await setImmediate();
    })();
    const search = await DocumentSearch.open({
      ...options,
      onProgress: (step) => progress.push(step),
    });
    opening = false;
    await counting;
    expect(turns).toBeGreaterThan(100);
    expect(progress[0]).toEqual({ done: 0, total: COUNT });
    expect(progress.at(-1)).toEqual({ done: COUNT, total: COUNT });
    await search.close();

    const again = await DocumentSearch.open(options);
    expect(again.size).toEqual({ documents: COUNT, passages: COUNT });
    const [found] = await again.search('When are quinces picked?', { depth: 'fast', signal });
    expect(found?.url).toBe('documents:///42/0.md#quinces');
    await again.close();
  }, 30_000);
});
