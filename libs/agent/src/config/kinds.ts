import { isIP } from 'node:net';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseScope } from '@mesh/delegation';
import { EgressError, parseProviderUrl, PROVIDER_URL } from '@mesh/egress';
import { EndpointAddressError, parseEndpointAddress } from '@mesh/identity';
import { SpiffeId, SpiffeIdError, TrustDomain } from '@mesh/spiffe';

/** What a setting holds: how it is read from a file (any value) or from text, and shown. */
export interface Kind<T> {
  /** Ends the sentence '… must be'. */
  readonly holds: string;
  /** @param base Folder that a relative path is meant from. @returns undefined for what is not valid. */
  parse(raw: unknown, base: string): T | undefined;
  /** As an environment variable would hold it. */
  format(value: T): string;
}

export function oneOf<const T extends string>(...values: readonly T[]): Kind<T> {
  return {
    holds: `one of ${values.join(', ')}`,
    parse: (raw) => values.find((value) => value === raw),
    format: (value) => value,
  };
}

/** A number, or its decimal text: `Number()` takes '', ' 1 ', '0x10' and '1e3' as well. */
export function numberOf(raw: unknown): number | undefined {
  if (typeof raw === 'number') return raw;
  return typeof raw === 'string' && /^\d{1,15}(\.\d{1,15})?$/.test(raw) ? Number(raw) : undefined;
}

/** A whole number within bounds. */
export function wholeNumber(min: number, max: number, unit: string): Kind<number> {
  return {
    holds: `${unit}, ${min} to ${max}`,
    parse: (raw) => {
      const value = numberOf(raw);
      if (value === undefined || !(value >= min && value <= max)) return undefined;
      return Number.isInteger(value) ? value : undefined;
    },
    format: String,
  };
}

export const path: Kind<string> = {
  holds: 'a path',
  parse: (raw, base) => {
    if (typeof raw !== 'string' || raw === '' || raw.includes('\0')) return undefined;
    // In mesh.yaml no shell does it.
    return resolve(base, raw.startsWith('~/') ? join(homedir(), raw.slice(2)) : raw);
  },
  format: (value) => value,
};

export const trustDomain: Kind<TrustDomain> = {
  holds: 'the name of a trust domain, such as mesh.local',
  parse: (raw) => {
    try {
      return typeof raw === 'string' ? TrustDomain.ofName(raw) : undefined;
    } catch (error) {
      if (error instanceof SpiffeIdError) return undefined;
      throw error;
    }
  },
  format: (value) => value.name,
};

export const endpointSocket: Kind<string> = {
  holds: 'the address of a Workload API, unix:///path or tcp://address:port',
  parse: (raw) => {
    try {
      if (typeof raw !== 'string') return undefined;
      parseEndpointAddress(raw);
      return raw;
    } catch (error) {
      if (error instanceof EndpointAddressError) return undefined;
      throw error;
    }
  },
  format: (value) => value,
};

export const ipAddress: Kind<string> = {
  holds: 'an IP address, such as 127.0.0.1',
  parse: (raw) =>
    typeof raw === 'string' && isIP(raw) !== 0 && !raw.includes('%') ? raw : undefined,
  format: (value) => value,
};

export const modelName: Kind<string> = {
  holds: 'the name of a model, such as gemini-3.8-flash',
  parse: (raw) =>
    typeof raw === 'string' && /^[a-z0-9][a-zA-Z0-9._-]{0,63}$/.test(raw) ? raw : undefined,
  format: (value) => value,
};

/** Host names that a listener serves, in lower case, without ports; IPv6 addresses in brackets, as `Host` has them. */
export const hostNames: Kind<readonly string[]> = {
  holds: 'host names without ports, separated by commas',
  parse: (raw) => {
    const list: unknown = typeof raw === 'string' ? raw.split(',').map((name) => name.trim()) : raw;
    if (!Array.isArray(list) || list.length === 0 || list.length > 100) return undefined;
    const names = list.map((name) => (typeof name === 'string' ? name.toLowerCase() : ''));
    return names.every(isHostName) ? [...new Set(names)] : undefined;
  },
  format: (value) => value.join(','),
};

/** Where a provider is. Without a slash at its end. */
export const providerUrl: Kind<string> = {
  holds: PROVIDER_URL,
  parse: (raw) => {
    try {
      return typeof raw === 'string' ? parseProviderUrl(raw) : undefined;
    } catch (error) {
      if (error instanceof EgressError) return undefined;
      throw error;
    }
  },
  format: (value) => value,
};

/** Where another agent is: between agents there is mTLS alone. */
export const peerUrl: Kind<string> = {
  holds: 'a URL of the form https://host:port',
  parse: (raw) => {
    const url = plainUrl(raw);
    return url?.protocol === 'https:' && url.pathname === '/' ? url.origin : undefined;
  },
  format: (value) => value,
};

/** An issuer's identifier, as its tokens have it in `iss`: compared letter by letter. */
export const issuerUrl: Kind<string> = {
  holds: 'a URL with https (http on loopback alone), without user, query and fragment',
  parse: (raw) => {
    const url = plainUrl(raw);
    if (url === undefined || (raw as string).length > 512) return undefined;
    return url.protocol === 'https:' || isLoopbackName(url) ? (raw as string) : undefined;
  },
  format: (value) => value,
};

/** Where people open the gateway. Browsers keep cookies and have WebCrypto at secure addresses and on loopback alone. */
export const publicUrl: Kind<string> = {
  holds: 'an origin, https://host or https://host:port (http on loopback alone)',
  parse: (raw) => {
    const url = plainUrl(raw);
    if (url?.pathname !== '/') return undefined;
    return url.protocol === 'https:' || isLoopbackName(url) ? url.origin : undefined;
  },
  format: (value) => value,
};

export const spiffeId: Kind<SpiffeId> = {
  holds: 'the SPIFFE ID of a workload, such as spiffe://mesh.local/ns/mesh/sa/issuer',
  parse: (raw) => {
    try {
      const id = typeof raw === 'string' ? SpiffeId.parse(raw) : undefined;
      return id?.path === '' ? undefined : id;
    } catch (error) {
      if (error instanceof SpiffeIdError) return undefined;
      throw error;
    }
  },
  format: String,
};

export const audience: Kind<string> = {
  holds: 'an audience: 1 to 255 visible characters, such as https://mesh.local/api',
  parse: (raw) => (typeof raw === 'string' && /^[\x21-\x7e]{1,255}$/.test(raw) ? raw : undefined),
  format: (value) => value,
};

/** Names of scopes (RFC 6749 3.3). */
export const scopes: Kind<readonly string[]> = {
  holds: 'scopes separated by single spaces',
  parse: (raw) => (typeof raw === 'string' ? parseScope(raw) : undefined),
  format: (value) => value.join(' '),
};

function plainUrl(raw: unknown): URL | undefined {
  if (typeof raw !== 'string' || !/^https?:\/\//.test(raw)) return undefined;
  const url = URL.parse(raw);
  if (url === null || /[?#@\s\\]/.test(raw)) return undefined;
  return url;
}

/** Whether the host is loopback by its very name (RFC 6761, 6.3). */
export function isLoopbackName({ hostname }: URL): boolean {
  return /^(127\.0\.0\.1|\[::1\]|localhost|([a-z0-9-]+\.)+localhost)$/.test(hostname);
}

function isHostName(name: string): boolean {
  if (name.startsWith('[')) return name.endsWith(']') && isIP(name.slice(1, -1)) === 6;
  return (
    name.length <= 253 &&
    /^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(name)
  );
}
