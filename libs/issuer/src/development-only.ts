import { isIPv4 } from 'node:net';
import { IssuerError } from './issuer.error.js';

/**
 * Refuses whatever is not a developer's machine: the accounts are samples, their passwords lie in a file, the pages
 * come without TLS. `NODE_ENV` counts also where the caller names another environment.
 *
 * @throws IssuerError
 */
export function assertDevelopment(environment: string | undefined): void {
  // eslint-disable-next-line no-restricted-properties -- a caller that forgets to hand it on must not get around it
  const environments = [environment, process.env.NODE_ENV];
  if (environments.some((name) => name?.trim().toLowerCase() === 'production')) {
    throw new IssuerError(
      'ERR_ISSUER_PRODUCTION',
      'The embedded issuer does not run in production.',
    );
  }
}

/** @throws IssuerError unless `address`, which the listener binds, is one of loopback itself (no name that may resolve to more) */
export function assertLoopbackAddress(address: string): void {
  if (address === '::1' || (isIPv4(address) && address.startsWith('127.'))) return;
  throw new IssuerError('ERR_ISSUER_ADDRESS', 'The embedded issuer binds loopback alone.');
}

/** True for host names that are loopback by their meaning (RFC 6761, section 6.3), as a URL spells them. */
export function isLoopbackHostname(hostname: string): boolean {
  return (
    hostname === '[::1]' ||
    hostname === 'localhost' ||
    /^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+localhost$/.test(hostname) ||
    (isIPv4(hostname) && hostname.startsWith('127.'))
  );
}

/** @throws IssuerError unless the host name of the issuer's URL is loopback */
export function assertLoopbackHostname(hostname: string): void {
  if (isLoopbackHostname(hostname)) return;
  throw new IssuerError(
    'ERR_ISSUER_ADDRESS',
    "The host name of the embedded issuer's URL is an address of loopback or ends in .localhost.",
  );
}
