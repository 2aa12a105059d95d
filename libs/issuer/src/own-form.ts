import type { IncomingMessage } from 'node:http';

/**
 * Whether a form was sent by a page of the issuer at `url`. Every port of loopback is the same site, so SameSite alone
 * does not keep another local page's form away.
 */
export function isOwnForm({ headers }: IncomingMessage, url: string): boolean {
  const site = headers['sec-fetch-site'];
  return (
    (headers.origin === undefined || headers.origin === url) &&
    (site === undefined || site === 'same-origin')
  );
}
