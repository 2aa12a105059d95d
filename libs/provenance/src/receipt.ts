import type { NamedSource } from './answer-content.js';
import { readMarkdown, type TextBlock } from './markdown-text.js';
import { Passage, type Range } from './quotation.js';
import { type Sentence, sentencesOf } from './sentences.js';
import type { VerifiedAnswer } from './verify-answer.js';

/**
 * How far a sentence is borne out by the passages it cites.
 *
 * - `quoted`: its words stand in a passage that it cites;
 * - `cited`: it names a source that there is, in other words;
 * - `unsupported`: it names none, or none that is signed.
 */
export type Mark = 'quoted' | 'cited' | 'unsupported';

/** A sentence of the answer. Offsets are of UTF-16 units, in the answer's Markdown. */
export interface ReceiptSentence extends Range {
  /** Without Markdown and citations, for whoever reads it apart from the answer. */
  readonly text: string;
  readonly mark: Mark;
  /** Numbers of the sources that it names and that there are, each once. */
  readonly sources: readonly number[];
  /** Numbers that it names and no source has. */
  readonly missing: readonly number[];
}

/** A sentence's words in a passage. */
export interface Quotation extends Range {
  /** Which sentence, from 0. The range is in the passage (`snippet`). */
  readonly sentence: number;
}

/** A source whose digest is signed: `namedBy` tells by which statements. */
export interface ReceiptSource extends NamedSource {
  /** The sentences that name it, from 0. */
  readonly citedBy: readonly number[];
  readonly quotations: readonly Quotation[];
}

/** Which passage each sentence of an answer names, and whether its words stand there. */
export interface Receipt {
  /** False: the sources do not answer the question. What is then said without a source is a notice, and not counted. */
  readonly answered: boolean;
  /** The answer is too long or too deeply nested for Markdown: it was read, and is to be shown, as plain text. */
  readonly plain: boolean;
  readonly sentences: readonly ReceiptSentence[];
  readonly counts: Readonly<Record<Mark, number>>;
  /** All signed sources, also those that no sentence names. */
  readonly sources: readonly ReceiptSource[];
}

/**
 * The receipt of a verified answer whose text is its member `answer`, in Markdown; undefined for one without. Headings
 * and blocks of code are no sentences. Passages come from the signed sources alone.
 *
 * @example
 * const receipt = await receiptOf(await verifyAnswer(text, trust, { now: new Date() }));
 * console.log(receipt?.counts); // { quoted: 2, cited: 1, unsupported: 0 }
 */
export async function receiptOf({
  content,
  sources,
}: Pick<VerifiedAnswer, 'content' | 'sources'>): Promise<Receipt | undefined> {
  const { answer, answered } = content;
  if (typeof answer !== 'string') return undefined;
  const known = new Map(sources.map((one) => [one.source.id, one]));
  const passages = new Map<number, Passage>();
  const passageOf = async (id: number): Promise<Passage> => {
    let passage = passages.get(id);
    if (passage === undefined) {
      const { blocks } = await readMarkdown(known.get(id)?.source.snippet ?? '');
      passages.set(id, (passage = new Passage(blocks)));
    }
    return passage;
  };
  const sentences: ReceiptSentence[] = [];
  const quotations: (Quotation & { source: number })[] = [];
  const { blocks, plain } = await readMarkdown(answer);
  for (const { block, sentence, ids } of saidIn(blocks)) {
    const named = ids.filter((id) => known.has(id));
    if (answered === false && named.length === 0) continue;
    const text = sentence.said.map((at) => block.text.charAt(at)).join('');
    let mark: Mark = named.length === 0 ? 'unsupported' : 'cited';
    for (const id of named) {
      const range = (await passageOf(id)).quotationOf(text);
      if (range === undefined) continue;
      quotations.push({ ...range, sentence: sentences.length, source: id });
      mark = 'quoted';
    }
    sentences.push({
      start: block.from[sentence.start] ?? 0,
      end: block.to[sentence.end - 1] ?? 0,
      text: text.replace(/ +/g, ' '),
      mark,
      sources: named,
      missing: ids.filter((id) => !known.has(id)),
    });
  }
  const count = (mark: Mark) => sentences.filter((one) => one.mark === mark).length;
  return {
    answered: answered !== false,
    plain,
    sentences,
    counts: {
      quoted: count('quoted'),
      cited: count('cited'),
      unsupported: count('unsupported'),
    },
    sources: sources.map((one) => ({
      ...one,
      citedBy: sentences.flatMap(({ sources: ids }, place) =>
        ids.includes(one.source.id) ? [place] : [],
      ),
      quotations: quotations.flatMap(({ source, ...at }) => (source === one.source.id ? [at] : [])),
    })),
  };
}

/** The sentences with the numbers they name, each once. */
function saidIn(
  blocks: readonly TextBlock[],
): readonly { block: TextBlock; sentence: Sentence; ids: readonly number[] }[] {
  const sentences = blocks.map((block) => (block.kind === 'paragraph' ? sentencesOf(block) : []));
  const idsOf = (some: readonly Sentence[]) =>
    some.flatMap(({ citations }) => citations.flatMap(({ ids }) => ids));
  return blocks.flatMap((block, place) =>
    (sentences[place] ?? []).map((sentence, index, all) => {
      // `The steps are:` goes on in the list, and so does what it names.
      const [from, before] = block.introduces ?? [0, 0];
      const leadsIn = index === all.length - 1 && /[:：]$/.test(saidBy(block, sentence));
      const items = leadsIn ? sentences.slice(from, before).flat() : [];
      return { block, sentence, ids: [...new Set(idsOf([sentence, ...items]))] };
    }),
  );
}

function saidBy({ masked }: TextBlock, { said }: Sentence): string {
  return said.map((at) => masked.charAt(at)).join('');
}
