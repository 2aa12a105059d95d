import { describe, expect, it } from '@jest/globals';
import { receiptOf } from '@mesh/provenance';
import fc from 'fast-check';
import { segmentsOf } from './segments.js';

const sentencesOf = async (answer: string) =>
  (await receiptOf({ content: { answer }, sources: [] }))!.sentences;

describe('segmentsOf', () => {
  it('splits a text by sentence and citation', async () => {
    const markdown = 'One \\* is. [1] Two [2, 3] &amp; more.';
    const sentences = await sentencesOf(markdown);
    const value = 'One * is. [1] Two [2, 3] & more.';
    expect(segmentsOf(value, markdown, [0, markdown.length], sentences)).toEqual([
      { text: 'One * is. ', sentence: 0 },
      { text: '[1]', sentence: 0, citation: 1 },
      { text: ' ' },
      { text: 'Two ', sentence: 1 },
      { text: '[2]', sentence: 1, citation: 2 },
      { text: '[3]', sentence: 1, citation: 3 },
      { text: ' & more.', sentence: 1 },
    ]);
  });

  it('finds a text that stands within the Markdown, over lines', async () => {
    const markdown = '# A\n\n> **One\n> is.** Two.';
    const sentences = await sentencesOf(markdown);
    const start = markdown.indexOf('One');
    const place = [start, markdown.indexOf('**', start)] as const;
    expect(segmentsOf('One\nis.', markdown, place, sentences)).toEqual([
      { text: 'One\nis.', sentence: 0 },
    ]);
  });

  it('sees no citation in code', async () => {
    const markdown = 'Call `a[1]` now.';
    const sentences = await sentencesOf(markdown);
    expect(segmentsOf('a[1]', markdown, [5, 11], sentences, true)).toEqual([
      { text: 'a[1]', sentence: 0 },
    ]);
  });

  it('loses nothing but the brackets of several', async () => {
    const text = fc
      .array(fc.oneof(fc.constantFrom('[1]', '. ', 'A', '\n', '港。'), fc.string({ maxLength: 5 })))
      .map((pieces) => pieces.join(''));
    await fc.assert(
      fc.asyncProperty(text, text, async (value, markdown) => {
        const sentences = await sentencesOf(markdown);
        const segments = segmentsOf(value, markdown, [0, markdown.length], sentences);
        const shown = segments.map((one) => one.text).join('');
        if (!/\[\d+\s*[,;]/.test(value)) expect(shown).toBe(value.replace(/\[0+(?=\d)/g, '['));
      }),
    );
  });
});
