import { describe, expect, it } from '@jest/globals';
import { healthOf } from './agent-status.js';

describe('healthOf', () => {
  it('is as bad as the worst check', () => {
    const [up, degraded, down] = (['up', 'degraded', 'down'] as const).map((status) => ({
      status,
    }));
    expect(healthOf({ details: {} }).status).toBe('up');
    expect(healthOf({ details: { a: up! } }).status).toBe('up');
    expect(healthOf({ details: { a: up!, b: degraded! } }).status).toBe('degraded');
    expect(healthOf({ details: { a: down!, b: degraded! } }).status).toBe('down');
  });

  it('says why by what is meant for any reader, and nothing else', () => {
    const details = {
      identity: { status: 'degraded', state: 'reconnecting', spiffeId: 'spiffe://a.test/b' },
      search: { status: 'down', detail: 'The folder is gone.', code: 'ERR_X', path: '/home/me' },
      issuer: { status: 'degraded', url: 'https://login.test', code: 'ERR_Y' },
      other: { status: 'down', message: 'at /home/me/secret.ts', detail: { key: 'k' } },
    } as const;
    const { checks } = healthOf({ details });
    expect(checks).toEqual([
      { name: 'identity', status: 'degraded', reason: 'reconnecting' },
      { name: 'search', status: 'down', reason: 'The folder is gone.' },
      { name: 'issuer', status: 'degraded', reason: 'ERR_Y' },
      { name: 'other', status: 'down' },
    ]);
  });

  it('has no reason where all is well', () => {
    const details = { search: { status: 'up', detail: '3 documents' } } as const;
    expect(healthOf({ details }).checks).toEqual([{ name: 'search', status: 'up' }]);
  });

  it('keeps reasons to a line, and checks to a number', () => {
    const details = Object.fromEntries(
      Array.from({ length: 60 }, (_, index) => [
        `check-${index}`,
        { status: 'down' as const, detail: `\u001b[31m\n${'x'.repeat(500)}` },
      ]),
    );
    const { checks } = healthOf({ details });
    expect(checks).toHaveLength(50);
    expect(checks[0]!.reason!.length).toBeLessThanOrEqual(200);
    expect(checks[0]!.reason).not.toMatch(/\p{Cc}/u);
  });
});
