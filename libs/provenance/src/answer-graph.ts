import { type AnswerErrorCode, rule } from './answer.error.js';
import type { Digest } from './digest.js';
import { actorsOf, type Statement } from './statement.js';
import type { Edge } from './trust-document.js';
import { CLOCK_SKEW_SECONDS } from './verify-statement.js';

/** That a statement names another as its input: places in the answer's list, from 0. */
export interface InputEdge {
  readonly outer: number;
  readonly inner: number;
}

/** A statement and the digest of its compact form. */
export interface NamedStatement {
  readonly digest: Digest;
  readonly statement: Statement;
}

/**
 * The edges between statements, which stand outermost first: each is followed by its inputs, in the order in which it
 * names them, each with its own. So there is one right order for a graph, in which each statement but the first is
 * named once.
 *
 * @throws AnswerError with one code a rule
 */
export function inputEdges(named: readonly NamedStatement[]): readonly InputEdge[] {
  const places = new Map(named.map(({ digest }, place) => [digest, place]));
  rule(
    places.size === named.length,
    'ERR_ANSWER_STATEMENT_TWICE',
    'A statement stands in the answer twice.',
  );
  const inputs = named.map(({ statement }) => statement.inputs.statements);
  const all = inputs.flat();
  rule(
    new Set(all).size === all.length,
    'ERR_ANSWER_INPUT_TWICE',
    'A statement is named as input twice.',
  );
  const edges: InputEdge[] = [];
  const order: number[] = [];
  // A statement holds the digests of its inputs, so none can lead back to itself.
  const walk = (outer: number): void => {
    order.push(outer);
    for (const digest of inputs[outer] ?? []) {
      const inner = places.get(digest);
      rule(
        inner !== undefined,
        'ERR_ANSWER_INPUT_MISSING',
        'A statement that is named as input is missing from the answer.',
        { statement: outer },
      );
      edges.push({ outer, inner });
      walk(inner);
    }
  };
  // By the statement that none names: with the first one, a wrong order would seem to be a missing name.
  const roots = named.flatMap(({ digest }, place) => (all.includes(digest) ? [] : [place]));
  rule(
    roots.includes(0),
    'ERR_ANSWER_ORDER',
    'The statements of the answer do not stand outermost first.',
  );
  walk(0);
  rule(
    roots.length === 1,
    'ERR_ANSWER_STATEMENT_UNNAMED',
    'A statement of the answer is named as input by no other.',
  );
  rule(
    order.every((place, index) => place === index),
    'ERR_ANSWER_ORDER',
    'The statements of the answer do not stand outermost first.',
  );
  return edges;
}

/**
 * What must hold between a statement and its input: the call it tells of is declared, and belongs to the same
 * transaction of the same person, with no more scopes: a token that replaces another never widens it.
 *
 * @throws AnswerError with one code a rule
 */
export function assertEdge(
  outer: Statement,
  inner: Statement,
  declared: readonly Edge[],
  place: number,
): void {
  const must = (holds: boolean, code: AnswerErrorCode, message: string) =>
    rule(holds, code, message, { statement: place });
  must(
    inner.aud === outer.iss.toString(),
    'ERR_ANSWER_AUDIENCE',
    'A statement answers another caller than the one that names it as input.',
  );
  must(
    declared.some(({ caller, callee }) => caller.equals(outer.iss) && callee.equals(inner.iss)),
    'ERR_ANSWER_EDGE',
    'A statement is of a workload that the one that names it may not call.',
  );
  must(
    inner.txn === outer.txn,
    'ERR_ANSWER_TXN_DIFFERS',
    'The statements are of different transactions.',
  );
  must(
    inner.sub === outer.sub,
    'ERR_ANSWER_SUBJECT_DIFFERS',
    'The statements are for different persons.',
  );
  // The first agent obtains its token for itself; whoever was called appends itself when it replaces the token.
  const before = actorsOf(outer.act).map(String);
  const caller = outer.iss.toString();
  const expected = before[0] === caller ? before : [caller, ...before];
  must(
    actorsOf(inner.act).map(String).join(' ') === expected.join(' '),
    'ERR_ANSWER_ACTORS',
    'The actors of a statement do not continue those of the one that names it.',
  );
  must(
    inner.scope.every((scope) => outer.scope.includes(scope)),
    'ERR_ANSWER_SCOPE',
    'A statement has a scope that the one that names it has not.',
  );
  must(
    inner.iat <= outer.iat + CLOCK_SKEW_SECONDS,
    'ERR_ANSWER_TIME_ORDER',
    'A statement is older than its input.',
  );
}
