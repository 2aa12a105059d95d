import {
  type Certificate,
  spiffeIdOfLeaf,
  type SpiffeId,
  type TrustDomain,
  type VerifiedChain,
  verifyChain,
  webCryptoCheck,
} from '@mesh/spiffe';
import { AnswerError, rule } from './answer.error.js';
import { decodeUnverified } from './compact-jws.js';
import { type Cryptography, webCryptography } from './cryptography.js';
import type { Digest } from './digest.js';
import { parseStatement, type Statement } from './statement.js';

/** Seconds that two clocks may differ. */
export const CLOCK_SKEW_SECONDS = 60;
/** Age of a statement at most when it answers a call. Seconds. */
export const MAX_AGE_SECONDS = 300;

/**
 * Verifies the chain of a statement at a time, against the bundle of its own trust domain; rejects where it does not
 * hold. `chainCheck` makes one; `PeerVerifier` of `@mesh/identity` is one with a memory.
 */
export type ChainCheck = (
  chain: readonly Certificate[],
  at: Date,
) => VerifiedChain | Promise<VerifiedChain>;

/** What the caller knows of the call that a statement answers. */
export interface ExpectedStatement {
  /** The peer that was called. */
  readonly issuer: SpiffeId;
  /** The caller's own SPIFFE ID or client ID. */
  readonly audience: string;
  readonly txn: string;
  /** See `requestDigest`. */
  readonly request: Digest;
  /** See `contentDigest`. */
  readonly content: Digest;
  readonly now: Date;
  /** True for an answer that was kept: its chain is judged at `iat`, however long ago. Default false. */
  readonly archived?: boolean;
}

/** A statement whose signature holds. */
export interface SignedStatement {
  readonly statement: Statement;
  readonly chain: VerifiedChain;
}

/**
 * Verifies the statement of one answered call: form, chain, signature, SAN = `kid` = `iss` = the peer that was called,
 * audience, transaction, request, content and time.
 *
 * @throws AnswerError, JsonError with one code a rule
 *
 * @example
 * const check = chainCheck(trustDomain, bundle.x509Authorities);
 * await verifyStatement(body.statements[0], { issuer: writer, audience: own, txn, request, content, now }, check);
 */
export async function verifyStatement(
  compact: string,
  expected: ExpectedStatement,
  check: ChainCheck,
): Promise<SignedStatement> {
  const { now } = expected;
  const signed = await verifySigned(compact, (iat) => (expected.archived ? iat : now), check);
  const { statement } = signed;
  rule(
    statement.iss.equals(expected.issuer),
    'ERR_ANSWER_ISSUER',
    'A statement is of another workload than the one that was called.',
  );
  assertAnswersCall(statement, expected);
  rule(
    statement.content === expected.content,
    'ERR_ANSWER_CONTENT',
    'The content is not the one that was signed.',
  );
  assertNotFuture(statement, now);
  if (!expected.archived) assertFresh(statement, now);
  return signed;
}

/** @throws AnswerError `ERR_ANSWER_AUDIENCE`, `ERR_ANSWER_TXN`, `ERR_ANSWER_REQUEST` */
export function assertAnswersCall(
  statement: Statement,
  expected: Pick<ExpectedStatement, 'audience' | 'txn' | 'request'>,
): void {
  rule(
    statement.aud === expected.audience,
    'ERR_ANSWER_AUDIENCE',
    'A statement answers another caller.',
  );
  rule(statement.txn === expected.txn, 'ERR_ANSWER_TXN', 'A statement is of another transaction.');
  rule(
    statement.request === expected.request,
    'ERR_ANSWER_REQUEST',
    'A statement answers another request.',
  );
}

/** @throws AnswerError `ERR_ANSWER_IAT_OLD` */
export function assertFresh(statement: Statement, now: Date): void {
  rule(
    statement.iat + MAX_AGE_SECONDS >= now.getTime() / 1000,
    'ERR_ANSWER_IAT_OLD',
    `A statement is older than ${MAX_AGE_SECONDS} seconds.`,
  );
}

/** What holds of a statement by itself: form, names, chain at a time, `iat` within it, signature. */
export async function verifySigned(
  compact: string,
  judgedAt: (iat: Date) => Date,
  check: ChainCheck,
  cryptography: Cryptography = webCryptography,
): Promise<SignedStatement> {
  const jws = decodeUnverified(compact);
  const statement = parseStatement(jws.payload);
  rule(
    jws.keyId.equals(statement.iss),
    'ERR_ANSWER_ISSUER_KEY_ID',
    'The iss of a statement is not its kid.',
  );
  const [leaf] = jws.certificates as [Certificate, ...Certificate[]];
  const iat = dateOf(statement.iat);
  let chain: VerifiedChain;
  try {
    rule(
      spiffeIdOfLeaf(leaf).equals(jws.keyId),
      'ERR_ANSWER_CERTIFICATE_ID',
      'The kid of a statement is not the SPIFFE ID of its certificate.',
    );
    // First, so that the reader learns this rather than that a chain of the present was not valid then.
    rule(
      jws.certificates.every(({ notBefore, notAfter }) => iat >= notBefore && iat <= notAfter),
      'ERR_ANSWER_IAT_OUTSIDE_CERTIFICATE',
      'A statement was not made while its certificates were valid.',
    );
    chain = await check(jws.certificates, judgedAt(iat));
  } catch (cause) {
    if (cause instanceof AnswerError) throw cause;
    throw new AnswerError('ERR_ANSWER_CHAIN', 'The certificates of a statement do not hold.', {
      cause,
    });
  }
  rule(
    iat >= chain.notBefore && iat <= chain.notAfter,
    'ERR_ANSWER_IAT_OUTSIDE_CERTIFICATE',
    'A statement was not made while its certificates were valid.',
  );
  rule(
    await cryptography.signedBy(leaf.publicKeyInfo, jws),
    'ERR_ANSWER_SIGNATURE',
    'The signature of a statement is wrong.',
  );
  return { statement, chain };
}

/** @throws AnswerError `ERR_ANSWER_IAT_FUTURE` */
export function assertNotFuture(statement: Statement, now: Date): void {
  rule(
    statement.iat <= now.getTime() / 1000 + CLOCK_SKEW_SECONDS,
    'ERR_ANSWER_IAT_FUTURE',
    'A statement is from the future.',
  );
}

/** Checks chains by WebCrypto against the authorities of one trust domain. */
export function chainCheck(
  trustDomain: TrustDomain,
  authorities: readonly Certificate[],
): ChainCheck {
  return async (chain, at) => {
    assertMember(chain, trustDomain);
    const steps = verifyChain(chain, authorities, at);
    let step = steps.next();
    while (!step.done) step = steps.next(await webCryptoCheck(step.value));
    return step.value;
  };
}

/** @throws AnswerError `ERR_ANSWER_TRUST_DOMAIN` */
export function assertMember([leaf]: readonly Certificate[], trustDomain: TrustDomain): void {
  rule(
    leaf !== undefined && spiffeIdOfLeaf(leaf).memberOf(trustDomain),
    'ERR_ANSWER_TRUST_DOMAIN',
    'A statement is of a workload of another trust domain.',
  );
}

export function dateOf(seconds: number): Date {
  return new Date(seconds * 1000);
}
