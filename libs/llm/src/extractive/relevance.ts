import { meets } from './expectation.js';
import type { Question, Term } from './question.js';
import type { Unit } from './units.js';
import { fold, wordsOf } from './words.js';

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
  readonly words: ReadonlySet<string>;
  /** The text itself, folded, for words of scripts without spaces. */
  readonly folded: string;
  /** What `degree` found out. */
  readonly degrees: Map<Term, number>;
}

interface Read {
  readonly unit: Unit;
  readonly own: Reading;
  readonly headings: Reading;
  /** Of a list item: the sentence that introduces the list. */
  readonly intro?: Reading;
}

// How much a term counts by where it is found. A sentence is read under its headings and after its neighbours.
const IN_HEADING = 0.8;
const IN_TITLE = 0.75;
const IN_NEIGHBOUR = 0.75;
const IN_PASSAGE = 0.65;

// What makes up the score: terms covered by the sentence where it stands, by the sentence with its headings, and pairs
// of words that stand together in the question too.
const COVERED = 0.47;
const DIRECT = 0.39;
const ADJACENT = 0.14;
const HEADING_IS_DIRECT = 0.85;
const TITLE_IS_DIRECT = 0.15;

// How surely another word means the term.
const OTHER_FORM = 0.85;
const SYNONYM = 0.8;
const RELATED = 0.55;
const COMPOUND = 0.5;

/** A term that none of the passages holds is what the documents do not speak of. */
const NOWHERE = 1.3;
/** What is left of the score where nothing of the kind asked for is there. */
const UNMET = 0.6;
/** What each place further back in the search's order costs: it knows how rare a word is in all documents. */
const PLACE = 0.06;
const LAST_PLACE = 6;

/** Scores every sentence of every passage against the question, best first; equal ones in the order of the sources. */
export function rank(question: Question, passages: readonly Passage[]): Scored[] {
  const readings = passages.map((passage) => ({
    passage,
    title: read(question, titleAndHeading(passage.title)[0]),
    units: readUnits(question, passage, titleAndHeading(passage.title)[1]),
  }));

  const weights = new Map<Term, number>();
  for (const term of question.terms) {
    const found = readings.filter(({ title, units }) =>
      [title, ...units.flatMap(({ own, headings }) => [own, headings])].some(
        (reading) => degree(term, reading) > 0,
      ),
    ).length;
    weights.set(term, term.weight * (found === 0 ? NOWHERE : 1));
  }
  const total = [...weights.values()].reduce((sum, weight) => sum + weight, 0);
  if (total === 0) return [];

  const scored: Scored[] = [];
  for (const [place, { passage, title, units }] of readings.entries()) {
    const anywhere = new Map(
      question.terms.map((term) => [
        term,
        Math.max(0, ...units.map(({ own }) => degree(term, own))),
      ]),
    );
    units.forEach(({ unit, own, headings, intro }, at) => {
      const met = Math.max(
        meets(question, textOf(unit), own.stems),
        0.85 * nextMeets(question, units, at),
      );
      let covered = 0;
      let direct = 0;
      for (const [term, weight] of weights) {
        const here = term.attribute && met >= 0.85 ? 1 : degree(term, own);
        const headed = Math.max(degree(term, headings), degree(term, intro));
        const titled = degree(term, title);
        direct += weight * Math.max(here, headed * HEADING_IS_DIRECT, titled * TITLE_IS_DIRECT);
        covered +=
          weight *
          Math.max(
            here,
            headed * IN_HEADING,
            titled * IN_TITLE,
            degree(term, units[at - 1]?.own) * IN_NEIGHBOUR,
            degree(term, units[at + 1]?.own) * IN_NEIGHBOUR,
            (anywhere.get(term) ?? 0) * IN_PASSAGE,
          );
      }
      if (direct === 0) return;
      const score =
        ((covered / total) * COVERED +
          (direct / total) * DIRECT +
          adjacent(question, own.stems) * ADJACENT) *
        (UNMET + (1 - UNMET) * met) *
        (1 - PLACE * Math.min(place, LAST_PLACE));
      scored.push({ passage, at, unit, score });
    });
  }
  const order = new Map(passages.map((passage, at) => [passage, at]));
  return scored.sort(
    (a, b) =>
      b.score - a.score || (order.get(a.passage) ?? 0) - (order.get(b.passage) ?? 0) || a.at - b.at,
  );
}

