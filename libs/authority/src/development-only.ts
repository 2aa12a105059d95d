import type { TrustDomain } from '@mesh/identity';
import { AuthorityError } from './authority.error.js';

/**
 * Refuses whatever is not a developer's machine: one process here holds every key, and sockets of one Unix user are
 * no attestation. `NODE_ENV` counts also where the caller names another environment.
 *
 * @throws AuthorityError
 */
export function assertDevelopment(trustDomain: TrustDomain, environment: string | undefined): void {
  // eslint-disable-next-line no-restricted-properties -- a caller that forgets to hand it on must not get around it
  const environments = [environment, process.env.NODE_ENV];
  if (environments.some((name) => name?.trim().toLowerCase() === 'production')) {
    throw new AuthorityError(
      'ERR_AUTHORITY_PRODUCTION',
      'The embedded authority does not run in production.',
    );
  }
  if (!trustDomain.isDevelopment) {
    throw new AuthorityError(
      'ERR_AUTHORITY_TRUST_DOMAIN',
      `The embedded authority serves trust domains under .local, .test, .example or .localhost alone, not ${trustDomain.name}.`,
    );
  }
}
