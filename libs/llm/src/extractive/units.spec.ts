import { describe, expect, it } from '@jest/globals';
import { unitsOf } from './units.js';

const segmenter = new Intl.Segmenter(undefined, { granularity: 'sentence' });
const units = (text: string) => unitsOf(text, segmenter);
const texts = (text: string) => units(text).map((unit) => unit.text);

describe('unitsOf', () => {
  it('splits paragraphs into sentences, whatever the script', () => {
    expect(texts('One is here.\nTwo is there! Three?')).toEqual([
      'One is here.',
      'Two is there!',
      'Three?',
    ]);
    expect(texts('温泉は十時に開きます。水曜日は休みです。')).toHaveLength(2);
  });

  it.each([
    'Use a proxy, e.g. Envoy, in front.',
    'Ask Dr. Smith about it.',
    'Run `a. B c. D` twice.',
    'Das gilt z. B. für Tomaten.',
  ])('leaves a sentence whole: %s', (text) => {
    expect(texts(text)).toEqual([text]);
  });

  it('knows under which headings a unit stands', () => {
    const [first, second] = units('# A\n\n## B ##\n\nOne.\n\n# C\n\nTwo.');
    expect(first?.headings).toEqual(['A', 'B']);
    expect(second?.headings).toEqual(['C']);
  });

  it('takes a short line over a paragraph of plain text for its heading', () => {
    expect(units('Cold water\nDress for the water, not for the air.')).toMatchObject([
      { text: 'Dress for the water, not for the air.', headings: ['Cold water'] },
    ]);
    expect(texts('A sentence that was\nwrapped onto a second line by its author.')).toHaveLength(1);
  });

  it('gives each item of a list, and the list one block', () => {
    const found = units('You need:\n- flour\n- water,\n  lukewarm\n\n1. salt\n\nStir.');
    expect(found.map(({ kind, text }) => `${kind} ${text}`)).toEqual([
      'sentence You need:',
      'item flour',
      'item water, lukewarm',
      'item salt',
      'sentence Stir.',
    ]);
    expect(new Set(found.slice(1, 4).map(({ block }) => block)).size).toBe(1);
  });

  it('gives each row of a table with its header, with a rule or without', () => {
    const expected = [
      { kind: 'row', header: expect.stringContaining('Day') },
      { kind: 'row', header: expect.stringContaining('Day') },
    ];
    expect(units('| Day | Hours |\n| --- | --- |\n| Monday | 9 |\n| Friday | 8 |')).toMatchObject(
      expected,
    );
    expect(units('Day | Hours\nMonday | 9\nFriday | 8')).toMatchObject(expected);
  });

  it('keeps code whole, and closes what was cut off', () => {
    expect(texts('Run:\n\n```sh\na. b\n\n# c\n```\n\nDone.')).toEqual([
      'Run:',
      '```sh\na. b\n\n# c\n```',
      'Done.',
    ]);
    expect(texts('```\na')).toEqual(['```\na\n```']);
  });

  it.each([
    ['a heading that is mostly white space', `# a${' '.repeat(4000)}b`],
    ['a rule', `| ${'-: '.repeat(1300)}x |`],
    ['backticks', '`'.repeat(4000)],
    ['full stops', 'e.g. '.repeat(800)],
  ])('takes no time for %s', (_, text) => {
    const started = process.cpuUsage();
    units(text);
    expect(process.cpuUsage(started).user).toBeLessThan(500_000);
  });
});
