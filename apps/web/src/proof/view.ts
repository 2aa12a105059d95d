import {
  type AnswerNode,
  actorsOf,
  type Digest,
  type InputEdge,
  type JsonObject,
  type NamedSource,
  type Proof,
  type Receipt,
  type Statement,
  type TrustDocument,
  type Verdict,
  type VerifiedAnswer,
} from '@mesh/provenance';

/** A verified answer as plain data, which a worker can hand over. */
export interface VerifiedView {
  /** What was verified: show this and nothing else. */
  readonly content: JsonObject;
  readonly verdict: Verdict;
  /** Outermost first. */
  readonly nodes: readonly ViewNode[];
  readonly edges: readonly InputEdge[];
  readonly sources: readonly NamedSource[];
  /** Undefined for an answer without a text. */
  readonly receipt: Receipt | undefined;
  readonly trustDigest: Digest;
  readonly trustDomain: string;
  /** What it took to verify all of it, in milliseconds. */
  readonly ms: number;
  /** What the receipt took besides. */
  readonly receiptMs: number;
}

/** A statement of it, and how far it is proven. */
export interface ViewNode {
  readonly statement: Omit<Statement, 'iss' | 'act'> & {
    readonly iss: string;
    /** Outermost first. */
    readonly actors: readonly string[];
  };
  readonly digest: Digest;
  readonly verdict: Verdict;
  readonly request: Proof;
  readonly content: Proof;
  readonly certificate: {
    readonly serialNumber: string;
    /** Of the whole chain, ISO 8601. */
    readonly notBefore: string;
    readonly notAfter: string;
    /** The CA that vouches for it is retired. */
    readonly retired: boolean;
  };
}

export function viewOf(
  { content, verdict, nodes, edges, sources, trust: trustDigest }: VerifiedAnswer,
  trust: TrustDocument,
  receipt: Receipt | undefined,
  times: Pick<VerifiedView, 'ms' | 'receiptMs'>,
): VerifiedView {
  return {
    ...{ content, verdict, edges, sources, receipt, trustDigest },
    nodes: nodes.map(nodeOf),
    trustDomain: trust.bundle.trustDomain.name,
    ...times,
  };
}

function nodeOf({ statement, chain, retired, ...node }: AnswerNode): ViewNode {
  const { iss, act, ...rest } = statement;
  const { digest, verdict, request, content } = node;
  return {
    ...{ digest, verdict, request, content },
    statement: { ...rest, iss: iss.toString(), actors: actorsOf(act).map(String) },
    certificate: {
      serialNumber: chain.chain[0]?.serialNumber ?? '',
      notBefore: chain.notBefore.toISOString(),
      notAfter: chain.notAfter.toISOString(),
      retired,
    },
  };
}
