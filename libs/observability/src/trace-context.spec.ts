import { describe, expect, it } from '@jest/globals';
import { TraceContext } from './trace-context.js';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const SPAN = 'b7ad6b7169203331';

describe('TraceContext.parse', () => {
  it.each([
    ['sampled', `00-${TRACE}-${SPAN}-01`, true],
    ['not sampled', `00-${TRACE}-${SPAN}-00`, false],
    ['with flags of later levels', `00-${TRACE}-${SPAN}-ff`, true],
    ['of a later version', `01-${TRACE}-${SPAN}-01`, true],
    ['of a later version with more fields', `cc-${TRACE}-${SPAN}-00-what-comes`, false],
    ['of a later version with an empty field', `cc-${TRACE}-${SPAN}-00-`, false],
  ])('takes a header %s', (_, header, sampled) => {
    expect(TraceContext.parse(header)).toMatchObject({ traceId: TRACE, spanId: SPAN, sampled });
  });

  it.each([
    ['absent', undefined],
    ['empty', ''],
    ['sent twice', [`00-${TRACE}-${SPAN}-01`, `00-${TRACE}-${SPAN}-01`]],
    ['version ff', `ff-${TRACE}-${SPAN}-01`],
    ['version 00 with more', `00-${TRACE}-${SPAN}-01-what`],
    ['version 00 with a dash', `00-${TRACE}-${SPAN}-01-`],
    ['a later version without a dash', `cc-${TRACE}-${SPAN}-01.what`],
    ['a trace ID of zeros', `00-${'0'.repeat(32)}-${SPAN}-01`],
    ['a span ID of zeros', `00-${TRACE}-${'0'.repeat(16)}-01`],
    ['upper case', `00-${TRACE.toUpperCase()}-${SPAN}-01`],
    ['a short trace ID', `00-${TRACE.slice(1)}-${SPAN}-01`],
    ['a long span ID', `00-${TRACE}-${SPAN}0-01`],
    ['no flags', `00-${TRACE}-${SPAN}`],
    ['one digit of flags', `00-${TRACE}-${SPAN}-1`],
    ['no hexadecimal', `00-${TRACE.replace('0', 'g')}-${SPAN}-01`],
    ['white space', ` 00-${TRACE}-${SPAN}-01`],
    ['a line break at the end', `00-${TRACE}-${SPAN}-01\n`],
    ['huge', `01-${TRACE}-${SPAN}-01-${'x'.repeat(1000)}`],
  ])('refuses %s', (_, header) => {
    expect(TraceContext.parse(header)).toBeUndefined();
  });
});

describe('TraceContext', () => {
  it('makes a child in the same trace with the same sampling', () => {
    const parent = TraceContext.parse(`00-${TRACE}-${SPAN}-00`);
    const child = parent?.child();
    expect(child).toMatchObject({ traceId: TRACE, sampled: false });
    expect(child?.spanId).toMatch(/^[0-9a-f]{16}$/);
    expect(child?.spanId).not.toBe(SPAN);
  });

  it('continues a valid trace and starts one for an invalid header', () => {
    expect(TraceContext.receive(`00-${TRACE}-${SPAN}-01`).traceId).toBe(TRACE);
    expect(TraceContext.receive('nonsense').traceId).not.toBe(TRACE);
  });

  it('writes version 00 without the flags it does not know', () => {
    expect(String(TraceContext.parse(`cc-${TRACE}-${SPAN}-ff-more`))).toBe(
      `00-${TRACE}-${SPAN}-01`,
    );
    expect(TraceContext.parse(String(TraceContext.start()))).toBeDefined();
  });
});
