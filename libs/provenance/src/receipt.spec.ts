import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { JsonObject } from './index.js';
import { type NamedSource, receiptOf } from './index.js';

const sourcesOf = (passages: readonly string[]): NamedSource[] =>
  passages.map((snippet, place) => ({
    source: { id: place + 1, title: `T${place}`, url: 'https://a.example/', snippet },
    digest: `digest-${place}`,
    namedBy: [1, 2],
  }));

const receipt = async (answer: string, passages: string[] = [], more: JsonObject = {}) =>
  (await receiptOf({ content: { answer, ...more }, sources: sourcesOf(passages) }))!;

/** Each sentence as it stands in the Markdown, with its mark and sources. */
const marked = async (answer: string, passages: string[] = ['', '', '']) =>
  (await receipt(answer, passages)).sentences.map(({ start, end, mark, sources }) =>
    [answer.slice(start, end), mark, sources.join()].filter((one) => one !== '').join(' | '),
  );

describe('the sentences of an answer', () => {
  it.each<[string, string, string[]]>([
    [
      'take the citations in them, and those behind their full stop',
      'It opens at six [1]. It closes at nine. [2] Ferries leave [1][3]. Nobody says this.',
      [
        'It opens at six [1]. | cited | 1',
        'It closes at nine. [2] | cited | 2',
        'Ferries leave [1][3]. | cited | 1,3',
        'Nobody says this. | unsupported',
      ],
    ],
    [
      'take several citations in one bracket, and each once',
      'It opens at six [1, 2]. It closes at nine. [1] [1]; [3]',
      ['It opens at six [1, 2]. | cited | 1,2', 'It closes at nine. [1] [1]; [3] | cited | 1,3'],
    ],
    ['take a citation that stands first', '[1] says so.', ['[1] says so. | cited | 1']],
    [
      'end not at abbreviations, initials, numbers and names',
      'Dr. Smith and J. Doe used e.g. Node 26.10 at 6.30, vs. Deno 2. It took approx. 3 s. Done!',
      [
        'Dr. Smith and J. Doe used e.g. Node 26.10 at 6.30, vs. Deno 2. | unsupported',
        'It took approx. 3 s. | unsupported',
        'Done! | unsupported',
      ],
    ],
    [
      'end not at German abbreviations',
      'Das gilt z. B. Für Häfen, d.h. Für alle. Es ist Nr. 5 [1].',
      ['Das gilt z. B. Für Häfen, d.h. Für alle. | unsupported', 'Es ist Nr. 5 [1]. | cited | 1'],
    ],
    [
      'go on behind a question within them',
      '“Why?” he asked [1]. Yahoo! is a name.',
      ['“Why?” he asked [1]. | cited | 1', 'Yahoo! is a name. | unsupported'],
    ],
    [
      'end not within code, and have no citation in it',
      'Call `a[1]. B()` now. `c.d` follows [2].',
      ['Call `a[1]. B()` now. | unsupported', 'c.d` follows [2]. | cited | 2'],
    ],
    [
      'go over lines, and see no Markdown',
      'It **opens. At\nsix** is _not_ [so](https://a.example).\n',
      ['It **opens. | unsupported', 'At\nsix** is _not_ [so](https://a.example). | unsupported'],
    ],
    [
      'are those of each item of a list',
      'Two things:\n\n- It opens [1]. It closes.\n- Ferries\n  leave. [2]\n  1. Inner',
      [
        'Two things: | cited | 1,2',
        '- It opens [1]. | cited | 1'.slice(2),
        'It closes. | unsupported',
        'Ferries\n  leave. [2] | cited | 2',
        'Inner | unsupported',
      ],
    ],
    [
      'lead into a list that names nothing',
      'Two things:\n\n- It opens.',
      ['Two things: | unsupported', 'It opens. | unsupported'],
    ],
    [
      'lead into a list by a colon at the end of the last one alone',
      'So: it closes. That is all:\n\n- It opens [1].\n\nIt closes.\n\n- It opens [2].',
      [
        'So: it closes. | unsupported',
        'That is all: | cited | 1',
        'It opens [1]. | cited | 1',
        'It closes. | unsupported',
        'It opens [2]. | cited | 2',
      ],
    ],
    [
      'are none in headings, code, rules, and where there are no words',
      '# It opens [1]\n\n```\nIt closes [1].\n```\n\n    Indented.\n\n---\n\n[1]\n\n…\n\nSetext\n===\n',
      [],
    ],
    [
      'stand in quotations too',
      '> It opens at six [1].\n> It closes.\n',
      ['It opens at six [1]. | cited | 1', 'It closes. | unsupported'],
    ],
    [
      'are found in Chinese and Japanese',
      '港口六点开放。[1]渡轮中午出发[2]。港は六時に開きます。',
      [
        '港口六点开放。[1] | cited | 1',
        '渡轮中午出发[2]。 | cited | 2',
        '港は六時に開きます。 | unsupported',
      ],
    ],
    [
      'have HTML as their text',
      '<b>It opens.</b> <script>alert(1)</script>\n\n<div>\nHidden claim. It closes.\n</div>',
      [
        '<b>It opens.</b> <script>alert(1)</script> | unsupported',
        '<div>\nHidden claim. | unsupported',
        'It closes.\n</div> | unsupported',
      ],
    ],
    [
      'make no link of a citation',
      'It opens [1].\n\n[1]: https://evil.example',
      ['It opens [1]. | cited | 1', '[1]: https://evil.example | cited | 1'],
    ],
    [
      'have escapes and character references',
      'A \\*star\\* &amp; an &#x1F600; end \\[1\\]. Next &copy; one.',
      [
        'A \\*star\\* &amp; an &#x1F600; end \\[1\\]. | cited | 1',
        'Next &copy; one. | unsupported',
      ],
    ],
    [
      'name no source that there is not',
      'It opens [9]. It is [0].',
      ['It opens [9]. | unsupported', 'It is [0]. | unsupported'],
    ],
  ])('%s', async (_, answer, expected) => {
    expect(await marked(answer)).toEqual(expected);
  });

  it('tell which of the numbers they name are missing', async () => {
    const { sentences } = await receipt('It opens [9][1].', ['']);
    expect(sentences).toMatchObject([{ mark: 'cited', sources: [1], missing: [9] }]);
  });

  it('are given without Markdown and citations too', async () => {
    const { sentences } = await receipt('It **opens** at\n`six` [1] sharp [2].', ['', '']);
    expect(sentences.map(({ text }) => text)).toEqual(['It opens at six sharp.']);
  });
});

