import { expect } from '@jest/globals';
import { type KeyObject } from 'node:crypto';
import {
  jwsAlgorithmsOf,
  signJws,
  SpiffeId,
  TrustDomain,
  X509Bundle,
  X509Svid,
} from '@mesh/identity';
import {
  type AccessToken,
  DeclaredExchangePolicy,
  issueTxnToken,
  type TokenLimits,
  type TxnToken,
} from '@mesh/delegation';

/** What is needed of the CAs of `@test/kit`. */
interface Ca {
  readonly certificatePem: string;
  issue(options: object): Promise<{ chainDer: Uint8Array; keyDer: Uint8Array }>;
}

export const trustDomain = TrustDomain.parse('mesh.test');
const workload = (name: string) => SpiffeId.fromSegments(trustDomain, name);
export const tts = workload('tts');
export const gateway = workload('gateway');
export const researcher = workload('researcher');
export const writer = workload('writer');
export const stranger = workload('stranger');

export const issuer = 'https://login.test';

export const withCode = (code: string) => expect.objectContaining({ code });

export function bundleOf(ca: Ca): X509Bundle {
  return X509Bundle.parsePem(trustDomain, ca.certificatePem);
}

export async function svidOf(ca: Ca, id: SpiffeId, options: object = {}): Promise<X509Svid> {
  const { chainDer, keyDer } = await ca.issue({ uri: id.toString(), ...options });
  return X509Svid.parse(chainDer, keyDer);
}

/** The mesh as it is: the gateway calls the researcher, the researcher the writer. */
export const policy = new DeclaredExchangePolicy({
  edges: [
    { caller: gateway, agent: researcher, action: 'research:fast' },
    { caller: gateway, agent: researcher, action: 'research:deep' },
    { caller: researcher, agent: writer, action: 'draft:write' },
    { caller: gateway, agent: stranger, action: 'other:thing' },
  ],
  clients: [{ agent: gateway, sessionClient: 'web', apiClients: ['cli', 'docs'] }],
  actsFor: [gateway, researcher, writer, stranger].map((agent) => ({
    agent,
    roles: ['analyst', 'reader'],
  })),
});

export function accessTokenAt(now: Date, changes: Partial<AccessToken> = {}): AccessToken {
  return {
    issuer,
    subject: 'a1',
    clientId: 'cli',
    scope: ['research:fast', 'research:deep', 'draft:write'],
    expiresAt: Math.floor(now.getTime() / 1000) + 3600,
    roles: ['analyst'],
    groups: [],
    ...changes,
  };
}

export function firstToken(
  svid: X509Svid,
  now: Date,
  changes: { scope?: readonly string[]; access?: Partial<AccessToken>; limits?: TokenLimits } = {},
): TxnToken {
  return issueTxnToken(
    svid,
    {
      accessToken: accessTokenAt(now, changes.access),
      peer: gateway,
      scope: changes.scope ?? ['research:deep', 'draft:write'],
      details: { action: 'research', depth: 'deep' },
      context: { session_hash: 'h' },
      user: 'pseudonym',
    },
    now,
    changes.limits,
  );
}

type Members = Record<string, unknown>;

/** Header and claims of a token, for a test to change. */
export function partsOf(token: TxnToken): { header: Members; claims: Members } {
  const [header = '', claims = ''] = token.reveal().split('.');
  const read = (part: string) =>
    JSON.parse(Buffer.from(part, 'base64url').toString('utf8')) as Members;
  return { header: read(header), claims: read(claims) };
}

/** A token with other members, signed anew and rightly unless another key is given. */
export function resigned(
  token: TxnToken,
  key: KeyObject,
  changes: { header?: Members; claims?: Members },
): string {
  const { header, claims } = partsOf(token);
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const input = `${part({ ...header, ...changes.header })}.${part({ ...claims, ...changes.claims })}`;
  const [algorithm] = jwsAlgorithmsOf(key);
  if (algorithm === undefined) throw new Error('no algorithm');
  return `${input}.${signJws(algorithm, key, Buffer.from(input)).toString('base64url')}`;
}
