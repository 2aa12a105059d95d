import type { Certificate, SpiffeId, VerifiedChain } from '@mesh/spiffe';
import { checkRequests, checkSources, type NamedSource, type Proof } from './answer-content.js';
import { assertEdge, type InputEdge, inputEdges, type NamedStatement } from './answer-graph.js';
import { AnswerError, rule } from './answer.error.js';
import { base64Text } from './base64url.js';
import { canonicalJson } from './canonical-json.js';
import { isObject } from './compact-jws.js';
import { type Cryptography, webCryptography } from './cryptography.js';
import type { Digest } from './digest.js';
import { actorsOf, MAX_STATEMENTS, type Statement } from './statement.js';
import { type JsonObject, parseStrictJson } from './strict-json.js';
import { type ArchiveDocument, type TrustDocument, trustDocumentDigest } from './trust-document.js';
import {
  assertAnswersCall,
  assertFresh,
  assertMember,
  assertNotFuture,
  type ChainCheck,
  chainCheck,
  CLOCK_SKEW_SECONDS,
  dateOf,
  type SignedStatement,
  verifySigned,
} from './verify-statement.js';

/** Characters of an answer at most. */
export const MAX_ANSWER_CHARACTERS = 4_194_304;

/**
 * `valid`: the certificates are valid at the time it was judged at. The other: they were when it was made, by the
 * signer's own word, and no longer are; a stolen key could have backdated it.
 */
export type Verdict = 'valid' | 'valid at its iat, time claimed by the signer';

/** By what an answer is judged, besides the trust document. */
export interface AnswerOptions {
  readonly now: Date;
  /**
   * When the answer is known to have existed, from elsewhere than the answer: all certificates must have been valid
   * then. Default `now`, and where they are not, the time that the signers claim.
   */
  readonly at?: Date;
  /**
   * The call that was just made: the answer must be to it, fresh, and its certificates valid; its own request may then
   * stand in it as `{digest}`. Default: it was kept.
   */
  readonly call?: AnsweredCall;
}

/** What a caller knows of its own call. */
export interface AnsweredCall {
  /** The caller's own SPIFFE ID or client ID. */
  readonly audience: string;
  /** See `requestDigest`. With a nonce of its own no earlier answer fits it. */
  readonly request: Digest;
  /** Where the caller knows it: agents do, clients of persons do not. */
  readonly txn?: string;
  /** The token that the call was made with, where the caller knows it. */
  readonly delegation?: CallDelegation;
}

/** On whose behalf a call was made, as the Txn-Token that was sent says it. */
export interface CallDelegation {
  /** The person's pseudonym. */
  readonly subject: string;
  /** Outermost first. */
  readonly actors: readonly SpiffeId[];
  /** In the token's order. */
  readonly scope: readonly string[];
  /** Of the token in compact form. */
  readonly tokenHash: Digest;
}

/** A statement of the answer: who says so, for whom, when (`statement`), and how far it is proven. */
export interface AnswerNode extends NamedStatement {
  /** As it stands in the answer. */
  readonly compact: string;
  readonly chain: VerifiedChain;
  /** The CA that vouches for it stands in the archive. */
  readonly retired: boolean;
  /** Of the inner ones' content only what the outer ones made of it is delivered. */
  readonly content: Proof;
  readonly request: Proof;
  readonly verdict: Verdict;
}

/** The proof of an answer, as data. */
export interface VerifiedAnswer {
  /** What was verified: show this and nothing else. */
  readonly content: JsonObject;
  /** `valid` if each of the nodes is. */
  readonly verdict: Verdict;
  /** Outermost first. */
  readonly nodes: readonly AnswerNode[];
  readonly edges: readonly InputEdge[];
  readonly sources: readonly NamedSource[];
  /** Of the trust document, for comparison with one had another way. */
  readonly trust: Digest;
}

/** Verifies answers, in Node and in browsers, by one trust document. */
export class AnswerVerifier {
  private readonly check: ChainCheck;
  private digest: Promise<Digest> | undefined;
  /** By the key: a renewed certificate of the same key is no more to be trusted. */
  private readonly distrustedKeys: ReadonlySet<string>;

