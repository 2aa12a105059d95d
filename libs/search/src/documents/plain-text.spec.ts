import { describe, expect, it } from '@jest/globals';
import { parsePlainText } from './plain-text.js';

function blocksOf(text: string) {
  const work = parsePlainText(text);
  for (;;) {
    const step = work.next();
    if (step.done === true) return step.value.sections.flatMap((section) => section.blocks);
  }
}

describe('parsePlainText', () => {
  it('makes a block of each paragraph, with the number of its first line', () => {
    expect(blocksOf('First.\r\n\r\n\r\nSecond.\n')).toEqual([
      { text: 'First.', kind: 'prose', anchor: 'L1' },
      { text: 'Second.', kind: 'prose', anchor: 'L4' },
    ]);
    expect(blocksOf(' \n\n')).toEqual([]);
  });

  it('joins prose that was wrapped at a width, and keeps lists and verse', () => {
    const line = 'This line is long enough to have been wrapped.';
    expect(blocksOf(`${line}\nIt ends here.`)[0]?.text).toBe(`${line} It ends here.`);
    expect(blocksOf('- one\n- two')[0]?.text).toBe('- one\n- two');
    expect(blocksOf('short\nlines')[0]?.text).toBe('short\nlines');
  });
});
