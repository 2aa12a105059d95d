import { describe, expect, it } from '@jest/globals';
import { errorAreas } from '@mesh/errors';

describe('the codes of a refused answer', () => {
  const codes = Object.entries(errorAreas.provenance);

  it.each(codes.filter(([code]) => code.startsWith('ERR_ANSWER_')))(
    '%s reaches whoever asked first, as a failure behind the gateway',
    (_, entry) => expect(entry).toMatchObject({ status: 502, relay: true }),
  );

  it.each(codes.filter(([code]) => !code.startsWith('ERR_ANSWER_')))(
    '%s is the word of whoever reads a document, and of nobody else',
    (_, entry) => expect(entry).not.toHaveProperty('relay'),
  );
});
