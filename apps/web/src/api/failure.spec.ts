import { describe, expect, it } from '@jest/globals';
import { failureFrom, failureOf, FailureError, isCorrelationId, ownFailure } from './failure.js';

const NOW = Date.UTC(2026, 6, 1);
const facts = { status: 503, correlationId: 'of-the-request' };

describe('failureOf', () => {
  const problem = {
    type: '/errors#err_deadline_exceeded',
    title: 'The deadline has passed',
    status: 504,
    detail: 'The writer did not answer in time.',
    code: 'ERR_DEADLINE_EXCEEDED',
    correlationId: 'of-the-answer',
  };

  it('tells what the mesh said, with what to do about it', () => {
    expect(failureOf(problem, facts, NOW)).toEqual({
      code: 'ERR_DEADLINE_EXCEEDED',
      status: 503,
      title: 'The deadline has passed',
      detail: 'The writer did not answer in time.',
      advice: expect.stringMatching(/Try again/),
      correlationId: 'of-the-answer',
    });
  });

  it('takes the remedy of a code that has no words for persons', () => {
    expect(failureOf({ code: 'ERR_INTERNAL' }, facts, NOW)).toMatchObject({
      title: 'Internal error',
      advice: expect.stringMatching(/correlation ID/),
      correlationId: 'of-the-request',
    });
  });

  it('shows a code that it does not know', () => {
    expect(failureOf({ code: 'ERR_OF_LATER' }, facts, NOW)).toMatchObject({
      code: 'ERR_OF_LATER',
      title: 'ERR_OF_LATER',
    });
  });

  it.each([
    ['nothing', undefined],
    ['a text', '<h1>Bad gateway</h1>'],
    ['an object without a code', {}],
    ['a code that is none', { code: '<img src=x>' }],
  ])('calls %s unreadable', (_, body) => {
    expect(failureOf(body, facts, NOW).code).toBe('RESPONSE_UNREADABLE');
  });

  it('leaves out what is no text, cuts what is too long, and takes no ID with a space', () => {
    const failure = failureOf(
      { code: 'ERR_INTERNAL', title: 7, detail: 'x'.repeat(5000), correlationId: 'call 0800 now' },
      facts,
      NOW,
    );
    expect(failure.title).toBe('Internal error');
    expect(failure.detail).toHaveLength(601);
    expect(failure.correlationId).toBe('of-the-request');
  });

  it.each([
    ['30', NOW + 30_000],
    ['0', NOW],
    [new Date(NOW + 60_000).toUTCString(), NOW + 60_000],
    [new Date(NOW - 60_000).toUTCString(), NOW],
    ['999999999', NOW + 3_600_000],
    ['soon', undefined],
  ])('reads Retry-After %s', (retryAfter, retryAt) => {
    const failure = failureOf({ code: 'ERR_RATE_LIMITED' }, { ...facts, retryAfter }, NOW);
    expect(failure.retryAt).toBe(retryAt);
  });
});

describe('failureFrom', () => {
  it('keeps a failure, and takes anything else for a mesh that cannot be reached', () => {
    const failure = ownFailure('CONNECTION_LOST');
    expect(failureFrom(new FailureError(failure))).toBe(failure);
    expect(failureFrom(new TypeError('fetch failed'), 'some-request')).toMatchObject({
      code: 'UNREACHABLE',
      correlationId: 'some-request',
    });
  });
});

describe('isCorrelationId', () => {
  it.each([
    ['0b9d2f0e-5a56-4e0b-9f3b-2a8c43a1f9d1', true],
    ['short', false],
    ['x'.repeat(65), false],
    ['call me now', false],
    [undefined, false],
  ])('%s: %s', (id, expected) => expect(isCorrelationId(id)).toBe(expected));
});
