import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  realpath,
  rename,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { DocumentSearch, type DocumentSearchOptions } from './document-search.js';
import type { DocumentWarning } from './documents.error.js';

const signal = new AbortController().signal;
let base: string;
let directory: string;
let cacheFile: string;
let warnings: DocumentWarning[];
let opened: DocumentSearch[];

beforeEach(async () => {
  base = await realpath(await mkdtemp(join(tmpdir(), 'documents-')));
  directory = join(base, 'documents');
  cacheFile = join(base, 'index.cache');
  await mkdir(directory);
  warnings = [];
  opened = [];
});

afterEach(async () => {
  for (const search of opened) await search.close();
  await rm(base, { recursive: true, force: true });
});

async function write(path: string, content: string | Uint8Array): Promise<void> {
  await mkdir(dirname(join(directory, path)), { recursive: true });
  await writeFile(join(directory, path), content);
}

async function open(options: Partial<DocumentSearchOptions> = {}): Promise<DocumentSearch> {
  const search = await DocumentSearch.open({
    directory,
    rescanMs: 0,
    onWarning: (warning) => warnings.push(warning),
    ...options,
  });
  opened.push(search);
  return search;
}

const urls = async (search: DocumentSearch, query: string) =>
  (await search.search(query, { depth: 'fast', signal })).map((result) => result.url);

/** Searches until the outcome is as wanted: changes are picked up a moment after they are made. */
async function becomes(
  search: DocumentSearch,
  query: string,
  wanted: readonly string[],
): Promise<void> {
  const deadline = Date.now() + 4000;
  for (;;) {
    const found = await urls(search, query);
    if (JSON.stringify(found) === JSON.stringify(wanted) || Date.now() > deadline) {
      expect(found).toEqual(wanted);
      return;
    }
    await setImmediate();
  }
}

