import { actorsOf, type VerifiedAnswer } from '@mesh/provenance';
import type { Trusted } from './trusted.js';

/** The proof of an answer for machines. Places of statements count from 0. */
export function report(answer: VerifiedAnswer, trusted: Trusted, at: Date): object {
  return {
    verified: true,
    verdict: answer.verdict,
    judgedAt: at.toISOString(),
    trust: {
      digest: answer.trust,
      file: trusted.trustFile,
      archive: trusted.archiveFile ?? null,
      trustDomain: trusted.trust.bundle.trustDomain.name,
      root: trusted.trust.root.toString(),
    },
    statements: answer.nodes.map(({ statement, chain, digest, ...node }, place) => ({
      issuer: statement.iss.toString(),
      audience: statement.aud,
      person: statement.sub,
      transaction: statement.txn,
      actors: actorsOf(statement.act).map(String),
      scope: statement.scope,
      issuedAt: new Date(statement.iat * 1000).toISOString(),
      verdict: node.verdict,
      certificate: {
        serialNumber: chain.chain[0]?.serialNumber,
        notBefore: chain.notBefore.toISOString(),
        notAfter: chain.notAfter.toISOString(),
        retired: node.retired,
      },
      digest,
      request: node.request,
      content: node.content,
      inputs: {
        statements: answer.edges.filter(({ outer }) => outer === place).map(({ inner }) => inner),
        sources: statement.inputs.sources,
      },
      producers: statement.producers,
      hosts: statement.hosts,
      edits: statement.edits,
      findings: statement.findings,
    })),
    sources: answer.sources.map(({ source: { id, title, url }, digest, namedBy }) => ({
      id,
      title,
      url,
      digest,
      namedBy,
    })),
  };
}
