import { describe, expect, it } from '@jest/globals';
import { sourceDigest } from '@mesh/provenance';
import { AnswerRecord, recordOf } from './index.js';

describe('AnswerRecord', () => {
  it('starts empty', () => {
    const { inputs, sources, producers, hosts, edits, findings } = new AnswerRecord();
    expect([inputs, sources, producers, hosts, edits, findings]).toEqual(Array(6).fill([]));
  });

  it('keeps inputs in the order in which they came, as they were then', () => {
    const record = new AnswerRecord();
    const statements = ['a', 'b'];
    record.input(statements, ['1', '2']);
    record.input(['c'], ['3']);
    statements.pop();
    expect(record.inputs).toEqual([
      { statements: ['a', 'b'], requests: ['1', '2'] },
      { statements: ['c'], requests: ['3'] },
    ]);
  });

  it.each<[string, string[], string[]]>([
    ['no statement', [], []],
    ['a request too few', ['a', 'b'], ['1']],
    ['a request too many', ['a'], ['1', '2']],
  ])('refuses an input with %s', (_, statements, requests) => {
    expect(() => new AnswerRecord().input(statements, requests)).toThrow(TypeError);
  });

  it('names a source by its four members, once', async () => {
    const source = { id: 1, title: 'Title', url: 'documents:///a.md', snippet: 'Passage' };
    const record = new AnswerRecord();
    const more: typeof source & { score: number } = { ...source, score: 0.5 };
    for (const one of [source, more, { ...source, id: 2 }]) record.source(one);
    expect(record.sources).toEqual(
      await Promise.all([source, { ...source, id: 2 }].map(sourceDigest)),
    );
    expect(() => record.source({ ...source, snippet: '\ud83d' })).toThrow(
      expect.objectContaining({
        code: 'ERR_SIGNING_CONTENT',
        cause: expect.objectContaining({ code: 'ERR_ANSWER_JSON_STRING' }),
      }),
    );
  });

  it('names a producer once, by all its members', () => {
    const record = new AnswerRecord();
    const model = { kind: 'model', provider: 'gemini', name: 'flash' } as const;
    for (const one of [model, { ...model }, { ...model, name: 'pro' }]) record.producer(one);
    record.producer({ ...model, kind: 'tool' });
    expect(record.producers).toEqual([
      model,
      { ...model, name: 'pro' },
      { ...model, kind: 'tool' },
    ]);
  });

  it('adds up the tokens of one producer, where there are any', () => {
    const record = new AnswerRecord();
    const model = { kind: 'model', provider: 'gemini', name: 'flash' } as const;
    record.producer({ ...model, tokens: { input: 900, output: 120 } });
    record.producer(model);
    record.producer({ ...model, tokens: { input: 1, output: 0 } });
    expect(record.producers).toEqual([{ ...model, tokens: { input: 901, output: 120 } }]);
  });

  it('adds up hosts, edits and findings of one name', () => {
    const record = new AnswerRecord();
    record.hostCall('api.example', 10);
    record.hostCall('api.example:8443', 1);
    record.hostCall('api.example', 5);
    record.edit('redaction');
    record.edit('redaction', 2);
    record.finding('secret', 3);
    record.finding('email');
    expect(record.hosts).toEqual([
      { host: 'api.example', bytes: 15 },
      { host: 'api.example:8443', bytes: 1 },
    ]);
    expect(record.edits).toEqual([{ kind: 'redaction', count: 3 }]);
    expect(record.findings).toEqual([
      { kind: 'secret', count: 3 },
      { kind: 'email', count: 1 },
    ]);
  });
});

describe('recordOf', () => {
  it('is one for each request', () => {
    const [request, other] = [{}, {}];
    expect(recordOf(request)).toBe(recordOf(request));
    expect(recordOf(other)).not.toBe(recordOf(request));
  });
});
