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

  it('keeps the order and some use of the connection where a peer is late in rotating', () => {
    const svid = validity(0, 80);
    const { retireAt, drainAt, closeIdleAt, endAt } = connectionLifetime(svid, svid, 72_000);
    expect([retireAt, drainAt, closeIdleAt, endAt]).toEqual([73_000, 74_000, 76_000, 80_000]);
  });

  it('is over for a chain that has ended', () => {
    const { retireAt, endAt } = connectionLifetime(validity(0, 10), validity(0, 10), 20_000);
    expect(retireAt).toBe(20_000);
    expect(endAt).toBe(10_000);
  });
});
