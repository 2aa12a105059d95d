import { randomBytes } from 'node:crypto';
import { type JwsAlgorithm, jwsAlgorithmsOf, signJws, type X509Svid } from '@mesh/identity';
import type { Certificate, SpiffeId } from '@mesh/spiffe';
import type { AccessToken } from '../access-token/access-token.js';
import { ExchangeError } from '../exchange/exchange.error.js';
import { qualifiedSubject } from '../person.js';
import { scopeBeyond } from '../scope.js';
import { actClaimOf, MAX_ACTORS } from './actor-chain.js';
import { TxnTokenError } from './txn-token.error.js';
import { parseX5cCertificate, TXN_TOKEN_TYP, TxnToken } from './txn-token.js';
import { MAX_LIFETIME_SECONDS } from './verify-txn-token.js';

/** A flat JSON object that a requester sends along. */
export type ContextObject = Readonly<Record<string, string | number | boolean>>;

export interface TokenLimits {
  /** Seconds a token lives at most. Default 300, 1 to 900; its signer's SVID and its subject token can only make it less. */
  readonly lifetimeSeconds?: number;
  /** Actors a token holds at most. Default 4, 1 to 8. */
  readonly maxActors?: number;
}

/** What the first token of a transaction is made of. */
export interface TxnTokenGrant {
  /** As `AccessTokenVerifier` gave it. */
  readonly accessToken: AccessToken;
  /** The TLS peer that asks. */
  readonly peer: SpiffeId;
  readonly scope: readonly string[];
  /** Becomes `tctx`. */
  readonly details: ContextObject;
  /** Becomes `rctx.asserted`, labelled as the peer's word. Undefined for none. */
  readonly context: ContextObject | undefined;
  /** The person's pseudonym. */
  readonly user: string;
}

/**
 * The first token of a transaction, signed with the token service's SVID. It never outlives the access token and never
 * holds a scope that the access token lacks. Whether the peer may have it at all is what `TokenService` asks first.
 * @throws ExchangeError `ERR_EXCHANGE_SCOPE_WIDER`, `ERR_EXCHANGE_LIFETIME`
 */
export function issueTxnToken(
  svid: X509Svid,
  grant: TxnTokenGrant,
  now: Date,
  limits: TokenLimits = {},
): TxnToken {
  const { accessToken, peer, scope, details, context, user } = grant;
  assertNarrower(scope, accessToken.scope);
  const { issuer, subject, clientId, roles, groups, acr, amr, authTime, sid } = accessToken;
  return signed(svid, {
    iss: svid.id.toString(),
    aud: svid.id.trustDomain.name,
    ...timesOf(svid, now, accessToken.expiresAt, limits),
    txn: randomBytes(16).toString('base64url'),
    sub: qualifiedSubject(issuer, subject),
    scope: scope.join(' '),
    req_wl: peer.toString(),
    tctx: details,
    rctx: {
      user,
      roles,
      groups,
      client_id: clientId,
      ...(acr === undefined ? {} : { acr }),
      ...(amr === undefined ? {} : { amr }),
      ...(authTime === undefined ? {} : { auth_time: authTime }),
      ...(sid === undefined ? {} : { sid }),
      ...(context === undefined ? {} : { asserted: { by: peer.toString(), context } }),
    },
    act: actClaimOf([peer]),
  });
}

/**
 * A token in place of another: the same `txn`, `sub`, `aud`, `tctx` and `rctx`, no scope that it lacked, no later end, and
 * one more actor, the peer. Whether the peer may have it at all is what `TokenService` asks first.
 * @param token Verified, by `TxnTokenVerifier.verifyToReplace`.
 * @throws TxnTokenError `ERR_TOKEN_EXPIRED`, `ERR_TOKEN_ISSUER`, `ERR_TOKEN_ACTOR_LOOP`, `ERR_TOKEN_ACTOR_DEPTH`
 * @throws ExchangeError `ERR_EXCHANGE_SCOPE_WIDER`, `ERR_EXCHANGE_LIFETIME`
 */