/** "Document — Heading", as the search of documents titles its passages. */
function titleAndHeading(title: string): [string, string] {
  const at = title.indexOf(' — ');
  return at < 0 ? [title, ''] : [title.slice(0, at), title.slice(at + 3)];
}

function readUnits(question: Question, passage: Passage, heading: string): Read[] {
  const list: Read[] = [];
  const headings = new Map<string, Reading>();
  const headingsOf = (unit: Unit): Reading => {
    const text = [heading, ...unit.headings].join(' ');
    const known = headings.get(text) ?? read(question, text);
    headings.set(text, known);
    return known;
  };
  let intro: Reading | undefined;
  passage.units.forEach((unit, at) => {
    const own = read(question, textOf(unit));
    const before = list[at - 1];
    if (unit.kind === 'sentence') intro = undefined;
    else if (before?.unit.kind === 'sentence') intro = before.own;
    list.push({
      unit,
      own,
      headings: headingsOf(unit),
      ...(intro === undefined ? {} : { intro }),
    });
  });
  return list;
}

function read(question: Question, text: string): Reading {
  const stems: string[] = [];
  const words = new Set<string>();
  for (const word of wordsOf(text)) {
    const read = question.read(word);
    stems.push(read.stem);
    words.add(read.word);
  }
  const unspaced = question.terms.some((term) => term.unspaced);
  return {
    stems,
    set: new Set(stems),
    words,
    folded: unspaced ? fold(text) : '',
    degrees: new Map(),
  };
}

function textOf(unit: Unit): string {
  return unit.header === undefined ? unit.text : `${unit.header} ${unit.text}`;
}

// A sentence that introduces ("keep it for:") is answered by what follows it.
function nextMeets(question: Question, units: readonly Read[], at: number): number {
  const next = units[at + 1];
  return next === undefined ? 0 : meets(question, next.unit.text, next.own.stems);
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

/** From 0 to 1: how surely a word of the text means the term. */
function degree(term: Term, reading: Reading | undefined): number {
  if (reading === undefined) return 0;
  const known = reading.degrees.get(term);
  if (known !== undefined) return known;
  const value = term.unspaced ? partOf(term.stem, reading.folded) : wordIn(term, reading);
  reading.degrees.set(term, value);
  return value;
}

function partOf(word: string, text: string): number {
  if (text.includes(word)) return 1;
  const characters = [...word];
  if (characters.length < 3) return 0;
  const pairs = characters.slice(1).map((character, at) => (characters[at] ?? '') + character);
  return (SYNONYM * pairs.filter((pair) => text.includes(pair)).length) / pairs.length;
}

function wordIn(term: Term, { words, set: stems }: Reading): number {
  if ([term.word, `${term.word}s`, term.word.replace(/s$/, '')].some((form) => words.has(form)))
    return 1;
  if (stems.has(term.stem)) return OTHER_FORM;
  for (const synonym of term.synonyms) if (stems.has(synonym)) return SYNONYM;
  if (term.stem.length < 4) return 0;
  let best = 0;
  for (const stem of stems) {
    if (stem.length < 4) continue;
    const [longer, shorter] =
      stem.length > term.stem.length ? [stem, term.stem] : [term.stem, stem];
    const shared = sharedPrefix(longer, shorter);
    // "rotation" and "rotator"; the German "Topf" and "Töpfen".
    if (shared >= 4 && shared / longer.length >= 0.6) best = Math.max(best, RELATED);
    // "Sauerteig" in "Sauerteigstarter", and the other way round.
    else if (shorter.length >= 5 && longer.includes(shorter)) best = Math.max(best, COMPOUND);
  }
  return best;
}

function sharedPrefix(a: string, b: string): number {
  let at = 0;
  while (at < b.length && a[at] === b[at]) at += 1;
  return at;
}
