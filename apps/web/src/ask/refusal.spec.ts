import { describe, expect, it } from '@jest/globals';
import { refusal } from './refusal.js';

const changed = {
  code: 'ERR_ANSWER_CONTENT',
  message: 'The content is not the one that was signed.',
};
const correlationId = 'of-the-request';

describe('refusal', () => {
  it('says what the verifier found', () => {
    expect(refusal(changed, { correlationId, skew: 900 })).toEqual({
      title: 'The answer does not verify, so it is not shown',
      detail: 'The content is not the one that was signed.',
      advice: expect.stringMatching(/changes answers/),
      code: 'ERR_ANSWER_CONTENT',
      correlationId,
      status: 0,
    });
  });

  it.each([
    [3_600_000, /about 60 min behind/],
    [-3_600_000, /about 60 min ahead/],
    [46_000, /about 1 min behind/],
    [NaN, /changes answers/],
  ])('names a clock that is off by %d ms', (skew, advice) => {
    expect(refusal(changed, { correlationId, skew }).advice).toMatch(advice);
  });

  it.each([
    [{ code: 'VERIFICATION_TIMEOUT', message: 'It took too long.' }, 'VERIFICATION_TIMEOUT'],
    [new Error('broken'), 'VERIFICATION_FAILED'],
    [{}, 'VERIFICATION_FAILED'],
  ])('accuses nobody where there is no verdict: %p', (error, code) => {
    expect(refusal(error, { correlationId, skew: 0 })).toMatchObject({
      code,
      title: expect.stringMatching(/could not verify/),
      advice: expect.stringMatching(/Reload/),
    });
  });
});