describe('the mark of a sentence', () => {
  const PASSAGE =
    '# Harbour\n\nThe **harbour** opens at *six*, and closes\nat nine. It\u2019s never shut.\n\n- Ferries leave at noon\n- every day of the week\n\n```sh\nmesh verify answer.json --json\n```\n';
  const NUMBERS =
    "It will cost you 1.5 million for the boat. It has -7 degrees in the morning. It rose by about 9% then. There are boats you can't see. A well-known captain of the boat.";
  it.each<[string, string, string]>([
    ['quoted', 'the same words', 'The harbour opens at six, and closes at nine [1].'],
    ['quoted', 'a part of a sentence', '“Opens at six, and closes” [1].'],
    ['quoted', 'other case, space, marks', 'the `HARBOUR` opens  **at\nsix** [1]!'],
    ['quoted', 'marks at both ends', '… (harbour opens at six) … [1]'],
    ['quoted', 'the citation in the middle', 'The harbour opens [1] at six, and closes at nine.'],
    ['quoted', 'what cannot be seen', 'The har\u00adbour opens\u200b at six [1].'],
    ['quoted', 'an item of a list', 'Ferries leave at noon [1].'],
    ['quoted', 'code', 'Run `mesh verify answer.json --json` [1].'.slice(4)],
    ['cited', 'other words', 'The harbour opens at seven, and closes at nine [1].'],
    ['cited', 'another order', 'The harbour closes at nine, and opens at six [1].'],
    ['cited', 'a word left out', 'The harbour opens at six, closes at nine [1].'],
    ['cited', 'another mark between the words', 'The harbour opens at six and closes at nine [1].'],
    ['cited', 'a word cut', 'arbour opens at six [1].'],
    ['cited', 'a word cut at its end', 'The harbour opens at si [1].'],
    ['cited', 'a number cut before its fraction', 'It will cost you 1 [2].'],
    ['cited', 'a number cut behind its fraction', '5 million for the boat [2].'],
    ['cited', 'a number without its sign', '7 degrees in the morning [2].'],
    ['quoted', 'a number with its sign', '-7 degrees in the morning [2].'],
    ['cited', 'a number with another sign', 'It rose by about 9 $ [2].'],
    ['cited', 'a number without what it counts', 'It rose by about 9 [2].'],
    ['quoted', 'a number with what it counts', '– It rose by about 9%! – [2]'],
    ['cited', 'a word cut at its apostrophe', 'There are boats you can [2].'],
    ['quoted', 'a word with its apostrophe', "There are boats you can't [2]."],
    ['cited', 'a word cut at its hyphen', 'known captain of the boat [2].'],
    ['cited', 'too few words', 'Opens at six [1].'],
    ['cited', 'words of two items', 'Leave at noon every day [1].'],
    ['cited', 'words of two paragraphs', 'Harbour the harbour opens at six [1].'],
    [
      'cited',
      'words of another passage than the one named',
      'The harbour opens at six, and closes [2].',
    ],
    ['quoted', 'words of one of those named', 'The harbour opens at six, and closes [2][1].'],
    ['unsupported', 'no source named', 'The harbour opens at six, and closes at nine.'],
    [
      'unsupported',
      'a source that there is not',
      'The harbour opens at six, and closes at nine [3].',
    ],
  ])('is %s: %s', async (mark, _, answer) => {
    const { sentences, counts } = await receipt(answer, [PASSAGE, NUMBERS]);
    expect(sentences.map((one) => one.mark)).toEqual([mark]);
    expect(counts).toEqual({ quoted: 0, cited: 0, unsupported: 0, [mark]: 1 });
  });

  it('is by whole words in scripts without spaces too', async () => {
    const { sentences } = await receipt('港口六点开放[1]。六点[1]。', [
      '今天港口六点开放，九点关闭。',
    ]);
    expect(sentences.map(({ mark }) => mark)).toEqual(['quoted', 'cited']);
  });

  it('does not care how letters are composed, and does how numbers are written', async () => {
    const { sentences } = await receipt('Le café ouvre à six [1]. It holds 102 bytes here [2].', [
      'Le cafe\u0301 ouvre a\u0300 six heures.',
      'It holds 10² bytes here.',
    ]);
    expect(sentences.map(({ mark }) => mark)).toEqual(['quoted', 'cited']);
  });

  it('comes with the place of the words in the passage', async () => {
    const { sources } = await receipt('So: harbour opens at six [1]. Ferries leave at noon. [1]', [
      PASSAGE,
    ]);
    expect(
      sources[0]?.quotations.map(({ sentence, start, end }) => [
        sentence,
        PASSAGE.slice(start, end),
      ]),
    ).toEqual([[1, 'Ferries leave at noon']]);
    const [source] = (await receipt('Harbour opens at six [1].', [PASSAGE])).sources;
    const { start, end } = source!.quotations[0]!;
    expect(PASSAGE.slice(start, end)).toBe('harbour** opens at *six');
  });
});

