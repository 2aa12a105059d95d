/** The article where the sources do not answer, of a writer that has no words of its own for it. */
export const NOT_ANSWERED = 'The documents do not answer this question.';
