import { isJwsAlgorithm, type JwsAlgorithm } from '@mesh/identity';
import { Certificate, MAX_CHAIN_LENGTH, SpiffeId, SpiffeIdError, TrustDomain } from '@mesh/spiffe';
import { digestOfText } from '../digest-of-text.js';
import type { Person } from '../person.js';
import { parseScope } from '../scope.js';
import { parseActorChain } from './actor-chain.js';
import { parseCompactJws } from './compact-jws.js';
import { MissingScopeError, TxnTokenError } from './txn-token.error.js';

/** `typ` of a transaction token. */
export const TXN_TOKEN_TYP = 'txntoken+jwt';
/** Of the whole text, in characters: Node takes 16 KiB of headers in all. */
export const MAX_TXN_TOKEN_LENGTH = 12 * 1024;

const MAX_TEXT = 2048;
const TXN = /^[A-Za-z0-9_-]{16,64}$/;
const KEYS_FROM_ELSEWHERE = ['jwk', 'jku', 'kid', 'x5u', 'x5t', 'x5t#S256'];
const EXTENSIONS = ['crit', 'b64'];

type Json = Readonly<Record<string, unknown>>;

/**
 * A transaction token (draft-ietf-oauth-transaction-tokens, in the profile of this library's README). Immutable; one
 * that exists is well-formed, and no more: whether it is genuine and for whom is what `verifyTxnToken` says.
 */
export class TxnToken {
  readonly #text: string;
  readonly algorithm: JwsAlgorithm;
  /** `x5c`: the token service's certificate and its intermediates. */
  readonly certificates: readonly Certificate[];
  /** `iss`: the token service. */
  readonly issuer: SpiffeId;
  /** `aud` */
  readonly audience: TrustDomain;
  /** `iat`, in seconds since the epoch. */
  readonly issuedAt: number;
  /** `exp`, in seconds since the epoch. */
  readonly expiresAt: number;
  /** `txn`: the same in a token and in all that replace it. */
  readonly txn: string;
  readonly scope: readonly string[];
  /** `req_wl`: who asked for this very token. */
  readonly requester: SpiffeId;
  /** `tctx`: what was asked. */
  readonly transactionContext: Json;
  /** `rctx`: who asked, from the issuer's word. */
  readonly requesterContext: Json;
  /** `act`: the workloads the request went through; the first one may send the token. */
  readonly actors: readonly SpiffeId[];
  /** `sub` with what `rctx` says of the person. */
  readonly person: Person;
  /** The person's pseudonym, `rctx.user`. */
  readonly userId: string;
  /** How logs name the token. */
  readonly hash: string;

  private constructor(
    text: string,
    header: Json,
    claims: Json,
    readonly signingInput: Uint8Array,
    readonly signature: Uint8Array,
    parseCertificate: (base64: string) => Certificate,
  ) {
    this.#text = text;
    this.hash = digestOfText(text);
    this.algorithm = algorithmOf(header);
    this.certificates = certificatesOf(header['x5c'], parseCertificate);
    this.issuer = idOf(claims, 'iss');
    this.audience = audienceOf(claims['aud']);
    this.issuedAt = secondsOf(claims, 'iat');
    this.expiresAt = secondsOf(claims, 'exp');
    this.txn = textOf(claims, 'txn');
    if (!TXN.test(this.txn)) throw claimError('txn');
    this.scope = parseScope(textOf(claims, 'scope')) ?? refuseClaim('scope');
    this.requester = idOf(claims, 'req_wl');
    this.transactionContext = objectOf(claims, 'tctx');
    this.requesterContext = objectOf(claims, 'rctx');
    this.actors = parseActorChain(claims['act']);
    if (this.actors[0]?.equals(this.requester) !== true) throw claimError('req_wl');
    this.userId = textOf(this.requesterContext, 'user', 'rctx.user');
    this.person = Object.freeze({
      subject: textOf(claims, 'sub'),
      roles: namesOf(this.requesterContext, 'roles'),
      groups: namesOf(this.requesterContext, 'groups'),
    });
    Object.freeze(this);
  }

  /**
   * Reads a token without asking whether it is genuine.
   * @param parseCertificate Reads a member of `x5c`: for who remembers certificates, `parseX5cCertificate` otherwise.
   * @throws TxnTokenError
   */
  static decodeUnverified(
    text: string,
    parseCertificate: (base64: string) => Certificate = parseX5cCertificate,
  ): TxnToken {
    if (text.length > MAX_TXN_TOKEN_LENGTH) {
      throw new TxnTokenError(
        'ERR_TOKEN_TOO_LARGE',
        `The token is longer than ${MAX_TXN_TOKEN_LENGTH} characters.`,
      );
    }
    const { header, payload, signingInput, signature } = parseCompactJws(text);
    assertHeader(header);
    return new TxnToken(text, header, payload, signingInput, signature, parseCertificate);
  }

