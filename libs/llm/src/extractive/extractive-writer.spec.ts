import { describe, expect, it } from '@jest/globals';
import type { DraftRequestDto } from '@mesh/contracts';
import type { DraftChunk } from '../draft-model.js';
import { ExtractiveWriter } from './extractive-writer.js';

const signal = new AbortController().signal;

function request(question: string, ...snippets: string[]): DraftRequestDto {
  const sources = snippets.map((snippet, at) => ({
    id: at + 1,
    title: `Document ${String(at + 1)}`,
    url: `documents:///${String(at + 1)}.md`,
    snippet,
  }));
  return {
    question,
    sources,
    notes: sources.map(({ id, snippet }) => ({ sourceId: id, text: snippet })),
  };
}

async function draft(body: DraftRequestDto) {
  const chunks: DraftChunk[] = [];
  for await (const chunk of new ExtractiveWriter().draft(body, { signal })) chunks.push(chunk);
  const done = chunks.at(-1);
  if (done?.type !== 'done') throw new Error('no done');
  return { ...done, texts: chunks.flatMap((chunk) => (chunk.type === 'text' ? [chunk.text] : [])) };
}

const TOWER =
  'The lighthouse stands on the north cape. It was built in 1887 by the harbour board. Its lamp is seen 21 nautical miles out.';

describe('ExtractiveWriter', () => {
  it('picks the sentence that answers and cites its source', async () => {
    const { article, answered } = await draft(
      request('When was the lighthouse built?', 'Ferries leave at noon.', TOWER),
    );
    expect(answered).toBe(true);
    expect(article).toContain('built in 1887 by the harbour board. [2]');
    expect(article).not.toContain('Ferries');
  });

  it('says that no model was used', async () => {
    const { model } = await draft(request('When was the lighthouse built?', TOWER));
    expect(model).toEqual({ provider: 'embedded', name: 'extractive', used: false });
  });

  it.each([
    ['a word of the question stands nowhere', 'Who painted the lighthouse?'],
    ['nothing of the question stands anywhere', 'How do volcanoes erupt?'],
  ])('declines where %s', async (_, question) => {
    const { article, answered } = await draft(request(question, TOWER));
    expect(answered).toBe(false);
    expect(article).toBe('The documents do not answer this question.');
  });

  it('declines without sources, and where the question has no word', async () => {
    expect((await draft(request('When was it built?'))).answered).toBe(false);
    expect((await draft(request('???', TOWER))).answered).toBe(false);
    expect((await draft(request('When was the lighthouse built?', ''))).answered).toBe(false);
  });

  it('streams what the article consists of', async () => {
    const { article, texts } = await draft(request('When was the lighthouse built?', TOWER));
    expect(texts.join('').trim()).toBe(article);
  });

  it('stops with the reason of the signal', async () => {
    const reason = new Error('left');
    const draft = new ExtractiveWriter().draft(request('When was the lighthouse built?', TOWER), {
      signal: AbortSignal.abort(reason),
    });
    await expect(draft[Symbol.asyncIterator]().next()).rejects.toBe(reason);
  });
});
