import { describe, expect, it } from '@jest/globals';
import { isCorrelationId, newCorrelationId, receiveCorrelationId } from './correlation-id.js';

describe('correlation ID', () => {
  it.each(['abcdefgh', 'A1._-xyz', 'x'.repeat(64), newCorrelationId()])('takes %s', (id) => {
    expect(isCorrelationId(id)).toBe(true);
    expect(receiveCorrelationId(id)).toBe(id);
  });

  it.each([
    ['too short', 'abcdefg'],
    ['too long', 'x'.repeat(65)],
    ['a space', 'abc defgh'],
    ['a line break', 'abcdefgh\n'],
    ['a header break', 'abcdefgh\r\nx: y'],
    ['letters beyond ASCII', 'abcdefgü'],
    ['empty', ''],
    ['absent', undefined],
    ['sent twice', ['abcdefgh', 'abcdefgi']],
  ])('makes another one where it is %s', (_, header) => {
    const id = receiveCorrelationId(header);
    expect(isCorrelationId(id)).toBe(true);
    expect(id).not.toBe(header);
  });

  it('makes a different one each time', () => {
    expect(newCorrelationId()).not.toBe(newCorrelationId());
  });
});
