import { Inject, Injectable } from '@nestjs/common';
import { HealthIndicatorService, type HealthIndicatorResult } from '@nestjs/terminus';
import type { X509Source } from '../x509-source/x509-source.js';
import { X509_SOURCE } from './x509-source.token.js';

/**
 * Reads the source's snapshot, and asks nobody: `up` with a valid SVID and a Workload API that is there, `degraded`
 * while it goes on with what it has, `down` without a valid SVID.
 */
@Injectable()
export class IdentityHealthIndicator {
  constructor(
    @Inject(X509_SOURCE) private readonly source: X509Source,
    private readonly health: HealthIndicatorService,
  ) {}

  /** @param key name in the health document. Default `identity`. */
  check<const Key extends string = 'identity'>(
    key: Key = 'identity' as Key,
  ): HealthIndicatorResult<Key> {
    const indicator = this.health.check(key);
    const { snapshot, state, rotations } = this.source;
    if (!snapshot) return indicator.down({ state });
    const { svid, updatedAt } = snapshot;
    const now = Date.now();
    const secondsToExpiry = Math.floor((svid.notAfter.getTime() - now) / 1000);
    const details = {
      state,
      spiffeId: svid.id.toString(),
      serialNumber: svid.serialNumber,
      secondsToExpiry,
      ageSeconds: Math.max(0, Math.floor((now - svid.notBefore.getTime()) / 1000)),
      updatedSecondsAgo: Math.max(0, Math.floor((now - updatedAt) / 1000)),
      rotations,
    };
    // Not by the rounded seconds: the last of them is still served.
    if (now >= svid.notAfter.getTime()) return indicator.down(details);
    return state === 'connected' ? indicator.up(details) : indicator.degraded(details);
  }
}
