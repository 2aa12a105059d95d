import { Injectable } from '@nestjs/common';
import { HealthIndicatorService, type HealthIndicatorResult } from '@nestjs/terminus';
import { MeshError } from '@mesh/errors';
import { IssuerClient } from './issuer-client.js';

/**
 * Whether people can sign in by a browser: the issuer is there, and takes the gateway as its client. Without it the
 * gateway is `degraded`, not down: who is signed in goes on.
 */
@Injectable()
export class SignInHealthIndicator {
  constructor(
    private readonly issuer: IssuerClient,
    private readonly health: HealthIndicatorService,
  ) {}

  async check<const Key extends string>(key: Key): Promise<HealthIndicatorResult<Key>> {
    const indicator = this.health.check(key);
    const url = this.issuer.issuerUrl;
    try {
      await this.issuer.ready();
      return indicator.up({ url });
    } catch (error) {
      const code = error instanceof MeshError ? error.code : 'ERR_SIGN_IN_UNAVAILABLE';
      return indicator.degraded({ url, code });
    }
  }
}
