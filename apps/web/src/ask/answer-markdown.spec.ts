import { describe, expect, it } from '@jest/globals';
import { answerMarkdown } from './answer-markdown.js';

describe('answerMarkdown', () => {
  it('holds question, answer, sources, and that it proves nothing by itself', () => {
    const text = answerMarkdown('How\n# does it?', {
      answer: 'Like this [1].\n',
      sources: [
        { id: 1, title: 'One\ntitle', url: 'documents:///one.md', snippet: 'x' },
        { id: 2, title: 'Two', url: 'https://example.org/<script>', snippet: 'x' },
        'none',
      ],
      correlationId: 'of-the-request',
    });
    expect(text).toBe(
      [
        '# How # does it?',
        'Like this [1].',
        '## Sources',
        '- [1] One title: <documents:///one.md>\n- [2] Two: <https://example.org/%3Cscript%3E>',
        '*Verified in the browser when it was saved. This file is not signed: the signed JSON proves it. Correlation ID: of-the-request.*\n',
      ].join('\n\n'),
    );
  });

  it('leaves out what is not there', () => {
    expect(answerMarkdown('Why?', { answer: 7 })).not.toMatch(/Sources|Correlation|7/);
  });
});
