import { type AnswerNode, actorsOf, type VerifiedAnswer } from '@mesh/provenance';
import { printable, printableLine } from '../../printable.js';
import { citation } from '../citation.js';
import { table } from '../table.js';
import type { Trusted } from './trusted.js';

/**
 * The proof of an answer in words: everything in it comes from verified statements and signed content.
 *
 * @param columns Width of the terminal
 */
export function explanation(
  answer: VerifiedAnswer,
  trusted: Trusted,
  at: Date,
  columns: number,
): string {
  const { nodes, trust } = answer;
  const [root] = nodes as [AnswerNode, ...AnswerNode[]];
  const { statement } = root;
  return printable(
    [
      headline(answer),
      '',
      rows([
        ['Answer to', `${statement.aud}, for the person ${statement.sub} (a pseudonym)`],
        ['Transaction', statement.txn],
        ['Made', timeOf(statement.iat)],
        ['Judged at', at.toISOString()],
        ['Question', questionOf(answer)],
      ]),
      'Statements, each above those that it was made from',
      ...tree(answer),
      'Sources',
      ...sources(answer, columns),
      'Trusted for this',
      rows([
        ['Document', trusted.trustFile],
        // The form that `sha256sum` prints of a document as the mesh writes it.
        ['SHA-256', `${trust} (${Buffer.from(trust, 'base64url').toString('hex')})`],
        ['Archive', trusted.archiveFile ?? 'none: no retired CAs'],
        ['Domain', trusted.trust.bundle.trustDomain.name],
        ['Delivered by', trusted.trust.root.toString()],
      ]),
      COVERED,
      '',
    ].join('\n'),
  );
}

const COVERED = `What this proves: the answer, its sources and its requests are as the workloads above signed them, for that person
and transaction; each showed its SPIFFE ID by a certificate of the trusted CA. What is "attested" is not in the file:
the statement above it vouches for it.
What it does not prove: that the answer is true, nor that the gateway is honest. A malicious gateway could sign another
text over the same statements, and it serves the trust document too: compare the digest with one had another way.`;

function headline({ verdict, nodes }: VerifiedAnswer): string {
  const count = nodes.length === 1 ? 'its statement' : `its ${nodes.length} statements`;
  const proven = `Verified: the answer and ${count} are as they were signed`;
  return verdict === 'valid'
    ? `${proven}; the certificates are valid.`
    : `${proven}, by certificates that were valid then.\nWhen that was is the signers' own word: since then the certificates ended or their CA was retired.`;
}

function questionOf({ content }: VerifiedAnswer): string {
  const [request] = content.requests as readonly { body?: { question?: unknown } | null }[];
  const question = request?.body?.question;
  return typeof question === 'string' ? printableLine(question) : '-';
}

function tree({ nodes, edges }: VerifiedAnswer): string[] {
  const depthOf = (place: number): number => {
    const edge = edges.find(({ inner }) => inner === place);
    return edge === undefined ? 0 : depthOf(edge.outer) + 1;
  };
  return nodes.map((node, place) => {
    const indent = '  '.repeat(depthOf(place) + 1);
    const head = `${indent}${place + 1}. ${node.statement.iss}\n`;
    return `${head}${rows(facts(node), `${indent}   `)}`;
  });
}

function facts({
  statement,
  chain,
  retired,
  verdict,
  request,
  content,
}: AnswerNode): [string, string][] {
  const [leaf] = chain.chain;
  return [
    ['answered', `${statement.aud} (request ${request}, content ${content})`],
    ['signed', `${timeOf(statement.iat)}${verdict === 'valid' ? '' : ', by its own word'}`],
    [
      'certificate',
      `serial ${leaf?.serialNumber ?? '-'}, ${secondsOf(chain.notBefore)} to ${secondsOf(chain.notAfter)}${retired ? ', of a CA that is retired' : ''}`,
    ],
    ['for', `${statement.sub}, through ${actorsOf(statement.act).join(' <- ')}`],
    ['scopes', statement.scope.join(' ')],
    [
      'made by',
      listed(
        statement.producers,
        ({ kind, provider, name, tokens }) =>
          `${kind} ${provider} ${name}${tokens === undefined ? '' : ` (${tokens.input} tokens in, ${tokens.output} out)`}`,
      ),
    ],
    ['sources', String(statement.inputs.sources.length)],
    ['hosts', listed(statement.hosts, ({ host, bytes }) => `${host} (${bytes} bytes sent)`)],
    ['edits', listed(statement.edits, tally)],
    ['findings', listed(statement.findings, tally)],
  ];
}

function sources({ sources }: VerifiedAnswer, columns: number): string[] {
  if (sources.length === 0) return ['  none', ''];
  return sources.map(({ source, digest, namedBy }) =>
    [
      citation(source, columns),
      `      SHA-256 ${digest}, named by ${statements(namedBy)}`,
      '',
    ].join('\n'),
  );
}

function statements(places: readonly number[]): string {
  return `statement${places.length > 1 ? 's' : ''} ${places.map((place) => place + 1).join(', ')}`;
}

function tally({ kind, count }: { kind: string; count: number }): string {
  return `${kind} (${count})`;
}

function listed<Item>(items: readonly Item[], name: (item: Item) => string): string {
  return items.length === 0 ? 'none' : items.map(name).join(', ');
}

function rows(cells: [string, string][], indent = '  '): string {
  return table(cells.map(([name, value]) => [`${indent}${name}`, value]));
}

function timeOf(seconds: number): string {
  return secondsOf(new Date(seconds * 1000));
}

function secondsOf(date: Date): string {
  return date.toISOString().replace('.000Z', 'Z');
}
