import { meets } from './expectation.js';
import type { Question, Term } from './question.js';
import type { Unit } from './units.js';
import { wordsOf } from './words.js';

/** A source's passage, taken apart. */
export interface Passage {
  readonly sourceId: number;
  readonly title: string;
  readonly units: readonly Unit[];
}

export interface Scored {
  readonly passage: Passage;
  readonly at: number;
  readonly unit: Unit;
  /** From 0 to about 1: how far this sentence, read where it stands, answers the question. */
  readonly score: number;
}

interface Reading {
  readonly stems: readonly string[];
  readonly set: ReadonlySet<string>;
}

// How much a term counts by where it is found. A sentence is read under its headings and after its neighbours.
const IN_SENTENCE = 1;
const IN_HEADING = 0.85;
const IN_TITLE = 0.8;
const IN_NEIGHBOUR = 0.75;
const IN_PASSAGE = 0.55;

/** Scores every sentence of every passage against the question, best first; equal ones in the order of the sources. */
export function rank(question: Question, passages: readonly Passage[]): Scored[] {
  const read = (text: string): Reading => {
    const stems = wordsOf(text).map((word) => question.stem(word));
    return { stems, set: new Set(stems) };
  };
  const readings = passages.map((passage) => ({
    passage,
    title: read(passage.title),
    units: passage.units.map((unit) => ({
      own: read(unit.header === undefined ? unit.text : `${unit.header} ${unit.text}`),
      headings: read(unit.headings.join(' ')),
    })),
  }));

  const weights = new Map<Term, number>();
  for (const term of question.terms) {
    const found = readings.filter(({ title, units }) =>
      [title, ...units.map(({ own }) => own), ...units.map(({ headings }) => headings)].some(
        ({ set }) => degree(term, set) > 0,
      ),
    ).length;
    const rarity = 1 - found / Math.max(1, readings.length);
    weights.set(term, term.weight * (0.75 + 0.5 * rarity));
  }
  const total = [...weights.values()].reduce((sum, weight) => sum + weight, 0);
  if (total === 0) return [];

  const scored: Scored[] = [];
  for (const { passage, title, units } of readings) {
    units.forEach(({ own, headings }, at) => {
      const unit = passage.units[at];
      if (unit === undefined) return;
      const around = [units[at - 1]?.own, units[at + 1]?.own];
      let covered = 0;
      let inSentence = 0;
      for (const [term, weight] of weights) {
        const here = degree(term, own.set) * IN_SENTENCE;
        inSentence += here * weight;
        covered +=
          weight *
          Math.max(
            here,
            degree(term, headings.set) * IN_HEADING,
            degree(term, title.set) * IN_TITLE,
            ...around.map((other) => (other ? degree(term, other.set) * IN_NEIGHBOUR : 0)),
            ...(here > 0 ? [] : units.map((other) => degree(term, other.own.set) * IN_PASSAGE)),
          );
      }
      if (inSentence === 0 && headings.stems.length === 0) return;
      const text = unit.header === undefined ? unit.text : `${unit.header} ${unit.text}`;
      const met = Math.max(
        meets(question, text, own.stems),
        0.85 * nextMeets(question, passage, units, at),
      );
      const coverage = covered / total;
      const direct = inSentence / total;
      const adjacency = adjacent(question, own.stems);
      // What is asked for being absent halves the score; the rest orders sentences that cover the same terms.
      const score = (coverage * 0.85 + direct * 0.1 + adjacency * 0.05) * (0.5 + 0.5 * met);
      scored.push({ passage, at, unit, score });
    });
  }
  const order = new Map(passages.map((passage, at) => [passage, at]));
  return scored.sort(
    (a, b) =>
      b.score - a.score || (order.get(a.passage) ?? 0) - (order.get(b.passage) ?? 0) || a.at - b.at,
  );
}

// A sentence that introduces ("keep it for:") is answered by what follows it.
function nextMeets(
  question: Question,
  passage: Passage,
  units: readonly { own: Reading }[],
  at: number,
): number {
  const next = passage.units[at + 1];
  const reading = units[at + 1];
  if (next === undefined || reading === undefined) return 0;
  return meets(question, next.text, reading.own.stems);
}

function adjacent(question: Question, stems: readonly string[]): number {
  if (question.neighbours.length === 0) return 0;
  const found = question.neighbours.filter(([first, second]) =>
    stems.some(
      (stem, at) => stem === first && (stems[at + 1] === second || stems[at + 2] === second),
    ),
  );
  return found.length / question.neighbours.length;
}

const degrees = new WeakMap<ReadonlySet<string>, Map<Term, number>>();

/** From 0 to 1: how surely one of the words means the term. */
function degree(term: Term, stems: ReadonlySet<string>): number {
  let known = degrees.get(stems);
  if (known === undefined) {
    known = new Map<Term, number>();
    degrees.set(stems, known);
  }
  const cached = known.get(term);
  if (cached !== undefined) return cached;
  const value = measure(term, stems);
  known.set(term, value);
  return value;
}

function measure(term: Term, stems: ReadonlySet<string>): number {
  if (stems.has(term.stem)) return 1;
  for (const synonym of term.synonyms) if (stems.has(synonym)) return 0.8;
  if (term.stem.length < 5) return 0;
  let best = 0;
  for (const stem of stems) {
    if (stem.length < 4) continue;
    const shared = sharedPrefix(term.stem, stem);
    const longer = Math.max(term.stem.length, stem.length);
    if (shared >= 5 && shared / longer >= 0.6) best = Math.max(best, 0.75);
    // Compounds: "Sauerteig" in "Sauerteigstarter", "port" alone is too short to tell.
    else if (stem.length > term.stem.length && stem.includes(term.stem)) best = Math.max(best, 0.7);
    else if (stem.length >= 5 && term.stem.includes(stem)) best = Math.max(best, 0.5);
  }
  return best;
}

function sharedPrefix(a: string, b: string): number {
  let at = 0;
  while (at < a.length && at < b.length && a[at] === b[at]) at += 1;
  return at;
}
