import type { ServerResponse } from 'node:http';
import { isIP } from 'node:net';

/** What a browser may do by itself, of what it can: nothing but copy an answer. */
const FEATURES = [
  'accelerometer',
  'autoplay',
  'browsing-topics',
  'camera',
  'display-capture',
  'encrypted-media',
  'fullscreen',
  'gamepad',
  'geolocation',
  'gyroscope',
  'hid',
  'identity-credentials-get',
  'idle-detection',
  'local-fonts',
  'magnetometer',
  'microphone',
  'midi',
  'otp-credentials',
  'payment',
  'picture-in-picture',
  'publickey-credentials-create',
  'publickey-credentials-get',
  'screen-wake-lock',
  'serial',
  'storage-access',
  'usb',
  'window-management',
  'xr-spatial-tracking',
];

/**
 * On every answer of a listener that browsers reach, refusals among them. A route that serves a page says more in a
 * policy of its own; there is no `Access-Control-Allow-Origin` anywhere, so that no page of another origin reads an
 * answer.
 */
export const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy':
    "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'permissions-policy': [
    ...FEATURES.map((feature) => `${feature}=()`),
    'clipboard-read=()',
    'clipboard-write=(self)',
  ].join(', '),
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-store',
};

/** A year (RFC 6797). Not for subdomains: they are not this listener's to decide for. */
const STRICT_TRANSPORT = 'max-age=31536000';

/** Sets them on a response of which nothing was sent; what a route sets later counts instead. */
export function setSecurityHeaders(response: ServerResponse): void {
  for (const [name, value] of Object.entries(SECURITY_HEADERS)) response.setHeader(name, value);
}

/**
 * Tells browsers to open `host` by TLS alone from now on. Never for names of this machine: other programs serve them
 * too, and by plain HTTP.
 * @param host Without port, in lower case; one that the listener serves.
 */
export function setStrictTransport(response: ServerResponse, host: string): void {
  if (isIP(host) !== 0 || host.startsWith('[') || /(^|\.)localhost$/.test(host)) return;
  response.setHeader('strict-transport-security', STRICT_TRANSPORT);
}
