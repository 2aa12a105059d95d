import { describe, expect, it } from '@jest/globals';
import { demoteHeadings } from './demote-headings.js';

function demoted(...tags: string[]): (string | undefined)[] {
  const children = tags.map((tagName) => ({ type: 'element', tagName, children: [] }));
  const tree = { type: 'root', children: [{ type: 'element', tagName: 'blockquote', children }] };
  demoteHeadings()(tree);
  return children.map(({ tagName }) => tagName);
}

describe('demoteHeadings', () => {
  it.each([
    [
      ['h1', 'h2'],
      ['h3', 'h4'],
    ],
    [
      ['h3', 'h2', 'p'],
      ['h4', 'h3', 'p'],
    ],
    [['h6'], ['h3']],
    [
      ['h1', 'h6'],
      ['h3', 'h4'],
    ],
    [
      ['h1', 'h2', 'h3', 'h4', 'h5'],
      ['h3', 'h4', 'h5', 'h6', 'h6'],
    ],
    [['p'], ['p']],
  ])('makes %j %j', (tags, expected) => {
    expect(demoted(...tags)).toEqual(expected);
  });
});