describe('a receipt', () => {
  it('names each signed source, by which statements it is proven, and who cites it', async () => {
    const { sources } = await receipt('A b [2]. C d [2][3].', ['', '', '']);
    expect(sources).toEqual(
      sourcesOf(['', '', '']).map((source, place) => ({
        ...source,
        citedBy: [[], [0, 1], [1]][place],
        quotations: [],
      })),
    );
  });

  it('is none of an answer without a text', async () => {
    expect(await receiptOf({ content: { article: 'A.' }, sources: [] })).toBeUndefined();
    expect(await receiptOf({ content: { answer: 1 }, sources: [] })).toBeUndefined();
  });

  it('counts no notice that the sources do not answer, but whatever it cites', async () => {
    const text = 'The documents do not answer this. It opens at six [1].';
    expect(await receipt(text, [''], { answered: false })).toMatchObject({
      answered: false,
      counts: { quoted: 0, cited: 1, unsupported: 0 },
    });
    expect((await receipt(text, [''], { answered: true })).counts.unsupported).toBe(1);
    expect((await receipt(text, [''])).answered).toBe(true);
  });

  it('takes what is too long, and too deeply nested, as plain text', async () => {
    const { sentences, plain } = await receipt(`# A [1].\n\n**B** c. ${'X'.repeat(100_000)}`, ['']);
    expect(plain).toBe(true);
    expect(sentences.map(({ text }) => text.slice(0, 8))).toEqual([
      '# A.',
      '**B** c.',
      'X'.repeat(8),
    ]);
    for (const [mark, most] of [
      ['- ', 31],
      ['> ', 62],
    ] as const) {
      expect((await receipt(`${mark.repeat(most)}A.`)).plain).toBe(false);
      expect((await receipt(`${mark.repeat(most + 1)}A.`)).plain).toBe(true);
    }
  });

  it.each([
    ['quotations', '> '.repeat(20_000)],
    ['lists', '- '.repeat(2000)],
    [
      'lists over lines',
      Array.from({ length: 60 }, (_, at) => `${'  '.repeat(at)}- A [1].`).join('\n'),
    ],
    ['brackets that are just few enough', '[1]'.repeat(5000)],
    ['brackets', '['.repeat(90_000)],
    ['emphasis that is just little enough', '_a*'.repeat(1000)],
    ['emphasis', '_a*'.repeat(33_000)],
    ['space behind a citation', `A [1]${' '.repeat(90_000)}b.`],
    ['ends that are none', '![a]('.repeat(15_000)],
    ['marks', 'A '.concat('-'.repeat(80_000), ' b [1]')],
    ['initials', 'A. '.repeat(30_000)],
    ['sentences', 'It is so here [1]. '.repeat(5000)],
    ['citations', '[1]'.repeat(30_000)],
  ])('is made in time of hostile text: %s', async (_, answer) => {
    const started = performance.now();
    await receipt(answer, ['It was so here. '.repeat(250)]);
    expect(performance.now() - started).toBeLessThan(10_000);
  });

  it('takes what is full of emphasis as plain text', async () => {
    expect((await receipt('*a* '.repeat(1000))).plain).toBe(false);
    expect((await receipt(`${'*a* '.repeat(1000)}_`)).plain).toBe(true);
  });

  const piece = fc.oneof(
    fc.constantFrom(
      ...[
        '[1]',
        '[2, 9]',
        ' [1].',
        '. ',
        '? ',
        '**',
        '`',
        '```\n',
        '\n\n',
        '\n- ',
        '> ',
        '# ',
        '&amp;',
      ],
      ...['\\*', 'Dr. ', 'e.g. ', '。', '港口', '😀', '<b>', '](', '\u0000', '\r\n', '    '],
    ),
    fc.string({ unit: 'grapheme', maxLength: 8 }),
    fc.lorem({ maxCount: 6 }),
  );
  const markdown = fc.array(piece, { maxLength: 40 }).map((pieces) => pieces.join(''));

  it('has its sentences in order, apart, with something in them, and each counted once', async () => {
    await fc.assert(
      fc.asyncProperty(markdown, async (answer) => {
        const { sentences, counts } = await receipt(answer, ['one', 'two']);
        let before = 0;
        for (const { start, end, text, mark, sources, missing } of sentences) {
          expect(start).toBeGreaterThanOrEqual(before);
          expect(end).toBeGreaterThan(start);
          expect(text).toMatch(/[\p{L}\p{N}]/u);
          expect(mark === 'unsupported').toBe(sources.length === 0);
          expect(sources.every((id) => id === 1 || id === 2)).toBe(true);
          expect(missing.some((id) => id === 1 || id === 2)).toBe(false);
          before = end;
        }
        expect(before).toBeLessThanOrEqual(answer.length);
        expect(counts.quoted + counts.cited + counts.unsupported).toBe(sentences.length);
      }),
      { numRuns: 200 },
    );
  });

  it('leaves no word of a paragraph uncounted', async () => {
    const said = fc.array(
      fc.oneof(
        fc.constantFrom(
          '[1]',
          ' [1]',
          '[2] ',
          '. ',
          '? ',
          '.',
          ' ',
          'z. B. ',
          '。',
          '(',
          ')',
          'A',
          '7',
        ),
        fc.stringMatching(/^[A-Za-zäß港口 ]{1,9}$/),
      ),
      { maxLength: 30 },
    );
    const letters = (text: string) => text.replace(/[^\p{L}\p{N}]/gu, '');
    await fc.assert(
      fc.asyncProperty(said, async (pieces) => {
        const answer = `A ${pieces.join('')}`;
        // `[1](…)` is a link, whose text counts.
        fc.pre(!answer.includes(']('));
        const { sentences } = await receipt(answer, ['']);
        expect(letters(sentences.map(({ text }) => text).join(''))).toBe(
          letters(answer.replace(/\[\d\]/g, '')),
        );
      }),
    );
  });

  it('finds what was taken out of a passage word by word', async () => {
    const words = fc.array(fc.stringMatching(/^[a-z]{1,8}$/), { minLength: 6, maxLength: 30 });
    await fc.assert(
      fc.asyncProperty(words, fc.nat(), fc.integer({ min: 4, max: 6 }), async (all, at, length) => {
        const from = at % (all.length - length + 1);
        const taken = all.slice(from, from + length).join(' ');
        const { sentences, sources } = await receipt(`x${taken}`.slice(1) + ' [1]', [
          all.join('\n'),
        ]);
        expect(sentences).toMatchObject([{ mark: 'quoted', text: taken }]);
        const { start, end } = sources[0]!.quotations[0]!;
        expect(all.join(' ').slice(start, end)).toBe(taken);
      }),
    );
  });
});
