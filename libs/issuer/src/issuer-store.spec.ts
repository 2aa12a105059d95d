import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { IssuerStore } from './issuer-store.js';

describe('IssuerStore', () => {
  afterEach(() => void jest.useRealTimers());

  it('keeps a record until it expires', async () => {
    jest.useFakeTimers({ now: 0 });
    const codes = new IssuerStore().adapter('AuthorizationCode');
    await codes.upsert('a', { accountId: 'reader' }, 60);
    jest.setSystemTime(59_999);
    expect(await codes.find('a')).toEqual({ accountId: 'reader' });
    jest.setSystemTime(60_000);
    expect(await codes.find('a')).toBeUndefined();
  });

  it('has one store a kind, the same for each provider', async () => {
    const store = new IssuerStore();
    await store.adapter('Session').upsert('a', { uid: 'u' });
    expect(await store.adapter('Session').findByUid('u')).toEqual({ uid: 'u' });
    expect(await store.adapter('Session').findByUid('v')).toBeUndefined();
    expect(await store.adapter('Grant').find('a')).toBeUndefined();
  });

  it('lets a code be used once, also by two at a time', async () => {
    const codes = new IssuerStore().adapter('AuthorizationCode');
    await codes.upsert('a', {});
    const uses = await Promise.allSettled([codes.consume('a'), codes.consume('a')]);
    expect(uses.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
    await expect(codes.consume('a')).rejects.toMatchObject({ error: 'invalid_grant' });
    await expect(codes.consume('b')).rejects.toMatchObject({ error: 'invalid_grant' });
  });

  it('keeps a used code used when it is written back', async () => {
    const codes = new IssuerStore().adapter('AuthorizationCode');
    await codes.upsert('a', {});
    const read = (await codes.find('a'))!;
    await codes.consume('a');
    await codes.upsert('a', read);
    await expect(codes.consume('a')).rejects.toMatchObject({ error: 'invalid_grant' });
  });

  it('revokes what came of a grant, and nothing else', async () => {
    const tokens = new IssuerStore().adapter('RefreshToken');
    await tokens.upsert('a', { grantId: 'g' });
    await tokens.upsert('b', { grantId: 'h' });
    await tokens.revokeByGrantId('g');
    expect(await tokens.find('a')).toBeUndefined();
    expect(await tokens.find('b')).toBeDefined();
  });

  it('drops the oldest of a kind where there are too many, and no other kind', async () => {
    const store = new IssuerStore();
    const interactions = store.adapter('Interaction');
    await store.adapter('Session').upsert('s', {});
    for (let i = 0; i <= 2000; i++) await interactions.upsert(`${i}`, {});
    expect(await interactions.find('0')).toBeUndefined();
    expect(await interactions.find('1')).toBeDefined();
    expect(await interactions.find('2000')).toBeDefined();
    expect(await store.adapter('Session').find('s')).toBeDefined();
  });

  it('drops no session that somebody is signed in with for one that anyone can have made', async () => {
    const sessions = new IssuerStore().adapter('Session');
    await sessions.upsert('signed in', { accountId: 'reader' });
    for (let i = 0; i <= 2000; i++) await sessions.upsert(`${i}`, {});
    expect(await sessions.find('signed in')).toBeDefined();
    expect(await sessions.find('1')).toBeUndefined();
    expect(await sessions.find('2000')).toBeDefined();
  });
});
