import MiniSearch, { type SearchResult as Hit } from 'minisearch';
import { isSingleCharacter, mayBeMistyped, queryTermsOf, termsOf } from './terms.js';

const FIELDS = ['title', 'heading', 'text'] as const;
type Field = (typeof FIELDS)[number];

export type PassageTerms = Readonly<Record<Field, readonly string[]>>;
export type FieldLengths = readonly number[];

/** Terms of a query that count; a longer one says no more. */
const QUERY_TERMS = 64;
const TERMS_PER_LINE = 64;

/** One line of the stored index: `[term, [field, passage, count, passage, count, …], …]` for some terms. */
export type IndexLine = [string, ...number[][]][];

/**
 * MiniSearch (BM25+) over passages whose terms are known already. Adding and loading are its own, for a folder of
 * ten thousand files: MiniSearch's `add` walks its radix tree once a word (four times slower here), and its
 * `toJSON` blocks the event loop for seconds. Searching is MiniSearch's; a test holds both to the same results.
 */
export class PassageIndex extends MiniSearch<{ id: number }> {
  /** Postings by term while passages are added in bulk; invalid as soon as MiniSearch may remove a term. */
  private postings = new Map<string, Map<number, Map<number, number>>>();

  constructor() {
    super({
      fields: [...FIELDS],
      tokenize: termsOf,
      processTerm: (term) => term,
      autoVacuum: false,
      // It would write to the console; what it warns of (a text that changed before its removal) cannot happen here.
      logger: () => undefined,
      searchOptions: { boost: { title: 1, heading: 2, text: 1 }, bm25: { k: 1.2, b: 0.6, d: 0.5 } },
    });
  }

  /** Adds a passage; `id` is a number not used before. Returns the lengths to store with it. */
  addPassage(id: number, terms: PassageTerms): FieldLengths {
    const lengths = FIELDS.map((field) => new Set(terms[field]).size);
    this.register(id, lengths);
    for (const [field, name] of FIELDS.entries()) {
      for (const term of terms[name]) {
        let byField = this.postings.get(term);
        if (byField === undefined) {
          byField = this._index.fetch(term, () => new Map<number, Map<number, number>>());
          this.postings.set(term, byField);
        }
        let counts = byField.get(field);
        if (counts === undefined) byField.set(field, (counts = new Map<number, number>()));
        counts.set(id, (counts.get(id) ?? 0) + 1);
      }
    }
    return lengths;
  }

  override discard(id: number): void {
    this.postings.clear();
    super.discard(id);
  }

  /** Frees what only bulk loading needs. */
  settle(): void {
    this.postings.clear();
  }

  /** Registers a stored passage; its postings follow by `loadLine`. */
  register(id: number, lengths: FieldLengths): void {
    for (const [field, length] of lengths.entries()) {
      const average = this._avgFieldLength[field] ?? 0;
      this._avgFieldLength[field] =
        (average * this._documentCount + length) / (this._documentCount + 1);
    }
    this._documentIds.set(id, id);
    this._idToShortId.set(id, id);
    this._fieldLength.set(id, [...lengths]);
    this._documentCount++;
    this._nextId = Math.max(this._nextId, id + 1);
  }

  loadLine(line: IndexLine): void {
    for (const [term, ...fields] of line) {
      const byField = new Map<number, Map<number, number>>();
      for (const [field, ...pairs] of fields) {
        if (field === undefined) continue;
        const counts = new Map<number, number>();
        for (let at = 0; at + 1 < pairs.length; at += 2) counts.set(pairs[at]!, pairs[at + 1]!);
        byField.set(field, counts);
      }
      this._index.set(term, byField);
    }
  }

  *dump(): Generator<IndexLine> {
    let line: IndexLine = [];
    for (const [term, byField] of this._index.entries()) {
      const fields: number[][] = [];
      for (const [field, counts] of byField) {
        const stored = [field];
        for (const [id, count] of counts) if (this._documentIds.has(id)) stored.push(id, count);
        if (stored.length > 1) fields.push(stored);
      }
      if (fields.length > 0) line.push([term, ...fields]);
      if (line.length >= TERMS_PER_LINE) {
        yield line;
        line = [];
      }
    }
    if (line.length > 0) yield line;
  }

  /** Passages that share a term with the query, best first. */
  find(query: string): Hit[] {
    const weights = new Map([...queryTermsOf(query)].slice(0, QUERY_TERMS));
    if (weights.size === 0) return [];
    return this.search([...weights.keys()].join('\n'), {
      tokenize: (terms) => terms.split('\n'),
      boostTerm: (term) => weights.get(term) ?? 1,
      prefix: isSingleCharacter,
      // A word that stands nowhere in the documents is taken for a typing error.
      fuzzy: (term) => (mayBeMistyped(term) && !this._index.has(term) ? 0.2 : false),
    });
  }
}
