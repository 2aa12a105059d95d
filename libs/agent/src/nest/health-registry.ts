import type { HealthIndicatorFunction } from '@nestjs/terminus';

/** What the management listener asks; filled as the agent comes up. */
export class HealthRegistry {
  /** Without these the agent serves nobody: identity and listener. */
  readonly readiness: HealthIndicatorFunction[] = [];
  /** What else is looked at: providers and breakers. They do not make the agent unready. */
  readonly others: HealthIndicatorFunction[] = [];
}
