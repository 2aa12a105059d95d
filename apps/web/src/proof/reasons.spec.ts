import { describe, expect, it } from '@jest/globals';
import { errorCodes } from '@mesh/errors';
import { reasonOf } from './reasons.js';

const of = (code: string, statement?: number) =>
  reasonOf({ code, message: 'M.', ...(statement !== undefined && { statement }) });

describe('reasonOf', () => {
  it.each([
    ['ERR_ANSWER_JSON_SYNTAX', 'This is not JSON'],
    ['ERR_ANSWER_UNSIGNED', 'Nobody has signed this'],
    ['ERR_ANSWER_CONTENT', 'This was changed after it was signed'],
    ['ERR_ANSWER_SIGNATURE', 'This was changed after it was signed'],
    ['ERR_ANSWER_TRUST_DOMAIN', 'This is signed by somebody who is not trusted here'],
    ['ERR_ANSWER_IAT_FUTURE', 'The times of this answer do not hold'],
    ['ERR_TRUST_DOCUMENT_TYPE', 'The trust document cannot be used'],
    ['VERIFICATION_TIMEOUT', 'This could not be verified in time'],
    ['VERIFICATION_FAILED', 'This does not verify'],
  ])('says of %s: %s', (code, title) => {
    expect(of(code).title).toBe(title);
  });

  it('names the statement at fault as people count', () => {
    expect(of('ERR_ANSWER_SIGNATURE', 0).detail).toBe(
      'M. The fault is in statement 1. Nothing of it is shown.',
    );
    expect(of('ERR_ANSWER_CONTENT').detail).toBe('M. Nothing of it is shown.');
  });

  it('has words for each code of an answer or a trust document', () => {
    const codes = errorCodes.filter((code) => /^ERR_(ANSWER|TRUST_DOCUMENT|BUNDLE)_/.test(code));
    expect(codes.length).toBeGreaterThan(40);
    for (const code of codes) expect(of(code).advice).not.toBe('');
  });
});
