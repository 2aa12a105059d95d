import { describe, expect, it } from '@jest/globals';
import { noteOf } from './note.js';

describe('noteOf', () => {
  it('takes the sentences that share a word with the question', () => {
    expect(noteOf('What is an SVID?', 'Tea is hot. An SVID is a document. It rains.')).toBe(
      'An SVID is a document.',
    );
  });

  it('takes the beginning of a passage in one long sentence, and no half of a surrogate pair', () => {
    const note = noteOf('Why?', `a${'😀'.repeat(400)}`);
    expect(note).toBe(`a${'😀'.repeat(299)}`);
    expect(note.isWellFormed()).toBe(true);
  });
});
