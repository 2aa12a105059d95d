import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ExtractiveWriter } from '@mesh/llm';
import { DocumentSearch } from '@mesh/search';
import { fileURLToPath } from 'node:url';
import { ask, readQuestions, scoreOf, type Outcome } from './evaluation.js';

/** Measured shares less three points or so: what a change must not fall below. */
const FLOORS = {
  tuning: { right: 0.79, quoted: 0.77, declined: 0.74 },
  'held-out': { right: 0.79, quoted: 0.79, declined: 0.79 },
} as const;

const questions = readQuestions(new URL('questions.jsonl', import.meta.url));
const signal = new AbortController().signal;
const outcomes: Outcome[] = [];
let documents: DocumentSearch;

beforeAll(async () => {
  documents = await DocumentSearch.open({
    directory: fileURLToPath(new URL('corpus', import.meta.url)),
  });
  const writer = new ExtractiveWriter();
  const search = (query: string) => documents.search(query, { depth: 'fast', signal });
  for (const question of questions) outcomes.push(await ask(question, search, writer));
});

afterAll(async () => {
  await documents.close();
});

describe('the embedded search and writer, asked the questions of this folder', () => {
  it('are asked enough of both kinds in both halves', () => {
    for (const half of ['tuning', 'held-out'] as const) {
      const { answerable, unanswerable } = scoreOf(
        outcomes.filter(({ question }) => question.half === half),
      );
      expect(answerable).toBeGreaterThanOrEqual(40);
      expect(unanswerable).toBeGreaterThanOrEqual(20);
    }
  });

  it.each(['tuning', 'held-out'] as const)('answer and decline as measured: %s', (half) => {
    const some = outcomes.filter(({ question }) => question.half === half);
    const score = scoreOf(some);
    const shares = {
      right: score.right / score.answerable,
      quoted: score.quoted / score.answerable,
      declined: score.declined / score.unanswerable,
    };
    const misses = some
      .filter(({ question, cited, answered }) => (question.document ? !cited : answered))
      .map(({ question }) => question.question);
    for (const [name, floor] of Object.entries(FLOORS[half])) {
      const share = shares[name as keyof typeof shares];
      if (share < floor) {
        throw new Error(
          `${name} is ${share.toFixed(3)}, less than ${String(floor)}. Missed:\n${misses.join('\n')}`,
        );
      }
    }
  });

  it('cite sources that were found, and no others', () => {
    for (const { article, found } of outcomes) {
      for (const [, id] of article.matchAll(/\[(\d+)\]/g)) {
        expect(found[Number(id) - 1]).toBeDefined();
      }
    }
  });
});
