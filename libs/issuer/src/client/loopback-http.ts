import { lookup, type LookupOptions } from 'node:dns';
import { Agent } from 'undici';

type LookupCallback = (
  error: NodeJS.ErrnoException | null,
  address: string | { address: string; family: number }[],
  family?: number,
) => void;

/**
 * Connections on loopback: names under `.localhost` mean 127.0.0.1 (RFC 6761, 6.3), which browsers know
 * and the system's resolver often does not.
 *
 * @param ca PEM of the certificates to verify with, which may be the server's own. Default: the authorities Node knows
 */
export function loopbackAgent(ca?: string): Agent {
  const trust = ca === undefined ? {} : { ca, allowPartialTrustChain: true };
  return new Agent({ connect: { lookup: lookupLoopback, ...trust } });
}

function lookupLoopback(hostname: string, options: LookupOptions, callback: LookupCallback): void {
  if (!hostname.endsWith('.localhost')) return lookup(hostname, options, callback);
  if (options.all === true) callback(null, [{ address: '127.0.0.1', family: 4 }]);
  else callback(null, '127.0.0.1', 4);
}
