import { Injectable } from '@nestjs/common';
import { HealthIndicatorService, type HealthIndicatorResult } from '@nestjs/terminus';
import type { Policy } from '../policy.js';

/** Shows the circuit breakers: `up` while all are closed, else `degraded`, for the agent itself still serves. */
@Injectable()
export class PolicyHealthIndicator {
  constructor(private readonly indicators: HealthIndicatorService) {}

  check<const Key extends string>(
    key: Key,
    policies: readonly Policy[],
  ): HealthIndicatorResult<Key> {
    const session = this.indicators.check(key);
    const states = policies.map((policy) => policy.state());
    const data = Object.fromEntries(
      states.map(({ name, breaker, since, reason, retryAt, retriesLeft }) => [
        name,
        { breaker, since, reason, retryAt, retriesLeft },
      ]),
    );
    return states.every(({ breaker }) => breaker === 'closed')
      ? session.up(data)
      : session.degraded(data);
  }
}
