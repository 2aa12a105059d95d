import type { Question } from './question.js';
import type { Passage, Scored } from './relevance.js';
import { sentencesOf, type Unit } from './units.js';

/** A piece of the article: complete Markdown, to be joined with the others as they are. */
export type Piece = string;

const MOST_UNITS = 6;
const MOST_ITEMS = 10;
// A sentence nearly as good as the best one belongs to the answer; the rest only resembles it.
const NEARLY = 0.82;

const LEANS =
  /^(?:it|its|this|that|these|those|they|their|them|he|she|such|then|there|also|both|however|otherwise|so|but|and|er|sie|es|dies\p{L}*|das|dann|ils?|elles?|ce(?:la|tte|s)?|esto?s?|estas?|questo|questa)\b/iu;

/** Writes the article from the ranked sentences, all of which are good enough; the best first. */
export function compose(question: Question, ranked: readonly Scored[]): Piece[] {
  const best = ranked[0];
  if (best === undefined) return [];
  const chosen: { passage: Passage; at: number }[] = [];
  const seen: Set<string>[] = [];
  const take = (passage: Passage, at: number): boolean => {
    const unit = passage.units[at];
    if (unit === undefined) return false;
    if (chosen.some((other) => other.passage === passage && other.at === at)) return true;
    const words = new Set(unit.text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []);
    if (seen.some((other) => overlap(words, other) >= 0.75)) return false;
    seen.push(words);
    chosen.push({ passage, at });
    return true;
  };

  for (const { passage, at, score } of ranked) {
    if (score < best.score * NEARLY || chosen.length >= MOST_UNITS) break;
    if (!take(passage, at)) continue;
    for (const other of around(question, passage, at, passage === best.passage && at === best.at)) {
      take(passage, other);
    }
  }

  // Sources by their best sentence, sentences as they stand in the source.
  const passages = [...new Set(chosen.map(({ passage }) => passage))];
  return passages.flatMap((passage) =>
    render(
      passage,
      chosen
        .filter((unit) => unit.passage === passage)
        .map(({ at }) => at)
        .sort((a, b) => a - b),
    ),
  );
}

/** Units that a chosen one cannot be understood without, and of the best one what follows. */
function around(question: Question, passage: Passage, at: number, isBest: boolean): number[] {
  const { units } = passage;
  const unit = units[at];
  if (unit === undefined) return [];
  if (introduces(unit)) return blockOf(units, at + 1);
  switch (unit.kind) {
    case 'sentence':
      return [...leansOn(units, at), ...(isBest ? following(question, units, at) : [])];
    case 'item':
      return listOf(units, at, isBest && question.wantsBlock);
    case 'code':
      return units[at - 1]?.kind === 'sentence' ? [at - 1] : [];
    case 'row':
      return [];
  }
}

/** The sentence before one that begins with "It" or "Then". */
function leansOn(units: readonly Unit[], at: number): number[] {
  const before = units[at - 1];
  const leans = LEANS.test(units[at]?.text ?? '') && before?.block === units[at]?.block;
  return leans ? [at - 1] : [];
}

function following(question: Question, units: readonly Unit[], at: number): number[] {
  const next = units[at + 1];
  const extra: number[] = [];
  if (next?.block === units[at]?.block) extra.push(at + 1);
  // How something is done often stands in the code after the paragraph.
  const block = blockOf(units, at);
  const after = (block.at(-1) ?? at) + 1;
  if (units[after]?.kind === 'code' && (question.wantsBlock || after === at + 1)) {
    extra.push(...block, after);
  }
  return extra;
}

/** The introduction of the item's list, and the whole list where a list was asked for. */
function listOf(units: readonly Unit[], at: number, whole: boolean): number[] {
  const list = blockOf(units, at, true);
  const intro = (list[0] ?? at) - 1;
  const introduction = units[intro];
  return [
    ...(introduction !== undefined && introduces(introduction) ? [intro] : []),
    ...(whole ? list : []),
  ];
}

function introduces(unit: Unit): boolean {
  return /[:：]$/u.test(unit.text);
}

function blockOf(units: readonly Unit[], at: number, whole = false): number[] {
  const block = units[at]?.block;
  if (block === undefined) return [];
  let first = at;
  while (whole && units[first - 1]?.block === block) first -= 1;
  const found: number[] = [];
  for (let here = first; units[here]?.block === block && found.length < MOST_ITEMS; here += 1) {
    found.push(here);
  }
  return found;
}

function render(passage: Passage, chosen: readonly number[]): Piece[] {
  const cite = ` [${String(passage.sourceId)}]`;
  const pieces: Piece[] = [];
  let previous: Unit | undefined;
  for (const at of chosen) {
    const unit = passage.units[at];
    if (unit === undefined) continue;
    const apart = previous === undefined || previous.block !== unit.block;
    switch (unit.kind) {
      case 'sentence':
        pieces.push(apart ? (previous ? '\n\n' : '') : ' ', plain(unit.text) + cite);
        break;
      case 'item':
        pieces.push(apart ? (previous ? '\n\n' : '') : '\n', `- ${each(plain(unit.text), cite)}`);
        break;
      case 'row':
        pieces.push(...row(unit, apart, previous !== undefined, cite));
        break;
      case 'code':
        // Nothing may follow a closing fence on its line.
        pieces.push(previous ? '\n\n' : '', `${unit.text}\n\n${cite.trim()}`);
        break;
    }
    previous = unit;
  }
  pieces.push('\n\n');
  return pieces.filter((piece) => piece !== '');
}

const segmenter = new Intl.Segmenter(undefined, { granularity: 'sentence' });

/** Each sentence with its citation: its reader holds each by itself against the source. */
function each(text: string, cite: string): string {
  return sentencesOf(text, segmenter)
    .map((sentence) => sentence + cite)
    .join(' ');
}

function row(unit: Unit, apart: boolean, follows: boolean, cite: string): Piece[] {
  const cells = (line: string): string[] =>
    line
      .replace(/^\s*\||\|\s*$/g, '')
      .split('|')
      .map((cell) => plain(cell.trim()));
  const values = cells(unit.text);
  const names = unit.header === undefined ? [] : cells(unit.header);
  const text = values
    .map((value, at) => (names[at] ? `${names[at]}: ${value}` : value))
    .filter((value) => !/^(?:.*: )?$/.test(value))
    .join('; ');
  return [apart ? (follows ? '\n\n' : '') : '\n', `- ${text}${cite}`];
}

/**
 * A sentence as a part of another document: without citation marks of its own, images, link targets and HTML, which
 * would be taken for this article's.
 */
function plain(text: string): string {
  return text
    .split(/(`[^`]*`)/)
    .map((part, at) =>
      at % 2 === 1
        ? part
        : part
            .replace(/\[([^\]]+)\]\([^)]*\)/g, '$1')
            .replace(/\s?\[\d{1,3}\]/g, '')
            .replace(/<(?=[a-z/!])/gi, '\\<'),
    )
    .join('');
}

function overlap(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  let shared = 0;
  for (const word of a) if (b.has(word)) shared += 1;
  return shared / Math.max(1, Math.min(a.size, b.size));
}
