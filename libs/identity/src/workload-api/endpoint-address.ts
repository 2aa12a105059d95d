import { isIP } from 'node:net';
import { EndpointAddressError, type EndpointAddressErrorCode } from './endpoint-address.error.js';

/** Where a SPIFFE Workload Endpoint listens. */
export type EndpointAddress =
  | { readonly scheme: 'unix'; readonly path: string }
  | { readonly scheme: 'tcp'; readonly host: string; readonly port: number };

/** The longest path of a Unix socket in bytes: `sun_path` of Linux holds 108, the last of them zero. */
export const MAX_SOCKET_PATH_BYTES = 107;

/** RFC 3986, appendix B. Node's URL would drop an empty query, resolve dot segments and mend what is malformed. */
const URI = /^(?:([^:/?#]+):)?(?:\/\/([^/?#]*))?([^?#]*)(\?[^#]*)?(#.*)?$/s;
// eslint-disable-next-line no-control-regex -- control characters are what it is to find
const CONTROL = /[\u0000-\u001f\u007f]/;

/**
 * Parses the address of a SPIFFE Workload Endpoint (SPIFFE_Workload_Endpoint.md, section 4): `unix:///absolute/path`
 * or `tcp://IP:port`, and nothing else in it.
 *
 * @param text Default: the environment variable `SPIFFE_ENDPOINT_SOCKET`.
 * @throws EndpointAddressError
 * @example parseEndpointAddress('unix:///run/spire/agent.sock') // { scheme: 'unix', path: '/run/spire/agent.sock' }
 */
export function parseEndpointAddress(
  text: string | undefined = process.env.SPIFFE_ENDPOINT_SOCKET,
): EndpointAddress {
  if (text === undefined || text === '') {
    refuse('ERR_ENDPOINT_UNSET', 'SPIFFE_ENDPOINT_SOCKET is not set.');
  }
  const [, scheme, authority, path = '', query, fragment] = URI.exec(text) ?? [];
  if (scheme === undefined || CONTROL.test(text)) {
    refuse('ERR_ENDPOINT_MALFORMED', 'The endpoint is not an absolute URI.');
  }
  if (query !== undefined || fragment !== undefined) {
    refuse('ERR_ENDPOINT_COMPONENT', 'The endpoint must not have a query or fragment.');
  }
  switch (scheme.toLowerCase()) {
    case 'unix':
      return unixAddress(authority, path);
    case 'tcp':
      return tcpAddress(authority, path);
    default:
      refuse('ERR_ENDPOINT_SCHEME', "The endpoint's scheme must be unix or tcp.");
  }
}

function unixAddress(authority: string | undefined, encodedPath: string): EndpointAddress {
  if (authority !== undefined && authority !== '') {
    refuse('ERR_ENDPOINT_AUTHORITY', 'A unix endpoint has no authority: unix:///absolute/path.');
  }
  if (!encodedPath.startsWith('/')) {
    refuse('ERR_ENDPOINT_PATH', 'A unix endpoint needs an absolute path: unix:///absolute/path.');
  }
  const path = decode(encodedPath);
  if (path.endsWith('/') || CONTROL.test(path)) {
    refuse('ERR_ENDPOINT_PATH', "The endpoint's path does not name a socket.");
  }
  if (Buffer.byteLength(path) > MAX_SOCKET_PATH_BYTES) {
    refuse(
      'ERR_ENDPOINT_PATH_TOO_LONG',
      `The endpoint's path has more than ${MAX_SOCKET_PATH_BYTES} bytes.`,
    );
  }
  return { scheme: 'unix', path };
}

function decode(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch (cause) {
    throw new EndpointAddressError(
      'ERR_ENDPOINT_MALFORMED',
      "The endpoint's path is not percent-encoded UTF-8.",
      { cause },
    );
  }
}

function tcpAddress(authority: string | undefined, path: string): EndpointAddress {
  if (path !== '') refuse('ERR_ENDPOINT_PATH', 'A tcp endpoint has no path: tcp://IP:port.');
  if (authority?.includes('@')) {
    refuse('ERR_ENDPOINT_AUTHORITY', 'A tcp endpoint has no user: tcp://IP:port.');
  }
  const [, bracketed, plain, digits] =
    /^(?:\[([^\]]*)\]|([^:[\]]*))(?::(.*))?$/.exec(authority ?? '') ?? [];
  const host = bracketed ?? plain ?? '';
  // A zone (fe80::1%eth0) is no part of an IP address; isIP takes it for one.
  if (isIP(host) !== (bracketed === undefined ? 4 : 6) || host.includes('%')) {
    refuse('ERR_ENDPOINT_HOST', "A tcp endpoint's host must be an IP address, not a name.");
  }
  const port = /^[0-9]{1,5}$/.test(digits ?? '') ? Number(digits) : 0;
  if (port < 1 || port > 65_535) {
    refuse('ERR_ENDPOINT_PORT', 'A tcp endpoint needs a port from 1 to 65535.');
  }
  return { scheme: 'tcp', host, port };
}

function refuse(code: EndpointAddressErrorCode, message: string): never {
  throw new EndpointAddressError(code, message);
}

/** The address in gRPC's name syntax, in forms that no resolver looks up. */
export function grpcTarget(address: EndpointAddress): string {
  if (address.scheme === 'unix') return `unix://${address.path}`;
  return isIP(address.host) === 6
    ? `ipv6:[${address.host}]:${address.port}`
    : `ipv4:${address.host}:${address.port}`;
}
