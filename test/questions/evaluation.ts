import type { SourceDto } from '@mesh/contracts';
import type { DraftModel } from '@mesh/llm';
import { readFileSync } from 'node:fs';

/** One line of questions.jsonl. */
export interface TestQuestion {
  /** Methods are tuned on one half alone; each half has documents of its own. */
  readonly half: 'tuning' | 'held-out';
  readonly question: string;
  /** Where the answer stands; absent if no document answers. */
  readonly document?: string;
  /** Words of the passage that answers. */
  readonly phrase?: string;
  /** For one that no document answers: the document that speaks of the same things. */
  readonly near?: string | null;
}

export type Found = Pick<SourceDto, 'title' | 'url' | 'snippet'>;

export interface Outcome {
  readonly question: TestQuestion;
  readonly article: string;
  readonly answered: boolean;
  readonly found: readonly Found[];
  /** The search brought the passage. */
  readonly retrieved: boolean;
  /** A cited source is the passage that answers. */
  readonly cited: boolean;
  /** The article itself holds the answering words. */
  readonly quoted: boolean;
}

export interface Score {
  readonly answerable: number;
  readonly right: number;
  readonly quoted: number;
  readonly retrieved: number;
  readonly unanswerable: number;
  readonly declined: number;
}

const squeeze = (text: string): string =>
  text
    .replaceAll(/ ?\[\d+\]/g, '')
    .replaceAll(/[*`_]/g, '')
    .replaceAll(/\s+/g, ' ');

export function readQuestions(file: URL): TestQuestion[] {
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as TestQuestion);
}

/** Asks one question as the researcher does: search, then a draft from what was found. */
export async function ask(
  question: TestQuestion,
  search: (query: string) => Promise<readonly Found[]>,
  writer: DraftModel,
): Promise<Outcome> {
  const found = await search(question.question);
  const sources = found.map((source, at) => ({ id: at + 1, ...source }));
  const body = {
    question: question.question,
    sources,
    notes: sources.map(({ id, snippet }) => ({ sourceId: id, text: snippet })),
  };
  let article = '';
  let answered = false;
  for await (const chunk of writer.draft(body, { signal: new AbortController().signal })) {
    if (chunk.type === 'done') ({ article, answered } = chunk);
  }
  const phrase = question.phrase;
  const right = (source: Found | undefined): boolean =>
    source !== undefined &&
    phrase !== undefined &&
    source.url.includes(question.document ?? '') &&
    squeeze(source.snippet).includes(squeeze(phrase));
  return {
    question,
    article,
    answered,
    found,
    retrieved: found.some(right),
    cited:
      answered &&
      [...article.matchAll(/\[(\d+)\]/g)].some(([, id]) => right(sources[Number(id) - 1])),
    quoted: answered && phrase !== undefined && squeeze(article).includes(squeeze(phrase)),
  };
}

export function scoreOf(outcomes: readonly Outcome[]): Score {
  const answerable = outcomes.filter(({ question }) => question.document !== undefined);
  const unanswerable = outcomes.filter(({ question }) => question.document === undefined);
  return {
    answerable: answerable.length,
    right: answerable.filter(({ cited }) => cited).length,
    quoted: answerable.filter(({ quoted }) => quoted).length,
    retrieved: answerable.filter(({ retrieved }) => retrieved).length,
    unanswerable: unanswerable.length,
    declined: unanswerable.filter(({ answered }) => !answered).length,
  };
}
