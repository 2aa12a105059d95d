import { setTimeout } from 'node:timers/promises';
import type { HealthDto, HealthState, StatusDto } from '@mesh/contracts';
import { plainText } from '@mesh/observability';
import type { HealthCheckResult } from '@nestjs/terminus';
import type { AgentContext } from './agent-context.js';

/** How long a report of health is waited for, in milliseconds; whoever looks at an agent waits no longer than 2 s. */
const HEALTH_MS = 500;
const MAX_CHECKS = 50;
const MAX_BREAKERS = 64;
const MAX_REASON = 199;

/** What this agent tells of itself: to the peers of its action `agent:status`, and to its own code. */
export class AgentStatus {
  readonly #startedAt = new Date();
  #report: Promise<HealthDto> | undefined;
  #known: HealthDto = {
    status: 'degraded',
    checks: [{ name: 'health', status: 'degraded', reason: 'the checks have not ended yet' }],
  };

  constructor(
    private readonly context: AgentContext,
    /** What `/health` tells. */
    private readonly health: () => Promise<HealthCheckResult>,
  ) {}

  /** @throws X509SourceError without a valid SVID */
  async read(): Promise<StatusDto> {
    const { identity } = this.context;
    const health = await this.#health();
    return {
      ...this.context.self(),
      notBefore: identity.getX509Svid().notBefore.toISOString(),
      rotations: identity.rotations,
      startedAt: this.#startedAt.toISOString(),
      health,
      breakers: this.context.policies().slice(0, MAX_BREAKERS).map(breakerOf),
      refusals: this.context.refusals.list(),
    };
  }

  /** As it is now, or as it was last where a check takes long; one report at a time, however many look. */
  #health(): Promise<HealthDto> {
    this.#report ??= this.#look().finally(() => (this.#report = undefined));
    return Promise.race([this.#report, this.#late()]);
  }

  async #look(): Promise<HealthDto> {
    return (this.#known = healthOf(await this.health()));
  }

  async #late(): Promise<HealthDto> {
    await setTimeout(HEALTH_MS, undefined, { ref: false });
    return this.#known;
  }
}

/** The report of `/health` without its details: they are for operators of the machine. */
export function healthOf({ details }: Pick<HealthCheckResult, 'details'>): HealthDto {
  const checks = Object.entries(details)
    .slice(0, MAX_CHECKS)
    .map(([name, { status, ...data }]) => ({
      name,
      status,
      ...(status === 'up' ? {} : reasonOf(data)),
    }));
  const has = (state: HealthState) => checks.some(({ status }) => status === state);
  return { status: has('down') ? 'down' : has('degraded') ? 'degraded' : 'up', checks };
}

/** Of what an indicator says, the members that are meant for any reader: no path, key, address or person. */
function reasonOf({ detail, code, state }: Record<string, unknown>): { reason?: string } {
  const reason = [detail, code, state].find((one) => typeof one === 'string' && one !== '');
  return reason === undefined ? {} : { reason: plainText(reason as string, MAX_REASON) };
}

function breakerOf(policy: ReturnType<AgentContext['policies']>[number]) {
  const { name, breaker, reason } = policy.state();
  // Of a system's error the code may be a class's name.
  const code = reason !== undefined && /^[A-Z][A-Z0-9_]{1,63}$/.test(reason) ? reason : undefined;
  return { name, state: breaker, ...(code === undefined ? {} : { reason: code }) };
}
