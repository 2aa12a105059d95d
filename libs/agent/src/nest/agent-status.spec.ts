import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { HealthCheckResult } from '@nestjs/terminus';
import type { AgentContext } from './agent-context.js';
import { AgentStatus, healthOf } from './agent-status.js';

describe('AgentStatus', () => {
  const context = {
    self: () => ({ spiffeId: 'spiffe://a.test/b', serialNumber: '1', notAfter: '' }),
    identity: { getX509Svid: () => ({ notBefore: new Date(0) }), rotations: 0 },
    policies: () => [],
    refusals: { list: () => [] },
  } as unknown as AgentContext;
  /** Reports that end when a test says so. */
  const scripted = () => {
    const asked: PromiseWithResolvers<HealthCheckResult>[] = [];
    const status = new AgentStatus(context, () => {
      asked.push(Promise.withResolvers());
      return asked.at(-1)!.promise;
    });
    return { asked, status };
  };
  const up: HealthCheckResult = { status: 'ok', details: { search: { status: 'up' } } };

  beforeEach(() => {
    jest.useFakeTimers();
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  it('has the report of health, one for all who look at a time', async () => {
    const { asked, status } = scripted();
    const looks = [status.read(), status.read()];
    expect(asked).toHaveLength(1);
    asked[0]!.resolve(up);
    for (const look of looks) expect((await look).health.status).toBe('up');
    void status.read();
    expect(asked).toHaveLength(2);
  });

  it('tells what it knows where a check takes long', async () => {
    const { asked, status } = scripted();
    const first = status.read();
    await jest.advanceTimersByTimeAsync(1_000);
    expect((await first).health).toEqual({
      status: 'degraded',
      checks: [{ name: 'health', status: 'degraded', reason: 'the checks have not ended yet' }],
    });
    asked[0]!.resolve(up);
    await jest.advanceTimersByTimeAsync(0);
    const second = status.read();
    await jest.advanceTimersByTimeAsync(1_000);
    expect((await second).health.status).toBe('up');
    expect(asked).toHaveLength(2);
  });

  it("tells a breaker's reason where it is a code, and no other word of it", async () => {
    const policy = (reason: string) => ({
      state: () => ({ name: 'search', breaker: 'open', reason }),
    });
    const policies = () => [policy('ECONNREFUSED'), policy('Error: /home/me')];
    const status = new AgentStatus({ ...context, policies } as never, async () => up);
    expect((await status.read()).breakers).toEqual([
      { name: 'search', state: 'open', reason: 'ECONNREFUSED' },
      { name: 'search', state: 'open' },
    ]);
  });

  it('fails as the report fails, early or late', async () => {
    const { asked, status } = scripted();
    const failing = status.read();
    asked[0]!.reject(new Error('a bug'));
    await expect(failing).rejects.toThrow('a bug');
    const late = status.read();
    await jest.advanceTimersByTimeAsync(1_000);
    await late;
    asked[1]!.reject(new Error('a bug'));
  });
});

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
