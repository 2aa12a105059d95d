import 'reflect-metadata';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { RequestEndedError } from './pipeline.error.js';
import { deadlineOf, RequestLifetime, untilEnd } from './request-deadline.js';

const NOW = 1_000_000;

describe('deadlineOf', () => {
  it.each([
    [undefined, 5_000],
    ['1', 1],
    ['4999', 4_999],
    ['5001', 5_000],
    ['99999999', 5_000],
  ])('of %j is %d ms from now, never later than the limit', (header, left) => {
    expect(deadlineOf(header, 5_000, NOW)).toBe(NOW + left);
  });

  it.each(['', ' ', '-1', '+1', '1.5', '1e3', '0x10', '100000000', '1, 2', 'soon', '１'])(
    'refuses %j',
    (header) => {
      expect(() => deadlineOf(header, 5_000, NOW)).toThrow(
        expect.objectContaining({ code: 'ERR_HEADER_INVALID' }),
      );
    },
  );

  it('refuses several, and one that has passed', () => {
    expect(() => deadlineOf(['1', '2'], 5_000, NOW)).toThrow(
      expect.objectContaining({ code: 'ERR_HEADER_INVALID' }),
    );
    expect(() => deadlineOf('0', 5_000, NOW)).toThrow(
      expect.objectContaining({ code: 'ERR_DEADLINE_EXCEEDED' }),
    );
  });
});

describe('RequestLifetime', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  it('aborts at its deadline', () => {
    const { signal } = new RequestLifetime(Date.now() + 100, Date.now());
    jest.advanceTimersByTime(99);
    expect(signal.aborted).toBe(false);
    jest.advanceTimersByTime(1);
    expect(signal.reason).toMatchObject({ code: 'ERR_DEADLINE_EXCEEDED' });
  });

  it('keeps its first reason, and leaves no timer', () => {
    const lifetime = new RequestLifetime(Date.now() + 100, Date.now());
    lifetime.end(new RequestEndedError('ERR_REQUEST_ABORTED', 'left'));
    expect(jest.getTimerCount()).toBe(0);
    lifetime.end(new RequestEndedError('ERR_AGENT_STOPPING', 'stops'));
    expect(lifetime.signal.reason).toMatchObject({ code: 'ERR_REQUEST_ABORTED' });
  });

  it('moves its deadline nearer, and never further away', () => {
    const now = Date.now();
    const lifetime = new RequestLifetime(now + 100, now);
    lifetime.limit(now + 1_000, now);
    lifetime.limit(now + 50, now);
    lifetime.limit(now + 80, now);
    expect(jest.getTimerCount()).toBe(1);
    jest.advanceTimersByTime(49);
    expect(lifetime.signal.aborted).toBe(false);
    jest.advanceTimersByTime(1);
    expect(lifetime.signal.reason).toMatchObject({ code: 'ERR_DEADLINE_EXCEEDED' });
  });

  it('ends at once by a deadline that has passed, and is not begun again by any', () => {
    const now = Date.now();
    const lifetime = new RequestLifetime(now + 100, now);
    lifetime.limit(now - 1, now);
    jest.advanceTimersByTime(1);
    expect(lifetime.signal.aborted).toBe(true);
    lifetime.limit(now - 2, now);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('aborts nothing once it is done', () => {
    const lifetime = new RequestLifetime(Date.now() + 100, Date.now());
    lifetime.done();
    expect(jest.getTimerCount()).toBe(0);
    expect(lifetime.signal.aborted).toBe(false);
  });
});

describe('untilEnd', () => {
  it('is the result of work that ends first, either way', async () => {
    const { signal } = new AbortController();
    expect(await untilEnd(Promise.resolve(7), signal)).toBe(7);
    await expect(untilEnd(Promise.reject(new Error('broken')), signal)).rejects.toThrow('broken');
  });

  it('is the reason of the signal for work that does not end, and of one that had aborted', async () => {
    const controller = new AbortController();
    const waiting = untilEnd(new Promise(() => undefined), controller.signal);
    controller.abort(new RequestEndedError('ERR_REQUEST_ABORTED', 'left'));
    await expect(waiting).rejects.toMatchObject({ code: 'ERR_REQUEST_ABORTED' });
    await expect(untilEnd(Promise.resolve(7), controller.signal)).rejects.toMatchObject({
      code: 'ERR_REQUEST_ABORTED',
    });
  });

  it('swallows what work fails with later', async () => {
    const unhandled: unknown[] = [];
    const listener = (error: unknown) => unhandled.push(error);
    process.on('unhandledRejection', listener);
    const signal = AbortSignal.abort(new RequestEndedError('ERR_REQUEST_ABORTED', 'left'));
    await expect(untilEnd(Promise.reject(new Error('late')), signal)).rejects.toMatchObject({
      code: 'ERR_REQUEST_ABORTED',
    });
    await new Promise((resolve) => setImmediate(resolve));
    process.off('unhandledRejection', listener);
    expect(unhandled).toEqual([]);
  });
});