describe('DocumentSearch', () => {
  it('finds the passage of a section, with its title, address and very text', async () => {
    await write(
      'guides/honey.md',
      '# Bees\n\nAll year.\n\n## When to take honey\n\nIn **July**, when the frames are [capped](x).\n\n## Feeding\n\nSugar.\n',
    );
    await write('other.md', '# Other\n\nNothing about July.\n');
    const search = await open();
    const [best] = await search.search('When is the honey taken?', { depth: 'fast', signal });
    expect(best).toEqual({
      title: 'Bees — When to take honey',
      url: 'documents:///guides/honey.md#when-to-take-honey',
      snippet: 'In July, when the frames are capped.',
      score: 1,
    });
    expect(search.size).toEqual({ documents: 2, passages: 4 });
  });

  it('reads .md, .txt and .html whatever the case of the extension, and names those without a title by path', async () => {
    await write('a.MD', 'apple');
    await write('notes/b c#.txt', 'line one\n\napple');
    await write('c.html', '<title>The page</title><h2 id="x">Fruit</h2><p>apple</p>');
    await write('d.rst', 'apple');
    await write('e.json', '{"apple":1}');
    const search = await open();
    const results = await search.search('apple', { depth: 'deep', signal });
    expect(results.map(({ title, url }) => [title, url]).sort()).toEqual([
      ['The page — Fruit', 'documents:///c.html#x'],
      ['a', 'documents:///a.MD'],
      ['notes/b c#', 'documents:///notes/b%20c%23.txt#L1'],
    ]);
  });

  it.each([
    ['我们什么时候收蜂蜜？', '蜂蜜在七月收取，那时巢脾已经封盖。'],
    ['はちみつはいつ採りますか', 'はちみつは七月に採ります。'],
    ['Когда собирают мёд?', 'Мёд собирают в июле.'],
    ['متى يُجمع العسل؟', 'يجمع العسل في تموز.'],
    ['เก็บน้ำผึ้งเมื่อไหร่', 'น้ำผึ้งเก็บในเดือนกรกฎาคม'],
    ['Quand récolte-t-on le miel ?', 'Le miel se recolte en juillet.'],
  ])('answers %p', async (question, answer) => {
    await write('a.md', answer);
    await write('b.md', 'Something else entirely. 完全不同的。Совсем другое. もの');
    const search = await open();
    expect((await search.search(question, { depth: 'fast', signal }))[0]?.snippet).toBe(answer);
  });

  it('finds a document that is a title and nothing else', async () => {
    await write('a.md', '# Apples\n');
    await write('b.html', '<title>Pears</title>');
    const search = await open();
    expect(await search.search('apple', { depth: 'fast', signal })).toMatchObject([
      { title: 'Apples', url: 'documents:///a.md', snippet: 'Apples' },
    ]);
    expect(await urls(search, 'pear')).toEqual(['documents:///b.html']);
  });

  it('finds nothing where nothing fits', async () => {
    await write('a.md', 'apple');
    const search = await open();
    for (const query of ['zebra', '', '   ', '?!', '\u0000', '\ud800']) {
      expect(await urls(search, query)).toEqual([]);
    }
  });

  it('takes a question of 100,000 characters', async () => {
    await write('a.md', 'apple');
    const search = await open();
    expect(await urls(search, 'apple '.repeat(17_000))).toEqual(['documents:///a.md']);
  });

  it('gives six passages at depth fast, sixteen at deep, or as many as asked for up to twenty', async () => {
    for (let at = 0; at < 30; at++) await write(`${at}.md`, `apple number ${at}`);
    const search = await open();
    expect(await search.search('apple', { depth: 'fast', signal })).toHaveLength(6);
    expect(await search.search('apple', { depth: 'deep', signal })).toHaveLength(16);
    expect(await search.search('apple', { depth: 'fast', limit: 2, signal })).toHaveLength(2);
    expect(await search.search('apple', { depth: 'fast', limit: 99, signal })).toHaveLength(20);
  });

  it('lists what is searched by path, up to a limit, and leaves out what was skipped', async () => {
    await write('b.md', '# Second\n\ntext');
    await write('a/c d.txt', 'text');
    await write('z.md', Uint8Array.of(0, 1, 2));
    const search = await open();
    expect(await search.list(10)).toEqual({
      total: 2,
      documents: [
        { title: 'a/c d', url: 'documents:///a/c%20d.txt' },
        { title: 'Second', url: 'documents:///b.md' },
      ],
    });
    expect(await search.list(1)).toMatchObject({ total: 2, documents: [{ title: 'a/c d' }] });
  });

  it('keeps titles on one line', async () => {
    await write(
      'a.html',
      `<title>A\u202e title\n ${'x'.repeat(400)}</title><h2>B\u0007ell</h2><p>apple`,
    );
    const [found] = await (await open()).search('apple', { depth: 'fast', signal });
    expect(found?.title).toMatch(/^A title x+… — B ell$/);
    expect(found?.title.length).toBeLessThanOrEqual(300);
  });

  describe('the folder', () => {
    it.each([
      ['missing', 'missing', 'ERR_DOCUMENTS_NOT_FOUND'],
      ['a file', 'file.md', 'ERR_DOCUMENTS_NOT_A_FOLDER'],
      ['below a file', 'file.md/sub', 'ERR_DOCUMENTS_NOT_A_FOLDER'],
      ['a link to itself', 'loop', 'ERR_DOCUMENTS_UNREADABLE'],
    ])('is refused where it is %s', async (_, path, code) => {
      await write('file.md', 'apple');
      await symlink('loop', join(directory, 'loop'));
      await expect(open({ directory: join(directory, path) })).rejects.toMatchObject({ code });
    });

    it('may be a link itself, and empty', async () => {
      await symlink(directory, join(base, 'link'));
      const search = await open({ directory: join(base, 'link') });
      expect(await urls(search, 'apple')).toEqual([]);
      expect(await search.check({ signal })).toEqual({
        ok: true,
        detail: '0 documents, 0 passages',
      });
    });

    it('is refused with more documents or bytes than the limits', async () => {
      await write('a.md', 'apple');
      await write('b.md', 'banana');
      await expect(open({ maxFiles: 1 })).rejects.toMatchObject({ code: 'ERR_DOCUMENTS_TOO_MANY' });
      await expect(open({ maxTotalBytes: 10 })).rejects.toMatchObject({
        code: 'ERR_DOCUMENTS_TOO_LARGE',
      });
      expect((await open({ maxFiles: 2, maxTotalBytes: 11 })).size.documents).toBe(2);
    });

    it('that goes away fails the searches until it is back', async () => {
      await write('a.md', 'apple');
      const search = await open();
      await rename(directory, `${directory}-away`);
      const gone = async () => {
        const deadline = Date.now() + 4000;
        while (Date.now() < deadline) {
          await urls(search, 'apple');
          await setImmediate();
        }
      };
      await expect(gone()).rejects.toMatchObject({ code: 'ERR_DOCUMENTS_NOT_FOUND' });
      expect(await search.check({ signal })).toMatchObject({ ok: false });
      await expect(search.list(10)).rejects.toMatchObject({ code: 'ERR_DOCUMENTS_NOT_FOUND' });
      await rename(`${directory}-away`, directory);
      const deadline = Date.now() + 4000;
      let found: string[] | undefined;
      while (found === undefined && Date.now() < deadline) {
        found = await urls(search, 'apple').catch(() => undefined);
        await setImmediate();
      }
      expect(found).toEqual(['documents:///a.md']);
    });
  });

  describe('a file that cannot be used', () => {
    it.each([
      ['binary', new Uint8Array([0x61, 0, 0x62])],
      ['not-utf8', new Uint8Array([0x61, 0xff, 0x62])],
      ['too-large', 'x'.repeat(10_001)],
      ['too-deep', '<div>'.repeat(1001)],
    ] as const)('is skipped with a warning: %s', async (reason, content) => {
      await write('sub/bad.html', content);
      await write('good.md', 'apple');
      const search = await open({ maxFileBytes: 10_000 });
      expect(await urls(search, 'apple')).toEqual(['documents:///good.md']);
      expect(warnings).toEqual([expect.objectContaining({ path: 'sub/bad.html', reason })]);
      expect(warnings[0]?.message).toMatch(/^sub\/bad\.html \w+/);
      expect(search.size.documents).toBe(1);
    });

    it('is skipped with a warning: unreadable', async () => {
      await symlink('loop.md', join(directory, 'loop.md'));
      await write('good.md', 'apple');
      expect(await urls(await open(), 'apple')).toEqual(['documents:///good.md']);
      expect(warnings).toEqual([
        expect.objectContaining({ path: 'loop.md', reason: 'unreadable' }),
      ]);
    });

    it('is named again at the next start, and used once it is mended', async () => {
      await write('bad.md', new Uint8Array([0]));
      await (await open({ cacheFile })).close();
      const search = await open({ cacheFile });
      expect(warnings.map(({ reason }) => reason)).toEqual(['binary', 'binary']);
      await write('bad.md', 'apple');
      await becomes(search, 'apple', ['documents:///bad.md']);
    });

    it('does not smuggle control characters into a warning', async () => {
      await write('a\n\u001b[31m.md', new Uint8Array([0]));
      await open();
      expect(warnings[0]?.path).toBe('a\u{FFFD}\u{FFFD}[31m.md');
    });

    it('may be empty, or start with a byte order mark', async () => {
      await write('empty.md', '');
      await write('bom.md', '\ufeff# Title\n\napple');
      const [found] = await (await open()).search('apple', { depth: 'fast', signal });
      expect(found?.title).toBe('Title');
      expect(warnings).toEqual([]);
    });
  });

  describe('what lies outside or is hidden', () => {
    it('is not read: hidden entries, node_modules, dist', async () => {
      for (const path of ['.hidden.md', '.git/a.md', 'node_modules/a.md', 'sub/dist/a.md'])
        await write(path, 'apple');
      expect(await urls(await open(), 'apple')).toEqual([]);
    });

    it('is not read through links', async () => {
      await writeFile(join(base, 'outside.md'), 'apple');
      await mkdir(join(base, 'documents-too'));
      await writeFile(join(base, 'documents-too/a.md'), 'apple');
      await symlink('../outside.md', join(directory, 'file.md'));
      await symlink('../documents-too/a.md', join(directory, 'prefix.md'));
      await symlink(base, join(directory, 'folder'));
      await symlink('nowhere.md', join(directory, 'dangling.md'));
      expect(await urls(await open(), 'apple')).toEqual([]);
      expect(warnings.map(({ path, reason }) => [path, reason]).sort()).toEqual([
        ['file.md', 'link-leads-out'],
        ['prefix.md', 'link-leads-out'],
      ]);
    });

    it('but a link to a file inside is, once', async () => {
      await write('..data/mounted.md', 'apple');
      await symlink('..data/mounted.md', join(directory, 'mounted.md'));
      await write('own.md', 'banana');
      await symlink('own.md', join(directory, 'again.md'));
      const search = await open();
      expect(await urls(search, 'apple')).toEqual(['documents:///mounted.md']);
      expect(await urls(search, 'banana')).toEqual(['documents:///own.md']);
    });
  });

  describe('changes', () => {
    it('are picked up by later searches', async () => {
      await write('a.md', 'apple');
      await write('b.md', 'apple');
      const search = await open();
      await write('c.md', 'cherry');
      await becomes(search, 'cherry', ['documents:///c.md']);
      await write('a.md', 'banana instead');
      await becomes(search, 'banana', ['documents:///a.md']);
      await becomes(search, 'apple', ['documents:///b.md']);
      await rm(join(directory, 'b.md'));
      await becomes(search, 'apple', []);
    });

    it('are picked up at open, from the cache', async () => {
      await write('a.md', 'apple');
      await write('b.md', 'banana');
      await (await open({ cacheFile })).close();
      await write('a.md', 'cherry');
      await rm(join(directory, 'b.md'));
      await write('c.md', 'damson');
      const search = await open({ cacheFile });
      expect(await urls(search, 'apple')).toEqual([]);
      expect(await urls(search, 'banana')).toEqual([]);
      expect(await urls(search, 'cherry')).toEqual(['documents:///a.md']);
      expect(await urls(search, 'damson')).toEqual(['documents:///c.md']);
    });

    it('are seen even if size and modification time are as before', async () => {
      await write('a.md', 'apple');
      await utimes(join(directory, 'a.md'), 1000, 1000);
      const search = await open();
      await write('a.md', 'peach');
      await utimes(join(directory, 'a.md'), 1000, 1000);
      await becomes(search, 'peach', ['documents:///a.md']);
    });

    it('leave a search in one piece while they are taken in', async () => {
      await write('a.md', '# A\n\napple\n');
      const search = await open();
      await write('a.md', `# A\n\napple\n\n${'## Part\n\nbanana split\n\n'.repeat(3000)}`);
      const deadline = Date.now() + 4000;
      let passages = 0;
      while (passages < 3000 && Date.now() < deadline) {
        expect(await urls(search, 'apple')).toEqual(['documents:///a.md#a']);
        ({ passages } = search.size);
        expect([1, 3001]).toContain(passages);
        await setImmediate();
      }
      expect(passages).toBe(3001);
    });
  });

  describe('the cache', () => {
    const old = new Date(Date.now() - 60_000);

    it('spares reading what did not change', async () => {
      await write('a.md', 'apple');
      await (await open({ cacheFile })).close();
      const before = await readFile(cacheFile, 'utf8');
      // What only a cache that is believed can say; the file's times are made old enough to be beyond doubt.
      const file = join(directory, 'a.md');
      await utimes(file, old, old);
      const { mtimeMs, ctimeMs } = await stat(file);
      await writeFile(
        cacheFile,
        before
          .replaceAll('apple', 'quince')
          .replaceAll('appl', 'quinc')
          .replace(/"mtimeMs":[\d.]+/, `"mtimeMs":${mtimeMs}`)
          .replace(/"ctimeMs":[\d.]+/, `"ctimeMs":${ctimeMs}`)
          .replace(/"readAt":\d+/, `"readAt":${Date.now() + 10_000}`),
      );
      expect(await urls(await open({ cacheFile }), 'quince')).toEqual(['documents:///a.md']);
    });

    it('is readable by its owner alone, and leaves no other file behind', async () => {
      await write('a.md', 'apple');
      await (await open({ cacheFile })).close();
      expect((await stat(cacheFile)).mode & 0o777).toBe(0o600);
      expect((await readdir(base)).sort()).toEqual(['documents', 'index.cache']);
    });

    it.each([
      ['cut off', (text: string) => text.slice(0, text.length / 2), 'cache-unreadable'],
      ['without its end', (text: string) => text.replace(/\{"end".*\n/, ''), 'cache-unreadable'],
      ['garbage', () => 'garbage\n', 'cache-unreadable'],
      [
        'of other types',
        (text: string) => text.replace(/"passages":\[/, '"passages":[1,'),
        'cache-unreadable',
      ],
      ['null', () => 'null\n', 'cache-unreadable'],
      ['empty', () => '', 'cache-unreadable'],
      [
        'of another version',
        (text: string) => text.replace(/documents",\d+/, 'documents",0'),
        undefined,
      ],
      ['of another folder', (text: string) => text.replace(base, '/elsewhere'), undefined],
    ])('is not used where it is %s', async (_, damage, reason) => {
      await write('a.md', 'apple');
      await (await open({ cacheFile })).close();
      await writeFile(cacheFile, damage(await readFile(cacheFile, 'utf8')));
      expect(await urls(await open({ cacheFile }), 'apple')).toEqual(['documents:///a.md']);
      expect(warnings.map((warning) => warning.reason)).toEqual(
        reason === undefined ? [] : [reason],
      );
    });

    it('that cannot be written costs a warning', async () => {
      await write('a.md', 'apple');
      await writeFile(join(base, 'file'), '');
      const search = await open({ cacheFile: join(base, 'file', 'index.cache') });
      await search.close();
      expect(warnings.map(({ reason }) => reason)).toContain('cache-unwritable');
    });

    it('makes its folder, for its owner alone', async () => {
      await write('a.md', 'apple');
      await (await open({ cacheFile: join(base, 'state', 'index.cache') })).close();
      expect((await stat(join(base, 'state'))).mode & 0o777).toBe(0o700);
    });

    it('is not followed through a link', async () => {
      await write('a.md', 'apple');
      await writeFile(join(base, 'target'), 'precious');
      await symlink('target', cacheFile);
      await (await open({ cacheFile })).close();
      expect(await readFile(join(base, 'target'), 'utf8')).toBe('precious');
      expect((await stat(cacheFile)).size).toBeGreaterThan(20);
    });
  });

  describe('abort and close', () => {
    it('an aborted signal ends open and search with its reason', async () => {
      await write('a.md', 'apple');
      const reason = new Error('enough');
      await expect(open({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
      const search = await open();
      await expect(
        search.search('apple', { depth: 'fast', signal: AbortSignal.abort(reason) }),
      ).rejects.toBe(reason);
      await expect(search.check({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    });

    it('aborted on the way, open ends', async () => {
      for (let at = 0; at < 300; at++) await write(`${at}.md`, `apple ${'word '.repeat(2000)}`);
      const controller = new AbortController();
      const opening = open({
        signal: controller.signal,
        onProgress: ({ done }) => {
          if (done > 0) controller.abort(new Error('enough'));
        },
      });
      await expect(opening).rejects.toThrow('enough');
    });

    it('closed in the middle of an update, it leaves nothing half done in the cache', async () => {
      await write('a.md', 'apple');
      // Files are taken in by name: once the binary one is named, the big one is next.
      let named = () => undefined as void;
      const started = new Promise<void>((resolve) => (named = resolve));
      const search = await open({ cacheFile, onWarning: () => named() });
      await write('b-binary.md', new Uint8Array([0]));
      await write('big.txt', 'banana split '.repeat(150_000));
      let over = false;
      const searching = (async () => {
        for (; !over; await setImmediate()) await urls(search, 'apple').catch(() => undefined);
      })();
      await started;
      for (let turns = 0; turns < 3; turns++) await setImmediate();
      over = true;
      await search.close();
      await searching;
      expect(await readFile(cacheFile, 'utf8')).not.toContain('banana');
      await rm(join(directory, 'big.txt'));
      await write('c.md', 'cherry');
      const again = await open({ cacheFile });
      expect(await urls(again, 'cherry')).toEqual(['documents:///c.md']);
    });

    it('may be closed twice, and does not search afterwards', async () => {
      const search = await open();
      await search.close();
      await search.close();
      await expect(urls(search, 'apple')).rejects.toMatchObject({ code: 'ERR_DOCUMENTS_CLOSED' });
    });
  });
});
