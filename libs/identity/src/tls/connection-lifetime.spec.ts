import { describe, expect, it } from '@jest/globals';
import { connectionLifetime } from './connection-lifetime.js';

const validity = (from: number, to: number) => ({
  notBefore: new Date(from * 1000),
  notAfter: new Date(to * 1000),
});

describe('connectionLifetime', () => {
  it('ends with the chain that ends first', () => {
    expect(connectionLifetime(validity(0, 100), validity(0, 200), 0).endAt).toBe(100_000);
    expect(connectionLifetime(validity(0, 200), validity(0, 100), 0).endAt).toBe(100_000);
  });

  it.each([3600, 6])('winds down from half of a lifetime of %d s, the client first', (ttl) => {
    const svid = validity(0, ttl);
    expect(connectionLifetime(svid, svid, 1000)).toEqual({
      retireAt: ttl * 500,
      drainAt: ttl * 750,
      closeIdleAt: ttl * 875,
      endAt: ttl * 1000,
    });
  });

  it('takes the life of one that was set back by 10 s for what it is', () => {
    const svid = validity(-10, 6);
    expect(connectionLifetime(svid, svid, 1000)).toEqual({
      retireAt: 3000,
      drainAt: 4500,
      closeIdleAt: 5250,
      endAt: 6000,
    });
  });

  it('keeps the order and some use of the connection where a peer is late in rotating', () => {
    const svid = validity(0, 80);
    expect(connectionLifetime(svid, svid, 48_000)).toEqual({
      retireAt: 48_500,
      drainAt: 64_250,
      closeIdleAt: 72_125,
      endAt: 80_000,
    });
  });

  it('is over for a chain that has ended', () => {
    expect(connectionLifetime(validity(0, 10), validity(0, 99), 20_000)).toMatchObject({
      retireAt: 10_000,
      endAt: 10_000,
    });
  });
});
