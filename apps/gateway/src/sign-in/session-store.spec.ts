import { beforeEach, describe, expect, it } from '@jest/globals';
import { MemorySessionStore, type SessionRecord } from './session-store.js';

const tokens = { access: 'a', issuedAt: 0, expiresAt: 600, refresh: 'r' };
const record = (hash: string, over: Partial<SessionRecord> = {}): SessionRecord => ({
  hash,
  csrf: 'c',
  page: undefined,
  issuer: 'https://login.test',
  subject: 'ann',
  sid: 's1',
  account: 'Ann',
  startedAt: 0,
  usedAt: 0,
  tokens,
  ...over,
});

let store: MemorySessionStore;
beforeEach(() => {
  store = new MemorySessionStore(3);
});

describe('sessions in memory', () => {
  it('are kept until they are removed, once', async () => {
    expect(await store.add(record('h'))).toBe(true);
    expect(await store.get('h')).toEqual(record('h'));
    expect(await store.remove('h')).toEqual(record('h'));
    expect([await store.get('h'), await store.remove('h')]).toEqual([undefined, undefined]);
  });

  it('are no more than there is room for', async () => {
    for (const hash of ['1', '2', '3']) expect(await store.add(record(hash))).toBe(true);
    expect(await store.add(record('4'))).toBe(false);
    await store.remove('1');
    expect(await store.add(record('4'))).toBe(true);
  });

  it('get new tokens in the place of those that were there, and of no others', async () => {
    const [newer, newest] = [{ ...tokens }, { ...tokens }];
    await store.add(record('h'));
    expect(await store.renew('h', tokens, newer)).toBe(true);
    expect(await store.renew('h', tokens, newest)).toBe(false);
    expect((await store.get('h'))!.tokens).toBe(newer);
    await store.remove('h');
    expect(await store.renew('h', newer, newest)).toBe(false);
    expect(await store.get('h')).toBeUndefined();
  });

  it('are not brought back by their use', async () => {
    await store.touch('h', 5);
    expect(await store.get('h')).toBeUndefined();
    await store.add(record('h'));
    await store.touch('h', 5);
    expect(await store.get('h')).toMatchObject({ usedAt: 5 });
  });

  it.each<[string, Parameters<MemorySessionStore['ofOwner']>[0], string[]]>([
    ['one session at the issuer', { issuer: 'https://login.test', sid: 's1' }, ['1']],
    ['all of a person', { issuer: 'https://login.test', subject: 'ann' }, ['1', '2']],
    ['both', { issuer: 'https://login.test', subject: 'bob', sid: 's1' }, []],
    ['another issuer', { issuer: 'https://other.test', subject: 'ann' }, []],
  ])('are found by %s', async (_, owner, hashes) => {
    await store.add(record('1'));
    await store.add(record('2', { sid: 's2' }));
    await store.add(record('3', { subject: 'bob', sid: undefined }));
    expect((await store.ofOwner(owner)).map(({ hash }) => hash)).toEqual(hashes);
  });

  it('are found by their age', async () => {
    await store.add(record('old', { startedAt: 1, usedAt: 90 }));
    await store.add(record('idle', { startedAt: 50, usedAt: 50 }));
    await store.add(record('good', { startedAt: 50, usedAt: 90 }));
    const found = await store.startedOrUsedBefore(1, 50);
    expect(found.map(({ hash }) => hash)).toEqual(['old', 'idle']);
  });
});
