import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Policy } from '@mesh/resilience';
import type { SecretSource } from '@mesh/secrets';
import { Test, type TestingModule } from '@nestjs/testing';
import axios from 'axios';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SearchProvider } from '../search-provider.js';
import { SEARCH_PROVIDER } from './search-provider.token.js';
import { SearchHealthIndicator } from './search.health.js';
import { SearchModule, type SearchModuleOptions } from './search.module.js';

const signal = new AbortController().signal;
let directory: string;
let app: TestingModule | undefined;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'documents-'));
});

afterEach(async () => {
  jest.restoreAllMocks();
  await app?.close();
  app = undefined;
  await rm(directory, { recursive: true, force: true });
});

async function start(options: SearchModuleOptions): Promise<TestingModule> {
  app = await Test.createTestingModule({ imports: [SearchModule.register(options)] }).compile();
  return app.init();
}

function fake(name: SearchProvider['name'] = 'documents') {
  return {
    name,
    search: jest.fn(async () => []),
    check: jest.fn<SearchProvider['check']>(async () => ({ ok: true, detail: 'fine' })),
    close: jest.fn(async () => undefined),
  } satisfies SearchProvider;
}

describe('SearchModule', () => {
  it('opens a folder of documents, and closes it', async () => {
    await writeFile(join(directory, 'a.md'), 'apple');
    const module = await start({ documents: { directory } });
    const provider = module.get<SearchProvider>(SEARCH_PROVIDER);
    expect(await provider.search('apple', { depth: 'fast', signal })).toHaveLength(1);
    expect(await module.get(SearchHealthIndicator).check()).toMatchObject({
      search: { status: 'up', provider: 'documents', detail: '1 documents, 1 passages' },
    });
    await app?.close();
    await expect(provider.search('apple', { depth: 'fast', signal })).rejects.toMatchObject({
      code: 'ERR_DOCUMENTS_CLOSED',
    });
  });

  it('does not start without the folder', async () => {
    await expect(
      start({ documents: { directory: join(directory, 'missing') } }),
    ).rejects.toMatchObject({
      code: 'ERR_DOCUMENTS_NOT_FOUND',
    });
  });

  it('makes a Tavily search of its parts', async () => {
    const policy = new Policy('tavily');
    const secrets = { get: jest.fn(), onChange: jest.fn(), close: jest.fn() };
    const tavily = { http: axios.create(), secrets: secrets as unknown as SecretSource, policy };
    const module = await start({ tavily });
    expect(module.get<SearchProvider>(SEARCH_PROVIDER).name).toBe('tavily');
    await expect(
      start({ tavily: { ...tavily, baseUrl: 'http://example.com' } }),
    ).rejects.toMatchObject({
      code: 'ERR_EGRESS_URL_INVALID',
    });
    policy.close();
  });

  it('leaves a provider that it was given open', async () => {
    const provider = fake();
    const module = await start({ provider });
    expect(module.get(SEARCH_PROVIDER)).toBe(provider);
    await module.close();
    expect(provider.close).not.toHaveBeenCalled();
  });

  it('registers asynchronously', async () => {
    const provider = fake();
    app = await Test.createTestingModule({
      imports: [SearchModule.registerAsync({ useFactory: async () => ({ provider }) })],
    }).compile();
    expect(app.get(SEARCH_PROVIDER)).toBe(provider);
  });
});

describe('SearchHealthIndicator', () => {
  it.each([
    ['documents', 5000],
    ['tavily', 90_000],
  ] as const)('asks %s once in %i ms, however many ask', async (name, keptMs) => {
    const provider = fake(name);
    const indicator = (await start({ provider })).get(SearchHealthIndicator);
    const now = jest.spyOn(Date, 'now').mockReturnValue(1_000_000);
    await Promise.all([indicator.check(), indicator.check()]);
    now.mockReturnValue(1_000_000 + keptMs - 1);
    await indicator.check();
    expect(provider.check).toHaveBeenCalledTimes(1);
    provider.check.mockResolvedValue({ ok: false, detail: 'gone' });
    now.mockReturnValue(1_000_000 + keptMs);
    expect(await indicator.check('elsewhere')).toMatchObject({
      elsewhere: { status: 'down', provider: name, detail: 'gone' },
    });
    expect(provider.check).toHaveBeenCalledTimes(2);
  });

  it('is down where the check does not end', async () => {
    const provider = fake();
    provider.check.mockRejectedValue(new Error('aborted'));
    const indicator = (await start({ provider })).get(SearchHealthIndicator);
    expect(await indicator.check()).toMatchObject({ search: { status: 'down' } });
  });
});
