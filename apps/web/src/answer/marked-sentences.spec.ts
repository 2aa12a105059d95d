import { describe, expect, it } from '@jest/globals';
import { receiptOf } from '@mesh/provenance';
import { markSentences } from './marked-sentences.js';

const text = (value: string, start: number, end: number) => ({
  type: 'text',
  value,
  position: { start: { offset: start }, end: { offset: end } },
});

describe('markSentences', () => {
  it('wraps each part of a sentence, its citations, and puts its sign behind the last', async () => {
    const markdown = '**A is** so [1]. B is.';
    const receipt = (await receiptOf({ content: { answer: markdown }, sources: [] }))!;
    const tree = {
      type: 'root',
      children: [
        {
          type: 'element',
          tagName: 'p',
          children: [
            { type: 'element', tagName: 'strong', children: [text('A is', 2, 6)] },
            text(' so [1]. B is.', 8, markdown.length),
          ],
        },
      ],
    };
    markSentences(markdown, receipt)()(tree);
    expect(html(tree)).toBe(
      '<p><strong><mark 0 first>A is</mark></strong><mark 0> so </mark><mark 0><cite 1>[1]</cite></mark>' +
        '<mark 0>.</mark><meter 0></meter> <mark 1 first>B is.</mark><meter 1></meter></p>',
    );
  });

  it('leaves blocks of code, and what has no place, as they are', async () => {
    const receipt = (await receiptOf({ content: { answer: 'A [1].' }, sources: [] }))!;
    const tree = {
      type: 'root',
      children: [
        { type: 'element', tagName: 'pre', children: [text('A [1].', 0, 6)] },
        { type: 'text', value: 'B' },
      ],
    };
    markSentences('A [1].', receipt)()(tree);
    expect(html(tree)).toBe('<pre>A [1].</pre>B');
  });

  it('shows what turns text around', async () => {
    const markdown = 'A \u202eis.';
    const receipt = (await receiptOf({ content: { answer: markdown }, sources: [] }))!;
    const tree = { type: 'root', children: [text(markdown, 0, markdown.length)] };
    markSentences(markdown, receipt)()(tree);
    expect(html(tree)).toBe('<mark 0 first>A \ufffdis.</mark><meter 0></meter>');
  });
});

interface Shown {
  type: string;
  value?: string;
  tagName?: string;
  properties?: Record<string, number | boolean>;
  children?: Shown[];
}

function html({ type, value, tagName, properties = {}, children = [] }: Shown): string {
  if (type === 'text') return value ?? '';
  const inner = children.map(html).join('');
  if (tagName === undefined) return inner;
  const number = String(properties['dataSentence'] ?? properties['dataSource'] ?? '');
  const name = `${tagName} ${number}`.trim() + (properties['dataFirst'] ? ' first' : '');
  return `<${name}>${inner}</${tagName}>`;
}
