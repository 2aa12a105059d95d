import { expect, it } from '@jest/globals';
import { systemClock } from './clock.js';

it('runs once, and not after it was cancelled', async () => {
  const ran: string[] = [];
  systemClock.after(0, () => ran.push('cancelled'))();
  await new Promise<void>((done) => {
    systemClock.after(1, () => {
      ran.push('run');
      done();
    });
  });
  expect(ran).toEqual(['run']);
  expect(Math.abs(systemClock.now() - Date.now())).toBeLessThan(1000);
});
