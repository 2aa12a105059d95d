import { EgressError } from './egress.error.js';

const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;

/** What a URL of a provider must be, for errors. */
export const PROVIDER_URL =
  'a URL with https (http on loopback alone), without user, query and fragment';

/**
 * Base URL of a provider outside the mesh, without a slash at its end: https, or http for a simulator on loopback; no
 * user, query or fragment.
 *
 * @throws EgressError `ERR_EGRESS_URL_INVALID`; it does not repeat the value: a key may have been pasted into it.
 */
export function parseProviderUrl(text: string): string {
  // As written: WHATWG's parser drops white space, an empty query and the like without a word.
  const url = /^https?:\/\/[^?#@\s\\]+$/.test(text) ? URL.parse(text) : null;
  if (url?.protocol !== 'https:' && !(url?.protocol === 'http:' && LOOPBACK.test(url.hostname))) {
    throw new EgressError(
      'ERR_EGRESS_URL_INVALID',
      `The base URL of a provider is ${PROVIDER_URL}.`,
    );
  }
  return url.href.replace(/\/+$/, '');
}

/**
 * Holds an agent to the hosts that its agent.yaml names. Loopback needs no word: nothing leaves the machine.
 *
 * @param providerUrl What `parseProviderUrl` returned.
 * @param hosts `hosts` of the agent.yaml.
 * @throws EgressError `ERR_EGRESS_HOST_UNDECLARED`
 */
export function assertDeclaredHost(
  agent: string,
  providerUrl: string,
  hosts: readonly string[],
): void {
  const { hostname } = new URL(providerUrl);
  if (LOOPBACK.test(hostname) || hosts.includes(hostname)) return;
  throw new EgressError(
    'ERR_EGRESS_HOST_UNDECLARED',
    `${agent} may not call ${hostname}: name it under hosts in its agent.yaml, or configure a provider that is named there.`,
  );
}
