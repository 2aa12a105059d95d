import { describe, expect, it } from '@jest/globals';
import { errorAreas, errorEntry, isErrorCode } from './codes.js';
import { hasCode, MeshError } from './mesh-error.js';
import { problemOf } from './problem.js';

class Denied extends MeshError {
  readonly code = 'ERR_CALLER_DENIED';
}

class Invalid extends MeshError {
  readonly code = 'ERR_BODY_INVALID';
  readonly members = [{ path: 'question', message: 'must be text' }];
}

describe('error codes', () => {
  const all = Object.values(errorAreas).flatMap((area) => Object.entries(area));

  it('stand once, whatever the area', () => {
    const codes = all.map(([code]) => code);
    expect(codes.filter((code, index) => codes.indexOf(code) !== index)).toEqual([]);
  });

  it.each(all)('%s has a status, a title and a remedy', (code, { status, title, remedy }) => {
    expect(code).toMatch(/^ERR_[A-Z0-9_]+$/);
    expect(status).toBeGreaterThanOrEqual(400);
    expect(status).toBeLessThan(600);
    expect(title).not.toMatch(/[^.]\.$/);
    expect(remedy).toMatch(/[.)]$|\.\/mesh /);
  });

  it('are told from other text', () => {
    expect(isErrorCode('ERR_CALLER_DENIED')).toBe(true);
    expect(isErrorCode('ERR_NONE_SUCH')).toBe(false);
    expect(errorEntry('constructor')).toBeUndefined();
  });
});

describe('problemOf', () => {
  it('carries code, status and correlation ID', () => {
    expect(problemOf(new Denied('not you'), 'corr-1234')).toEqual({
      type: '/errors#err_caller_denied',
      title: 'This caller may not do this',
      status: 403,
      detail: 'not you',
      code: 'ERR_CALLER_DENIED',
      correlationId: 'corr-1234',
    });
  });

  it('names the members at fault', () => {
    expect(problemOf(new Invalid('bad'), 'corr-1234').errors).toEqual([
      { path: 'question', message: 'must be text' },
    ]);
  });

  it('tells nothing of a foreign error', () => {
    const problem = problemOf(new Error('open /home/me/key.pem'), 'corr-1234');
    expect(problem).toMatchObject({ status: 500, code: 'ERR_INTERNAL' });
    expect(JSON.stringify(problem)).not.toContain('key.pem');
  });
});

describe('MeshError', () => {
  it('never serializes its stack or cause', () => {
    const text = JSON.stringify(new Denied('not you', { cause: new Error('inner') }));
    expect(JSON.parse(text)).toEqual({
      name: 'Denied',
      code: 'ERR_CALLER_DENIED',
      message: 'not you',
    });
  });

  it('is not tried again unless it says so', () => {
    expect(new Denied('x').retry).toBe('no');
    expect(new Denied('x', { retry: 'safe', retryAfterMs: 5 })).toMatchObject({
      retry: 'safe',
      retryAfterMs: 5,
    });
  });

  it('is recognized by its code', () => {
    expect(hasCode(new Denied('x'), 'ERR_CALLER_DENIED')).toBe(true);
    expect(hasCode(new Denied('x'), 'ERR_INTERNAL')).toBe(false);
    expect(hasCode({ code: 'ERR_CALLER_DENIED' }, 'ERR_CALLER_DENIED')).toBe(false);
  });
});
