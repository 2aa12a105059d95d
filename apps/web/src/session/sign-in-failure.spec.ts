import { describe, expect, it } from '@jest/globals';
import { errorAreas } from '@mesh/errors';
import { signInFailure } from './sign-in-failure.js';

describe('signInFailure', () => {
  it('has words of its own for each code that a sign-in ends with', () => {
    const codes = Object.keys(errorAreas['sign-in']).filter((code) => /^ERR_SIGN_IN_/.test(code));
    expect(codes).not.toHaveLength(0);
    for (const code of codes) {
      expect(signInFailure(`?code=${code}`)).toMatchObject({ code, advice: expect.any(String) });
    }
  });

  it('names the correlation ID', () => {
    const { correlationId } = signInFailure('?code=ERR_SIGN_IN_STATE&id=0b9d2f0e-5a56');
    expect(correlationId).toBe('0b9d2f0e-5a56');
  });

  it.each([
    '',
    '?code=ERR_INTERNAL',
    '?code=constructor',
    '?code=%3Cimg%20src%3Dx%3E&id=%3Cimg%20src%3Dx%3E',
    '?code=Call%200800%20now&id=call%20me',
  ])('shows nothing of %s', (query) => {
    const failure = signInFailure(query);
    expect(failure).toEqual({
      title: 'You could not be signed in',
      advice: 'Sign in again from here.',
      code: 'SIGN_IN_FAILED',
      status: 0,
    });
  });
});
