import type { IncomingMessage } from 'node:http';
import { RequestError } from './pipeline.error.js';

/**
 * Refuses a request for another host than this listener's: a web page reaches a listener on loopback by DNS
 * rebinding, and its `Host` gives that away (RFC 9110, section 7.4).
 * @param serves Host name in lower case, without the port.
 * @throws RequestError `ERR_HOST_UNKNOWN`; `ERR_REQUEST_MALFORMED` where there is not exactly one (RFC 9112, section 3.2)
 */
export function checkHost(request: IncomingMessage, serves: (host: string) => boolean): void {
  const { rawHeaders, headers } = request;
  const given = rawHeaders.filter(
    (name, index) => index % 2 === 0 && name.toLowerCase() === 'host',
  );
  if (given.length !== 1) {
    throw new RequestError('ERR_REQUEST_MALFORMED', 'A request has one Host header.');
  }
  if (!serves(hostOf(headers.host!))) {
    throw new RequestError('ERR_HOST_UNKNOWN', 'This listener does not serve that host name.');
  }
}

/** The name in a `Host` header: without port, in lower case. */
export function hostOf(header: string): string {
  return header.toLowerCase().replace(/:\d{1,5}$/, '');
}

/** A target with a host of its own (`GET http://other/`) would say another than the `Host` that is checked. */
export function checkTarget({ url }: IncomingMessage): void {
  if (url?.startsWith('/')) return;
  throw new RequestError('ERR_REQUEST_MALFORMED', 'The request target is a path.');
}
