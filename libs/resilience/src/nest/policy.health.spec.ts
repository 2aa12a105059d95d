import { afterEach, describe, expect, it } from '@jest/globals';
import { Test } from '@nestjs/testing';
import { TerminusModule } from '@nestjs/terminus';
import { Policy } from '../policy.js';
import { PolicyHealthIndicator } from './policy.health.js';

const settings = { retries: 0, breaker: { volumeThreshold: 1 } };
const policies = [new Policy('gemini', settings), new Policy('tavily', settings)];

afterEach(() => {
  for (const policy of policies) policy.close();
});

describe('PolicyHealthIndicator', () => {
  it('is up while all breakers are closed, else degraded with the reason', async () => {
    const app = await Test.createTestingModule({
      imports: [TerminusModule],
      providers: [PolicyHealthIndicator],
    }).compile();
    const indicator = app.get(PolicyHealthIndicator);
    expect(indicator.check('calls', policies)).toMatchObject({
      calls: { status: 'up', gemini: { breaker: 'closed' }, tavily: { breaker: 'closed' } },
    });

    const down = Object.assign(new Error('planted'), { code: 'ECONNREFUSED' });
    await expect(
      policies[0]!.execute(() => Promise.reject(down), { idempotent: false }),
    ).rejects.toBe(down);
    const shown = indicator.check('calls', policies);
    expect(shown).toMatchObject({
      calls: {
        status: 'degraded',
        gemini: { breaker: 'open', reason: 'ECONNREFUSED', retryAt: expect.any(Date) },
        tavily: { breaker: 'closed' },
      },
    });
    expect(JSON.stringify(shown)).not.toContain('planted');
    await app.close();
  });
});
