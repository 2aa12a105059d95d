import { rolesOf, timeOf } from './verdict.js';
import { shortName } from './names.js';
import type { Item } from './layout.js';
import type { VerifiedView, ViewNode } from './view.js';

/** One thing that is proven, and what it means where it does not say so itself. */
export interface Fact {
  readonly name: string;
  readonly value: string;
  /** An ID, a digest or the like. */
  readonly code?: boolean;
  readonly note?: string;
}

const number = new Intl.NumberFormat('en');
const list = new Intl.ListFormat('en');

/** All that is proven of one part of the picture. */
export function factsOf(view: VerifiedView, item: Item, now: Date): readonly Fact[] {
  if (item === 'person') return personFacts(view);
  if (item === 'sources') return sourceFacts(view);
  const node = view.nodes[item];
  return node ? statementFacts(view, node, item, now) : [];
}

function personFacts({ nodes, content }: VerifiedView): readonly Fact[] {
  const [root] = nodes;
  if (!root) return [];
  const { statement } = root;
  return [
    {
      name: 'Pseudonym',
      value: statement.sub,
      code: true,
      note: 'Stands for the person in every statement; only the mesh can tell who it is.',
    },
    {
      name: 'Asked by',
      value: statement.aud,
      code: true,
      note: 'The client that took the answer.',
    },
    { name: 'Question', value: questionOf(content) ?? 'not in the answer' },
    { name: 'Transaction', value: statement.txn, code: true },
    {
      name: 'Acts for them',
      value: [...new Set(nodes.flatMap((one) => one.statement.actors))].map(shortName).join(', '),
      note: 'Each was allowed to by the Txn-Token whose digest its statement holds.',
    },
  ];
}

/** What was asked, as the gateway signed it. */
export function questionOf(content: VerifiedView['content']): string | undefined {
  const [request] = (content['requests'] ?? []) as readonly {
    body?: { question?: unknown } | null;
  }[];
  const question = request?.body?.question;
  return typeof question === 'string' ? question : undefined;
}

function sourceFacts({ sources, nodes }: VerifiedView): readonly Fact[] {
  return sources.map(({ source, digest, namedBy }) => ({
    name: `[${source.id}] ${source.title}`,
    value: digest,
    code: true,
    note: `SHA-256 of number, title, address and passage, signed by ${namesOf(nodes, namedBy)}.`,
  }));
}

function statementFacts(
  view: VerifiedView,
  { statement, certificate, ...node }: ViewNode,
  place: number,
  now: Date,
): readonly Fact[] {
  const { inputs, producers, hosts, edits, findings, actors } = statement;
  const madeFrom = view.edges.filter(({ outer }) => outer === place).map(({ inner }) => inner);
  const until = timeOf(Date.parse(certificate.notAfter) / 1000, now);
  const since = timeOf(Date.parse(certificate.notBefore) / 1000, now);
  return [
    { name: 'SPIFFE ID', value: statement.iss, code: true },
    {
      name: 'Signed at',
      value: timeOf(statement.iat, now),
      ...(node.verdict !== 'valid' && {
        note: 'By its own word: its certificates were valid then, and no longer are. A stolen key could have dated it back.',
      }),
    },
    { name: 'Certificate serial', value: certificate.serialNumber, code: true },
    {
      name: 'Certificate valid',
      value: `${since} to ${until}`,
      ...(certificate.retired && { note: 'Its CA is retired since.' }),
    },
    {
      name: 'Answers',
      value: statement.aud,
      code: true,
      note: place === 0 ? 'The client of the person.' : 'Whoever called it, by mutual TLS.',
    },
    {
      name: 'On behalf of',
      value: `${statement.sub} through ${actors.map(shortName).join(' ← ')}`,
      note: 'The chain of delegation, outermost first.',
    },
    {
      name: 'Scopes',
      value: statement.scope.join(' '),
      code: true,
      note: 'What it was allowed to do, by the Txn-Token it was called with. Never more than the caller was.',
    },
    { name: 'Transaction', value: statement.txn, code: true },
    {
      name: 'Made by',
      value: listed(producers, ({ kind, provider, name, tokens }) =>
        [
          `${kind} ${name} of ${provider}`,
          ...(tokens
            ? [`${number.format(tokens.input)} tokens in, ${number.format(tokens.output)} out`]
            : []),
        ].join(': '),
      ),
    },
    {
      name: 'Made from',
      value:
        list.format([
          ...(madeFrom.length > 0 ? [`the statement of ${namesOf(view.nodes, madeFrom)}`] : []),
          ...(inputs.sources.length > 0 ? [count(inputs.sources.length, 'source')] : []),
        ]) || 'nothing it names',
    },
    {
      name: 'Hosts called',
      value: listed(hosts, ({ host, bytes }) => `${host} (${number.format(bytes)} bytes sent)`),
    },
    { name: 'Changes made', value: listed(edits, tally) },
    { name: 'Guardrails found', value: listed(findings, tally) },
    {
      name: 'Digest of the content',
      value: statement.content,
      code: true,
      note:
        node.content === 'checked'
          ? 'Checked: it is that of the answer above.'
          : 'Attested: what it delivered is not in the answer; the statement above it vouches for it.',
    },
    {
      name: 'Digest of the request',
      value: statement.request,
      code: true,
      note:
        node.request === 'checked'
          ? 'Checked: it is that of the question as it was sent.'
          : 'Attested: the request is not in the answer; the statement above it vouches for it.',
    },
    { name: 'Digest of the statement', value: node.digest, code: true },
    {
      name: 'Digest of the Txn-Token',
      value: statement.tth,
      code: true,
      note: 'Of the token that allowed the call; the token itself stays in the mesh.',
    },
  ];
}

/** What the part is called, for its heading. */
export function titleOf(view: VerifiedView, item: Item): string {
  if (item === 'person') return 'The person';
  if (item === 'sources') return 'The sources';
  const name = shortName(view.nodes[item]?.statement.iss ?? '');
  return rolesOf(view).writers.includes(item) ? `${name}, who wrote it` : name;
}

function namesOf(nodes: readonly ViewNode[], places: readonly number[]): string {
  return list.format(new Set(places.map((at) => shortName(nodes[at]?.statement.iss ?? ''))));
}

function tally({ kind, count }: { readonly kind: string; readonly count: number }): string {
  return `${kind} (${count})`;
}

function count(many: number, one: string): string {
  return many === 1 ? `1 ${one}` : `${many} ${one}s`;
}

function listed<One>(items: readonly One[], text: (item: One) => string): string {
  return items.length === 0 ? 'none' : items.map(text).join('; ');
}