  /**
   * @param check Verifies chains against the CAs of trust document and archive; no chain of another trust domain
   *   comes to it. Default: by WebCrypto, each chain anew.
   * @param cryptography For digests and the statements' own signatures. Default: WebCrypto.
   * @throws AnswerError `ERR_ANSWER_TRUST_DOMAIN` for the archive of another trust domain
   */
  constructor(
    private readonly trust: TrustDocument,
    private readonly archive?: ArchiveDocument,
    check?: ChainCheck,
    private readonly cryptography: Cryptography = webCryptography,
  ) {
    const { trustDomain, x509Authorities } = trust.bundle;
    rule(
      archive?.trustDomain.equals(trustDomain) ?? true,
      'ERR_ANSWER_TRUST_DOMAIN',
      'The archive is of another trust domain.',
    );
    const archived = archive?.authorities ?? [];
    this.distrustedKeys = new Set(
      archived
        .filter(({ status }) => status === 'distrusted')
        .map(({ certificate }) => base64Text(certificate.publicKeyInfo)),
    );
    // The present ones first: what they vouch for needs no archive.
    const authorities = [...x509Authorities, ...archived.map(({ certificate }) => certificate)];
    this.check = check
      ? (chain, at) => {
          assertMember(chain, trustDomain);
          return check(chain, at);
        }
      : chainCheck(trustDomain, authorities);
  }

  /**
   * Verifies a delivered answer: every statement by itself, the graph of them, and the content, requests and sources
   * that it holds.
   *
   * @param document JSON text of at most 4 Mi characters, or what was read from one.
   * @throws AnswerError, JsonError with one code a rule
   */
  async verify(document: string | JsonObject, options: AnswerOptions): Promise<VerifiedAnswer> {
    const { content, compacts } = answerOf(document);
    const signed: (SignedStatement & NamedStatement & Pick<AnswerNode, 'compact'>)[] = [];
    for (const [place, compact] of compacts.entries()) {
      const digest = await this.cryptography.digest(compact);
      signed.push({ ...(await this.signed(compact, place)), compact, digest });
    }
    const judged = signed.map((node, place) => this.judge(node, place, options));
    const statements = signed.map(({ statement }) => statement);
    const edges = inputEdges(signed);
    const [root] = statements;
    rule(
      root?.iss.equals(this.trust.root) ?? false,
      'ERR_ANSWER_ROOT',
      'The answer is not signed by the workload that the trust document names.',
      { statement: 0 },
    );
    for (const { outer, inner } of edges) {
      const [from, to] = [statements[outer], statements[inner]];
      if (from && to) assertEdge(from, to, this.trust.edges, inner);
    }
    rule(
      root?.content === (await this.cryptography.digest(canonicalJson(content))),
      'ERR_ANSWER_CONTENT',
      'The content is not the one that was signed.',
      { statement: 0 },
    );
    if (root && options.call) assertAnswers(root, options.call, options.now);
    const requests = await checkRequests(
      content,
      statements,
      options.call !== undefined,
      this.cryptography,
    );
    const sources = await checkSources(content, statements, this.cryptography);
    const nodes = signed.map((node, place): AnswerNode => ({
      ...node,
      ...(judged[place] as Judged),
      content: place === 0 ? 'checked' : 'attested',
      request: requests[place] ?? 'attested',
    }));
    return {
      content,
      verdict: nodes.find(({ verdict }) => verdict !== 'valid')?.verdict ?? 'valid',
      nodes,
      edges,
      sources,
      trust: await (this.digest ??= trustDocumentDigest(this.trust)),
    };
  }

  private async signed(compact: string, place: number): Promise<SignedStatement> {
    try {
      return await verifySigned(compact, (iat) => iat, this.check, this.cryptography);
    } catch (error) {
      if (!(error instanceof AnswerError)) throw error;
      const { code, message } = error;
      throw new AnswerError(code, message, { cause: error.cause, statement: place });
    }
  }

