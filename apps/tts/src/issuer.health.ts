import { Inject, Injectable } from '@nestjs/common';
import { HealthIndicatorService, type HealthIndicatorResult } from '@nestjs/terminus';
import { AGENT_CONTEXT, type AgentContext } from '@mesh/agent/nest';
import { MeshError } from '@mesh/errors';

const TIMEOUT_MS = 3_000;

/**
 * Whether there are keys of the issuer to verify access tokens with. Without them the service is `degraded`, not down: it
 * goes on replacing tokens, and has the keys as soon as the issuer is there.
 */
@Injectable()
export class IssuerHealthIndicator {
  constructor(
    @Inject(AGENT_CONTEXT) private readonly context: AgentContext,
    private readonly health: HealthIndicatorService,
  ) {}

  async check<const Key extends string>(key: Key): Promise<HealthIndicatorResult<Key>> {
    const indicator = this.health.check(key);
    const { accessTokens } = this.context;
    const url = accessTokens.issuer;
    try {
      await accessTokens.ready({ signal: AbortSignal.timeout(TIMEOUT_MS) });
      return indicator.up({ url });
    } catch (error) {
      const code = error instanceof MeshError ? error.code : 'ERR_ACCESS_TOKEN_KEYS_UNAVAILABLE';
      return indicator.degraded({ url, code });
    }
  }
}