export function replaceTxnToken(
  svid: X509Svid,
  token: TxnToken,
  replacement: { readonly peer: SpiffeId; readonly scope: readonly string[] },
  now: Date,
  limits: TokenLimits = {},
): TxnToken {
  const { peer, scope } = replacement;
  if (now.getTime() >= token.expiresAt * 1000) {
    throw new TxnTokenError('ERR_TOKEN_EXPIRED', 'The token to replace is expired.');
  }
  if (!token.issuer.equals(svid.id)) {
    throw new TxnTokenError('ERR_TOKEN_ISSUER', 'The token to replace is by another service.');
  }
  if (token.actors.some((actor) => actor.equals(peer))) {
    throw new TxnTokenError('ERR_TOKEN_ACTOR_LOOP', `${peer} is in the token already.`);
  }
  if (token.actors.length >= boundsOf(limits).maxActors) {
    throw new TxnTokenError('ERR_TOKEN_ACTOR_DEPTH', 'The token has as many actors as it may.');
  }
  assertNarrower(scope, token.scope);
  return signed(svid, {
    iss: svid.id.toString(),
    aud: token.audience.name,
    ...timesOf(svid, now, token.expiresAt, limits),
    txn: token.txn,
    sub: token.subject,
    scope: scope.join(' '),
    req_wl: peer.toString(),
    tctx: token.transactionContext,
    rctx: token.requesterContext,
    act: actClaimOf([peer, ...token.actors]),
  });
}

/**
 * No scope beyond those of the subject token.
 * @throws ExchangeError `ERR_EXCHANGE_SCOPE_WIDER`, which names the first one that is
 */
export function assertNarrower(scope: readonly string[], allowed: readonly string[]): void {
  const beyond = scopeBeyond(scope, allowed);
  if (beyond === undefined) return;
  throw new ExchangeError(
    'ERR_EXCHANGE_SCOPE_WIDER',
    `The subject token does not hold the scope ${beyond}.`,
  );
}

function timesOf(
  svid: X509Svid,
  now: Date,
  subjectExpiresAt: number,
  limits: TokenLimits,
): { iat: number; exp: number } {
  const iat = Math.floor(now.getTime() / 1000);
  const svidEnd = Math.min(...svid.certificates.map(({ notAfter }) => notAfter.getTime()));
  const exp = Math.min(
    iat + boundsOf(limits).lifetimeSeconds,
    Math.floor(svidEnd / 1000),
    Math.floor(subjectExpiresAt),
  );
  if (exp > iat) return { iat, exp };
  throw new ExchangeError('ERR_EXCHANGE_LIFETIME', 'There is no time left for a token to live.');
}

/**
 * The limits with their defaults.
 * @throws RangeError for one out of range, which is a mistake of the program
 */
export function boundsOf({
  lifetimeSeconds = 300,
  maxActors = 4,
}: TokenLimits): Required<TokenLimits> {
  return {
    lifetimeSeconds: bounded(lifetimeSeconds, MAX_LIFETIME_SECONDS, 'lifetimeSeconds'),
    maxActors: bounded(maxActors, MAX_ACTORS, 'maxActors'),
  };
}

function bounded(value: number, max: number, name: string): number {
  if (Number.isInteger(value) && value >= 1 && value <= max) return value;
  throw new RangeError(`${name} is not a whole number from 1 to ${max}.`);
}

function signed(svid: X509Svid, claims: Readonly<Record<string, unknown>>): TxnToken {
  const { algorithm, header, certificates } = signerOf(svid);
  const input = `${header}.${part(claims)}`;
  const signature = signJws(algorithm, svid.privateKey, Buffer.from(input, 'latin1'));
  // Read back, so that nothing leaves that a receiver would refuse for its form.
  return TxnToken.decodeUnverified(
    `${input}.${signature.toString('base64url')}`,
    (base64) => certificates.get(base64) ?? parseX5cCertificate(base64),
  );
}

interface Signer {
  readonly algorithm: JwsAlgorithm;
  /** The first part of all tokens that the SVID signs. */
  readonly header: string;
  /** By their text in `x5c`. */
  readonly certificates: ReadonlyMap<string, Certificate>;
}

const signers = new WeakMap<X509Svid, Signer>();

function signerOf(svid: X509Svid): Signer {
  const known = signers.get(svid);
  if (known !== undefined) return known;
  const [algorithm] = jwsAlgorithmsOf(svid.privateKey);
  if (algorithm === undefined) throw new TypeError("The SVID's key fits no algorithm.");
  const certificates = new Map(
    svid.certificates.map((one) => [Buffer.from(one.raw).toString('base64'), one]),
  );
  const header = part({ typ: TXN_TOKEN_TYP, alg: algorithm, x5c: [...certificates.keys()] });
  const signer = { algorithm, header, certificates };
  signers.set(svid, signer);
  return signer;
}

function part(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