  private judge(
    { statement, chain }: SignedStatement,
    place: number,
    options: AnswerOptions,
  ): Judged {
    const at = options.at ?? options.now;
    rule(
      at.getTime() <= options.now.getTime() + CLOCK_SKEW_SECONDS * 1000,
      'ERR_ANSWER_NOT_VALID_AT',
      'The time to judge at is in the future.',
    );
    assertNotFuture(statement, at);
    rule(
      !chain.chain.some((certificate) => this.isDistrusted(certificate)),
      'ERR_ANSWER_AUTHORITY_DISTRUSTED',
      'A CA that vouches for a statement is distrusted.',
      { statement: place },
    );
    const retired = !this.trust.bundle.x509Authorities.some((one) => one.equals(chain.authority));
    const since = retired ? this.retirementOf(chain) : undefined;
    rule(
      since === undefined || dateOf(statement.iat) <= since,
      'ERR_ANSWER_AUTHORITY_RETIRED',
      'A statement was made after the CA that vouches for it was retired.',
      { statement: place },
    );
    const valid =
      at >= chain.notBefore && at <= chain.notAfter && (since === undefined || at <= since);
    rule(
      valid || (options.at === undefined && options.call === undefined),
      'ERR_ANSWER_NOT_VALID_AT',
      'The certificates of a statement were not valid at that time.',
      { statement: place },
    );
    return { retired, verdict: valid ? 'valid' : 'valid at its iat, time claimed by the signer' };
  }

  private isDistrusted({ publicKeyInfo }: Certificate): boolean {
    return this.distrustedKeys.size > 0 && this.distrustedKeys.has(base64Text(publicKeyInfo));
  }

  private retirementOf({ authority }: VerifiedChain): Date {
    const entries = (this.archive?.authorities ?? []).filter(({ certificate }) =>
      certificate.equals(authority),
    );
    // Of several entries the earliest counts.
    return dateOf(Math.min(...entries.map(({ since }) => since)));
  }
}

function assertAnswers(root: Statement, call: AnsweredCall, now: Date): void {
  assertAnswersCall(root, { ...call, txn: call.txn ?? root.txn });
  assertFresh(root, now);
  if (call.delegation !== undefined) assertDelegation(root, call.delegation);
}

function assertDelegation(root: Statement, call: CallDelegation): void {
  const { subject, actors, scope, tokenHash } = call;
  rule(root.sub === subject, 'ERR_ANSWER_SUBJECT', 'A statement is for another person.');
  const claimed = actorsOf(root.act);
  rule(
    claimed.length === actors.length && claimed.every((one, place) => actors[place]?.equals(one)),
    'ERR_ANSWER_ACTORS',
    'A statement tells of other actors than the token.',
  );
  rule(root.tth === tokenHash, 'ERR_ANSWER_TOKEN', 'A statement is of another token.');
  rule(
    root.scope.join(' ') === scope.join(' '),
    'ERR_ANSWER_SCOPE',
    'A statement tells of other scopes than the token.',
  );
}

type Judged = Pick<AnswerNode, 'retired' | 'verdict'>;

/**
 * Verifies one answer: `AnswerVerifier` with its trust in hand.
 *
 * @example
 * const { verdict, nodes } = await verifyAnswer(text, parseTrustDocument(trustText), { now: new Date() });
 */
export async function verifyAnswer(
  document: string | JsonObject,
  trust: TrustDocument,
  options: AnswerOptions & { readonly archive?: ArchiveDocument },
): Promise<VerifiedAnswer> {
  return new AnswerVerifier(trust, options.archive).verify(document, options);
}

function answerOf(document: string | JsonObject): {
  content: JsonObject;
  compacts: readonly string[];
} {
  // Of its own: whoever holds the object may change it while signatures are checked.
  const text = typeof document === 'string' ? document : canonicalJson(document);
  const json = parseStrictJson(text, MAX_ANSWER_CHARACTERS);
  rule(isObject(json), 'ERR_ANSWER_DOCUMENT', 'The answer is not an object.');
  const { statements, ...content } = json;
  rule(
    statements !== undefined && !(Array.isArray(statements) && statements.length === 0),
    'ERR_ANSWER_UNSIGNED',
    'The answer holds no statement.',
  );
  rule(
    Array.isArray(statements) && statements.every((one) => typeof one === 'string'),
    'ERR_ANSWER_DOCUMENT',
    'The statements of the answer are not a list of texts.',
  );
  rule(
    statements.length <= MAX_STATEMENTS,
    'ERR_ANSWER_STATEMENTS_TOO_MANY',
    `The answer holds more than ${MAX_STATEMENTS} statements.`,
  );
  return { content, compacts: statements };
}
