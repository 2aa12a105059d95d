import {
  type CitedSource,
  type Digest,
  type HostCall,
  type Producer,
  sourceJson,
  type Tally,
  type TokenCounts,
} from '@mesh/provenance';
import { sha256 } from './sha256.js';
import { orSigningError } from './signing.error.js';

/** An answer that this one is made from. */
export interface InnerAnswer {
  /** In compact form, outermost first, as they stood in it. */
  readonly statements: readonly string[];
  /** Digest of the request that each of them answers. */
  readonly requests: readonly Digest[];
}

/**
 * What an answer is made from, noted while it is made. Whoever does something that belongs into the statement tells
 * it here; the signer reads it at the end. Nothing is taken back.
 */
export class AnswerRecord {
  readonly #inputs: InnerAnswer[] = [];
  readonly #sources = new Set<Digest>();
  readonly #producers = new Map<string, Producer>();
  readonly #hosts = new Map<string, number>();
  readonly #edits = new Map<string, number>();
  readonly #findings = new Map<string, number>();

  /**
   * The answer of another agent.
   * @param statements Verified, outermost first.
   * @param requests Of each statement its `request`.
   * @throws TypeError where there is not one request for each statement, or no statement
   */
  input(statements: readonly string[], requests: readonly Digest[]): void {
    if (statements.length === 0 || statements.length !== requests.length) {
      throw new TypeError('An input has one request for each of its statements.');
    }
    this.#inputs.push({ statements: [...statements], requests: [...requests] });
  }

  /**
   * A passage that was read, as it is delivered. One that is told twice counts once.
   * @throws SigningError `ERR_SIGNING_CONTENT` for what has no canonical form
   */
  source(source: CitedSource): void {
    const text = orSigningError('ERR_SIGNING_CONTENT', 'A source has no canonical form.', () =>
      sourceJson(source),
    );
    this.#sources.add(sha256(text));
  }

  /** A model or a tool. One that is told twice counts once, and its tokens are added up. */
  producer({ kind, provider, name, tokens }: Producer): void {
    const key = [kind, provider, name].join('\n');
    const sum = sumOf(this.#producers.get(key)?.tokens, tokens);
    this.#producers.set(key, {
      ...{ kind, provider, name },
      ...(sum === undefined ? {} : { tokens: sum }),
    });
  }

  /**
   * A call to the outside; those to one host are added up.
   * @param host Name or address, with the port unless it is the usual one.
   * @param bytes Of the body that went there.
   */
  hostCall(host: string, bytes: number): void {
    add(this.#hosts, host, bytes);
  }

  /** How the content was changed against that of its inputs; those of one kind are added up. */
  edit(kind: string, count = 1): void {
    add(this.#edits, kind, count);
  }

  /** What guardrails found; those of one kind are added up. */
  finding(kind: string, count = 1): void {
    add(this.#findings, kind, count);
  }

  get inputs(): readonly InnerAnswer[] {
    return this.#inputs;
  }

  get sources(): readonly Digest[] {
    return [...this.#sources];
  }

  get producers(): readonly Producer[] {
    return [...this.#producers.values()];
  }

  get hosts(): readonly HostCall[] {
    return Array.from(this.#hosts, ([host, bytes]) => ({ host, bytes }));
  }

  get edits(): readonly Tally[] {
    return tallies(this.#edits);
  }

  get findings(): readonly Tally[] {
    return tallies(this.#findings);
  }
}

const records = new WeakMap<object, AnswerRecord>();

/** The record of a request, found by the object that stands for it (its `RequestContext`). Made at the first call. */
export function recordOf(context: object): AnswerRecord {
  let record = records.get(context);
  if (record === undefined) records.set(context, (record = new AnswerRecord()));
  return record;
}

function sumOf(before?: TokenCounts, more?: TokenCounts): TokenCounts | undefined {
  return before === undefined || more === undefined
    ? (before ?? more)
    : { input: before.input + more.input, output: before.output + more.output };
}

function add(counts: Map<string, number>, name: string, count: number): void {
  counts.set(name, (counts.get(name) ?? 0) + count);
}

function tallies(counts: ReadonlyMap<string, number>): readonly Tally[] {
  return Array.from(counts, ([kind, count]) => ({ kind, count }));
}
