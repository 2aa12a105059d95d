import { type Failure, isCorrelationId } from '../api/failure.js';

type Words = Pick<Failure, 'title' | 'detail' | 'advice'>;

/** In the reader's words, never in those of whoever made the link. */
const words: Record<string, Words> = {
  ERR_SIGN_IN_STATE: {
    title: 'This sign-in was not begun in this browser, or not just now',
    detail:
      'A sign-in works once, within ten minutes, in the browser that began it, and needs cookies.',
    advice: 'Allow cookies for this page, and sign in again from here.',
  },
  ERR_SIGN_IN_ISSUER: {
    title: 'The answer came from another issuer than was asked',
    detail: 'Somebody may be trying to mix up two issuers, so nothing was taken from it.',
    advice: 'Sign in again. If this comes back, tell the operator the correlation ID.',
  },
  ERR_SIGN_IN_REFUSED: {
    title: 'The issuer refused the sign-in',
    detail: 'It was cancelled or not agreed to there, or the account may not use this mesh.',
    advice: 'Sign in again and agree to what is asked for, or use another account.',
  },
  ERR_SIGN_IN_FAILED: {
    title: 'The sign-in came to nothing',
    detail: 'What the issuer sent did not hold when the mesh checked it.',
    advice: 'Sign in again. If this comes back, tell the operator the correlation ID.',
  },
  ERR_SIGN_IN_UNAVAILABLE: {
    title: 'The issuer cannot be reached',
    detail: 'That is where people sign in; the mesh itself runs.',
    advice: 'Try again in a moment.',
  },
  ERR_SIGN_IN_CLIENT: {
    title: 'The mesh and its issuer do not understand each other',
    detail: 'They have no way in common by which the mesh proves itself to the issuer.',
    advice: 'Tell the operator: only they can mend this.',
  },
  ERR_SIGN_IN_TARGET: {
    title: 'The link leads out of this mesh',
    detail: 'After a sign-in the mesh goes on to its own pages alone.',
    advice: 'Sign in from here.',
  },
  ERR_SIGN_IN_BUSY: {
    title: 'Too many sessions are open right now',
    advice: 'Try again in a few minutes.',
  },
  ERR_SESSION_COOKIE: {
    title: 'This browser holds two cookies for one session',
    detail: 'Another page of the same host has set one.',
    advice: 'Remove this site’s cookies, and sign in again.',
  },
};

const unknown: Words = {
  title: 'You could not be signed in',
  advice: 'Sign in again from here.',
};

/** What the query of `/sign-in-failed` says: anyone can make such a link, so no word of it is shown but a known code and an ID. */
export function signInFailure(query: string): Failure {
  const members = new URLSearchParams(query);
  const code = members.get('code') ?? '';
  const id = members.get('id');
  const known = Object.hasOwn(words, code);
  return {
    ...(known ? words[code]! : unknown),
    code: known ? code : 'SIGN_IN_FAILED',
    status: 0,
    ...(isCorrelationId(id) && { correlationId: id }),
  };
}
