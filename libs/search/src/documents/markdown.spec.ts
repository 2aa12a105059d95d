import { describe, expect, it } from '@jest/globals';
import { parseMarkdown } from './markdown.js';
import type { ParsedDocument } from './passage.js';

function parse(text: string): ParsedDocument {
  const work = parseMarkdown(text);
  for (;;) {
    const step = work.next();
    if (step.done === true) return step.value;
  }
}
const textsOf = (text: string) =>
  parse(text).sections.flatMap((section) => section.blocks.map((block) => block.text));

describe('parseMarkdown', () => {
  it('makes a section of each heading, with its path and the anchor that GitHub gives', () => {
    const { title, sections } = parse(
      '# Guide\n\nIntro.\n\n## Set up\n\nFirst.\n\n### On *Linux* & `musl` ###\n\nSecond.\n\n## Set up\n\nThird.\n',
    );
    expect(title).toBe('Guide');
    expect(sections.map(({ headings, anchor }) => [headings, anchor])).toEqual([
      [[], 'guide'],
      [['Set up'], 'set-up'],
      [['Set up', 'On Linux & musl'], 'on-linux--musl'],
      [['Set up'], 'set-up-1'],
    ]);
  });

  it('reads setext headings, but no rule or list as one', () => {
    const { title, sections } = parse('Guide\n=====\n\nPart\n----\n\ntext\n\n---\n\n- item\n---\n');
    expect(title).toBe('Guide');
    expect(sections.map((section) => section.headings)).toEqual([['Part']]);
  });

  it('takes the title from the front matter and drops the rest of it', () => {
    const parsed = parse('---\ntitle: "The guide"\nsecret: yes\n---\n# Heading\n\nText.\n');
    expect(parsed.title).toBe('The guide');
    expect(parsed.sections.map((section) => section.headings)).toEqual([['Heading']]);
    expect(textsOf('---\ntitle: x\n')).toEqual(['title: x']);
  });

  it.each([
    ['a [link](https://example.com "t") and ![image](a.png)', 'a link and image'],
    ['[link](https://example.com/a_(b)) end', 'link end'],
    ['[ref][1]\n\n[1]: https://example.com', 'ref'],
    ['**bold `code*` and** *it* ~~x~~', 'bold `code*` and it ~~x~~'],
    ['snake_case_name and _stressed_', 'snake_case_name and stressed'],
    ['2 * 3 * 4', '2 * 3 * 4'],
    ['a <b>tag</b><br>next &amp; &lt;x&gt;', 'a tag next & <x>'],
    ['\\*not bold\\*', '*not bold*'],
    ['seen <!-- not\nseen --> again', 'seen again'],
    ['> [!NOTE]\n> quoted\n> text', 'quoted text'],
    ['wrapped\nat a width', 'wrapped at a width'],
  ])('shows %p as a person reads it', (text, expected) => {
    expect(textsOf(text)).toEqual([expected]);
  });

  it('keeps lists, tables and code as they are', () => {
    expect(textsOf('- one\n  more\n- two')).toEqual(['- one more\n- two']);
    expect(textsOf('| a | b |\n| --- | --- |\n| 1 | 2 |')).toEqual([
      '| a | b |\n| --- | --- |\n| 1 | 2 |',
    ]);
    expect(textsOf('```sh\n# no heading\n<!-- kept -->\n```')).toEqual([
      '```sh\n# no heading\n<!-- kept -->\n```',
    ]);
    expect(textsOf('````\n```\n````')).toEqual(['````\n```\n````']);
    expect(textsOf('~~~\nnever closed')).toEqual(['~~~\nnever closed\n~~~']);
    expect(textsOf('```\n```')).toEqual([]);
  });

  it.each([
    '#',
    '[',
    '](',
    '<!--',
    '<a',
    '**a',
    '_a',
    '`',
    '```\n',
    '-\n',
    '> ',
    ' *',
    '&',
    '\\',
    '\n#\n',
    '| ',
  ])('takes linear time for 400 kB of %p', (piece) => {
    const started = performance.now();
    parse(piece.repeat(400_000 / piece.length));
    expect(performance.now() - started).toBeLessThan(4000);
  });
});
