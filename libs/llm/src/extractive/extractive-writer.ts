import type { DraftRequestDto, ModelDto } from '@mesh/contracts';
import type { DraftChunk, DraftModel, DraftOptions, ModelCheck } from '../draft-model.js';
import { NOT_ANSWERED } from '../not-answered.js';
import { compose } from './article.js';
import { parseQuestion } from './question.js';
import { rank, type Passage } from './relevance.js';
import { unitsOf } from './units.js';

/** Below it the best sentence resembles the question without answering it. Tuned on one half of test/questions. */
const ANSWERS = 0.51;

/**
 * Writes without a language model: picks the sentences of the sources that answer the question, orders and cites
 * them. Says so where none does. The same request gives the same article. Any script.
 */
export class ExtractiveWriter implements DraftModel {
  readonly provider = 'embedded';
  readonly name = 'extractive';

  async *draft(request: DraftRequestDto, { signal }: DraftOptions): AsyncIterable<DraftChunk> {
    signal.throwIfAborted();
    const passages = passagesOf(request);
    const question = parseQuestion(
      request.question,
      passages.map(({ units }) => units.map(({ text }) => text).join(' ')).join(' '),
    );
    const ranked = rank(question, passages);
    const answered = (ranked[0]?.score ?? 0) >= ANSWERS;
    const pieces = answered ? compose(question, ranked) : [NOT_ANSWERED];
    let article = '';
    for (const text of pieces) {
      signal.throwIfAborted();
      article += text;
      yield { type: 'text', text };
    }
    const model: ModelDto = { provider: this.provider, name: this.name, used: false };
    yield { type: 'done', article: article.trim(), answered, model };
  }

  check(): Promise<ModelCheck> {
    return Promise.resolve({ ok: true, detail: 'Embedded: no model is used.' });
  }
}

/** One passage a source, and one for each note that is more than an excerpt of it. */
function passagesOf(request: DraftRequestDto): Passage[] {
  const segmenter = new Intl.Segmenter(undefined, { granularity: 'sentence' });
  const squeeze = (text: string): string => text.replace(/\s+/g, ' ').trim();
  return request.sources.flatMap(({ id, title, snippet }) => {
    const known = squeeze(snippet);
    const notes = request.notes
      .filter((note) => note.sourceId === id && !known.includes(squeeze(note.text)))
      .map((note) => note.text);
    return [snippet, ...notes]
      .filter((text) => text.trim() !== '')
      .map((text) => ({ sourceId: id, title, units: unitsOf(text, segmenter) }));
  });
}
