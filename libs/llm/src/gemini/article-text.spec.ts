import { describe, expect, it } from '@jest/globals';
import { ArticleText } from './article-text.js';

function articleOf(text: string, pieceLength = text.length || 1) {
  const article = new ArticleText(new Set([1, 2, 3]));
  const pieces: string[] = [];
  for (let at = 0; at < text.length; at += pieceLength)
    pieces.push(article.push(text.slice(at, at + pieceLength)));
  pieces.push(article.end());
  expect(pieces.join('')).toBe(article.article);
  return { article: article.article, saysNo: article.saysNo, cites: article.cites, pieces };
}

/** In pieces of every size, all of which must give the same. */
function always(text: string, expected: string): void {
  for (let length = 1; length <= Math.min(text.length, 40); length++)
    expect(articleOf(text, length).article).toBe(expected);
  expect(articleOf(text).article).toBe(expected);
}

describe('ArticleText', () => {
  it.each([
    ['a known source', 'A fact [1].', 'A fact [1].'],
    ['an unknown source', 'A fact [9], and [1] more [4].', 'A fact, and [1] more.'],
    ['several in one', 'A [1, 3] B [2;1] C [1,9] D [7, 8].', 'A [1][3] B [2][1] C [1] D.'],
    ['ranges', 'A [1-3] B [2–9] C [3-1].', 'A [1][2][3] B [2][3] C [3][1].'],
    ['a range of all numbers', 'A [1-999999999].', 'A [1].'],
    ['a year', 'In [2024] it was.', 'In it was.'],
    ['other forms', 'A [^1] B 【2】 C [Source 3] D [sources 1, 2].', 'A [1] B [2] C [3] D [1][2].'],
    ['a bracket that is no citation', 'A [note] and [ ] and [1', 'A [note] and [ ] and [1'],
    ['a citation alone on its line', 'A\n[9]\nB [1]', 'A\n\nB [1]'],
  ])('keeps citations to its sources: %s', (_, text, expected) => {
    always(text, expected);
  });

  it.each([
    ['spans', 'Use `a[7]` and ``b` [8] `` [1].', 'Use `a[7]` and ``b` [8] `` [1].'],
    [
      'blocks',
      'So [1]:\n\n```js\nx[7] = <b> [y](z)\n```\n\nEnd [9].',
      'So [1]:\n\n```js\nx[7] = <b> [y](z)\n```\n\nEnd.',
    ],
    ['blocks in lists', '- a\n  ~~~\n  [7]\n  ~~~\n- b [7]', '- a\n  ~~~\n  [7]\n  ~~~\n- b'],
    ['a block that is not closed', '```\n[7]', '```\n[7]'],
    ['longer fences', '````\n```\n[7]\n````\n[7]x', '````\n```\n[7]\n````\nx'],
    ['an unclosed span, which is none', 'a ` [7] b', 'a ` b'],
  ])('leaves code alone: %s', (_, text, expected) => {
    always(text, expected);
  });

  it.each([
    ['links', 'See [the docs](https://evil.example/?q=1) [1].', 'See the docs [1].'],
    ['titled links', 'See [the docs](https://evil.example "a title").', 'See the docs.'],
    ['images', 'A ![x](https://evil.example/?q=secret) B', 'A x B'],
    ['images in links', 'A [![x](https://a.example)](https://b.example) B', 'A x B'],
    [
      'links with odd targets',
      'A [x](https://a.example/(b)c) B',
      'A [x] (https://a.example/(b)c) B',
    ],
    ['a citation that is a link', 'A [1](https://evil.example) [9](https://evil.example)', 'A [1]'],
    ['a link that hides a citation', 'A [1[9]2](u) B', 'A B'],
    ['definitions', '[1]: https://evil.example\nA [1]', '[1] : https://evil.example\nA [1]'],
    ['HTML', 'A <img src=x> 1 < 2 </b> <!-- c -->', 'A \\<img src=x> 1 < 2 \\</b> \\<!-- c -->'],
    ['HTML behind backslashes', '\\<b> \\\\<b>', '\\<b> \\\\\\<b>'],
    [
      'deeply nested links',
      `${'['.repeat(30)}x${'](u)'.repeat(30)}`,
      `${'['.repeat(22)}x${'] (u)'.repeat(22)}`,
    ],
  ])('lets no source lead the reader elsewhere: %s', (_, text, expected) => {
    expect(articleOf(text).article).toBe(expected);
    expect(articleOf(text, 3).article).toBe(expected);
  });

  it.each([
    ['ANSWERED: yes\n\nA [1].', false],
    ['ANSWERED: no\n\nA [1].', true],
    ['\n\n**answered: No.**\nA [1].', true],
    ['`ANSWERED: yes`\nA [1].', false],
    ['# ANSWERED: no\r\n\r\nA [1].', true],
    ['A [1].', false],
    ['```markdown\nANSWERED: no\n\nA [1].\n```', true],
    ['ANSWERED: no\n\n```md\nA [1].\n```\n', true],
  ])('reads the first line of %j', (text, saysNo) => {
    for (const length of [1, 4, 100])
      expect(articleOf(text, length)).toMatchObject({ article: 'A [1].', saysNo, cites: true });
  });

  it('takes the first line alone for a verdict', () => {
    always('A [1].\nANSWERED: no', 'A [1].\nANSWERED: no');
    expect(articleOf(`${'word '.repeat(60)}\nANSWERED: no`).saysNo).toBe(false);
    expect(articleOf('ANSWERED: perhaps\nA').article).toBe('ANSWERED: perhaps\nA');
  });

  it('says whether a source that there is was cited', () => {
    expect(articleOf('A [2].').cites).toBe(true);
    expect(articleOf('A [9] `[1]`.').cites).toBe(false);
  });

  it('trims, and drops what cannot be seen', () => {
    always('\n \n  A\t\u0000\u202eB [1] \n\n \n', 'A\tB [1]');
    always(' \n ', '');
  });

  it('hands out words as they come, not lines', () => {
    const article = new ArticleText(new Set([1]));
    expect(article.push('ANSWERED: yes\n\nOne two thr')).toBe('One two');
    expect(article.push('ee [1')).toBe(' three');
    expect(article.push('] four')).toBe(' [1]');
    expect(article.end()).toBe(' four');
  });

  it('is done with hostile text in time', () => {
    const started = performance.now();
    for (const text of [
      '['.repeat(50_000),
      '` '.repeat(25_000),
      '[x](u)'.repeat(8000),
      ' '.repeat(50_000),
      '[1'.repeat(25_000),
      '![](('.repeat(10_000),
      '[x](u "'.repeat(7000),
      '[1,'.repeat(15_000),
      '\\'.repeat(30_000),
      `[1${' '.repeat(50_000)}`,
      `[x](u ${'"'.repeat(20_000)}`,
    ])
      articleOf(text, 500);
    expect(performance.now() - started).toBeLessThan(2500);
  });
});
