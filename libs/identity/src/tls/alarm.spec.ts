import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Alarm } from './alarm.js';

describe('Alarm', () => {
  const DAY = 86_400_000;
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  it('rings at its time, also one that is further away than a timer can wait', () => {
    const ring = jest.fn();
    new Alarm().set(Date.now() + 60 * DAY, ring);
    jest.advanceTimersByTime(60 * DAY - 1);
    expect(ring).not.toHaveBeenCalled();
    jest.advanceTimersByTime(1);
    expect(ring).toHaveBeenCalledTimes(1);
  });

  it('rings within 30 s of a clock that jumps past its time, as when the machine slept', () => {
    const ring = jest.fn();
    new Alarm().set(Date.now() + DAY, ring);
    jest.setSystemTime(Date.now() + 2 * DAY);
    jest.advanceTimersByTime(30_000);
    expect(ring).toHaveBeenCalledTimes(1);
  });

  it('does not ring early where the clock is put back', () => {
    const ring = jest.fn();
    new Alarm().set(Date.now() + 1000, ring);
    jest.setSystemTime(Date.now() - 10_000);
    jest.advanceTimersByTime(10_999);
    expect(ring).not.toHaveBeenCalled();
    jest.advanceTimersByTime(1);
    expect(ring).toHaveBeenCalledTimes(1);
  });

  it('rings for a time that is past', () => {
    const ring = jest.fn();
    new Alarm().set(0, ring);
    jest.advanceTimersByTime(1);
    expect(ring).toHaveBeenCalledTimes(1);
  });

  it('does not ring when cleared, and only the last time when set again', () => {
    const alarm = new Alarm();
    const [first, second] = [jest.fn(), jest.fn()];
    alarm.set(Date.now() + 10, first);
    alarm.set(Date.now() + 20, second);
    jest.advanceTimersByTime(30);
    expect(first).not.toHaveBeenCalled();
    expect(second).toHaveBeenCalledTimes(1);
    alarm.set(Date.now() + 10, first);
    alarm.clear();
    jest.advanceTimersByTime(30);
    expect(first).not.toHaveBeenCalled();
  });
});