  /** `sub`: the person, issuer-qualified. */
  get subject(): string {
    return this.person.subject;
  }

  /** The workload that may send it. */
  get actor(): SpiffeId {
    return this.actors[0] as SpiffeId;
  }

  /** The token itself, for the header of a request and for nothing else. */
  reveal(): string {
    return this.#text;
  }

  /**
   * @throws MissingScopeError (`ERR_TOKEN_SCOPE`) that names the scope, unless the token holds this very one
   */
  assertScope(scope: string): void {
    if (!this.scope.includes(scope)) throw new MissingScopeError(scope);
  }

  /** What a log may hold. */
  toJSON(): { token: string; txn: string; user: string; scope: string; actors: string[] } {
    return {
      token: this.hash,
      txn: this.txn,
      user: this.userId,
      scope: this.scope.join(' '),
      actors: this.actors.map(String),
    };
  }
}

function assertHeader(header: Json): void {
  const has = (name: string) => Object.hasOwn(header, name);
  if (header['typ'] !== TXN_TOKEN_TYP) {
    throw new TxnTokenError('ERR_TOKEN_TYPE', `The token's typ is not ${TXN_TOKEN_TYP}.`);
  }
  if (EXTENSIONS.some(has)) {
    throw new TxnTokenError('ERR_TOKEN_CRITICAL', 'The header has crit or b64.');
  }
  const key = KEYS_FROM_ELSEWHERE.find(has);
  if (key !== undefined) {
    throw new TxnTokenError('ERR_TOKEN_HEADER_KEY', `The header has ${key}.`);
  }
  if (Object.keys(header).length !== 3 || !has('alg') || !has('x5c')) {
    throw new TxnTokenError('ERR_TOKEN_HEADER', 'The header is not typ, alg and x5c.');
  }
}

function algorithmOf(header: Json): JwsAlgorithm {
  const { alg } = header;
  if (isJwsAlgorithm(alg)) return alg;
  throw new TxnTokenError('ERR_TOKEN_ALGORITHM', 'The token has an algorithm that is not allowed.');
}

/**
 * Reads a member of `x5c` (RFC 7515 4.1.6): DER in base64 with padding, not base64url.
 * @throws TxnTokenError `ERR_TOKEN_CHAIN`
 */
export function parseX5cCertificate(base64: string): Certificate {
  const der = Buffer.from(base64, 'base64');
  if (der.toString('base64') !== base64) throw chainError();
  try {
    return Certificate.parse(der);
  } catch (error) {
    throw chainError(error);
  }
}

function certificatesOf(
  x5c: unknown,
  parse: (base64: string) => Certificate,
): readonly Certificate[] {
  if (!Array.isArray(x5c) || x5c.length === 0 || x5c.length > MAX_CHAIN_LENGTH) throw chainError();
  return Object.freeze(
    x5c.map((one: unknown) => {
      if (typeof one !== 'string') throw chainError();
      return parse(one);
    }),
  );
}

function chainError(cause?: unknown): TxnTokenError {
  return new TxnTokenError('ERR_TOKEN_CHAIN', 'x5c is not a chain of certificates.', { cause });
}

function audienceOf(aud: unknown): TrustDomain {
  if (typeof aud !== 'string') throw claimError('aud');
  try {
    return TrustDomain.ofName(aud);
  } catch (error) {
    throw claimError('aud', error);
  }
}

function idOf(claims: Json, name: string): SpiffeId {
  try {
    const id = SpiffeId.parse(textOf(claims, name));
    return id.path === '' ? refuseClaim(name) : id;
  } catch (error) {
    throw error instanceof SpiffeIdError ? claimError(name, error) : error;
  }
}

function textOf(claims: Json, name: string, path = name): string {
  const value = claims[name];
  if (typeof value !== 'string' || value === '' || value.length > MAX_TEXT) throw claimError(path);
  return value;
}

function secondsOf(claims: Json, name: string): number {
  const value = claims[name];
  if (!Number.isSafeInteger(value) || (value as number) <= 0) throw claimError(name);
  return value as number;
}

function objectOf(claims: Json, name: string): Json {
  const value = claims[name];
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw claimError(name);
  return Object.freeze(value) as Json;
}

function namesOf(context: Json, name: string): readonly string[] {
  const value = context[name];
  if (!Array.isArray(value) || !value.every((one) => typeof one === 'string')) {
    throw claimError(`rctx.${name}`);
  }
  return Object.freeze([...value]);
}

function claimError(name: string, cause?: unknown): TxnTokenError {
  return new TxnTokenError('ERR_TOKEN_CLAIM', `The claim ${name} is missing or malformed.`, {
    cause,
  });
}

function refuseClaim(name: string): never {
  throw claimError(name);
}
