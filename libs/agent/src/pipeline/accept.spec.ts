import { describe, expect, it } from '@jest/globals';
import { formOf } from './accept.js';

describe('formOf', () => {
  it.each([
    [undefined, 'json'],
    ['', 'json'],
    ['*/*', 'json'],
    ['application/*', 'json'],
    ['text/*, application/json;q=0.1', 'json'],
    ['text/event-stream', 'events'],
    ['TEXT/Event-Stream; charset=utf-8', 'events'],
    ['application/json, text/event-stream', 'events'],
    ['text/event-stream;q=0.2, application/json;q=0.9', 'json'],
    ['text/event-stream;q=0.9, */*;q=0.1', 'events'],
    ['text/event-stream;q=0, */*', 'json'],
    ['text/event-stream, application/json;q=0', 'events'],
    ['application/json;q=nonsense, text/event-stream;q=0.1', 'events'],
  ] as const)('%j is %s', (accept, form) => {
    expect(formOf(accept)).toBe(form);
  });

  it.each(['text/html', 'text/*', 'application/json;q=0', '*/*;q=0', 'image/png, text/csv'])(
    '%j is neither',
    (accept) => {
      expect(() => formOf(accept)).toThrow(expect.objectContaining({ code: 'ERR_NOT_ACCEPTABLE' }));
    },
  );
});
