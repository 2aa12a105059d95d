import { describe, expect, it } from '@jest/globals';
import { PASSAGE_MAX, passagesOf, type Section } from './passage.js';

const section = (...blocks: Section['blocks']): Section => ({
  headings: ['Heading'],
  anchor: 'heading',
  blocks,
});

describe('passagesOf', () => {
  it('gathers short paragraphs of a section', () => {
    const texts = [
      ...passagesOf([section({ text: 'One.', kind: 'prose' }, { text: 'Two.', kind: 'prose' })]),
    ];
    expect(texts).toEqual([{ headings: ['Heading'], anchor: 'heading', text: 'One.\n\nTwo.' }]);
  });

  it('never mixes sections', () => {
    const one = section({ text: 'One.', kind: 'prose' });
    expect([...passagesOf([one, { ...one, anchor: 'two' }])].map((p) => p.anchor)).toEqual([
      'heading',
      'two',
    ]);
  });

  it.each([
    ['sentences', 'A sentence of some words. '.repeat(300), 'prose'],
    ['words', 'word '.repeat(1000), 'prose'],
    ['nothing to cut at', 'x'.repeat(5000), 'prose'],
    ['pairs of surrogates', '\u{1F600}'.repeat(3000), 'prose'],
    ['Chinese', '这是一个句子。'.repeat(700), 'prose'],
    ['a list', '- an item of the list\n'.repeat(300), 'lines'],
    ['code', `\`\`\`js\n${'const a = 1;\n'.repeat(400)}\`\`\``, 'code'],
    ['code in one line', `\`\`\`\n${'x'.repeat(9000)}\n\`\`\``, 'code'],
    ['a fence with a long name', `\`\`\`${'y'.repeat(5000)}\nx\n\`\`\``, 'code'],
  ] as const)('cuts %s at the limit and loses nothing', (_, text, kind) => {
    const pieces = [...passagesOf([section({ text, kind })])].map((passage) => passage.text);
    expect(Math.max(...pieces.map((piece) => piece.length))).toBeLessThanOrEqual(PASSAGE_MAX);
    expect(pieces.join('')).not.toMatch(/\p{Surrogate}/u);
    if (kind !== 'code') expect(pieces.join('').replace(/\s/g, '')).toBe(text.replace(/\s/g, ''));
    else for (const piece of pieces) expect(piece).toMatch(/^```[^]*\n```$/);
  });

  it('ends a piece of prose with a sentence', () => {
    const pieces = [
      ...passagesOf([section({ text: 'A sentence of some words. '.repeat(100), kind: 'prose' })]),
    ];
    for (const piece of pieces) expect(piece.text).toMatch(/\.$/);
  });

  it('repeats the head of a table in each piece of it', () => {
    const rows = Array.from(
      { length: 60 },
      (_, row) => `| ${row}    | what is said of it, ${row} |`,
    );
    const table = [
      '| name  | what it says             |',
      '| ----- | ------------------------ |',
      ...rows,
    ];
    const pieces = [...passagesOf([section({ text: table.join('\n'), kind: 'lines' })])];
    expect(pieces.length).toBeGreaterThan(1);
    for (const { text } of pieces) {
      expect(text).toMatch(/^\| name \| what it says \|\n\| --- \| --- \|\n\| \d/);
      expect(text.length).toBeLessThanOrEqual(PASSAGE_MAX);
    }
    expect(pieces.flatMap(({ text }) => text.split('\n').slice(2))).toEqual(rows);
  });

  it('repeats no head that would leave no room for a row', () => {
    const text = `| ${'long '.repeat(200)} |\n| --- |\n${'| a row |\n'.repeat(100)}`;
    const [, second] = [...passagesOf([section({ text, kind: 'lines' })])];
    expect(second?.text).toMatch(/^\| a row \|/);
  });

  it('keeps a heading that has neither text nor subsections', () => {
    const bare: Section = { headings: ['Contact'], anchor: 'contact', blocks: [] };
    const parent: Section = { headings: ['Part'], anchor: 'part', blocks: [] };
    const child: Section = { headings: ['Part', 'Detail'], anchor: 'detail', blocks: [] };
    expect([...passagesOf([bare, parent, child])].map((passage) => passage.text)).toEqual([
      'Contact',
      'Detail',
    ]);
  });
});
