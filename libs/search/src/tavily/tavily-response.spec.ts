import { describe, expect, it } from '@jest/globals';
import { parseSearchResponse, parseUsage } from './tavily-response.js';

const good = { title: 'Title', url: 'https://example.com/a', content: 'Text.', score: 0.5 };
const parse = (...results: unknown[]) => parseSearchResponse(JSON.stringify({ results }), 20);

describe('parseSearchResponse', () => {
  it('takes title, URL, snippet and score', () => {
    expect(parse(good)).toEqual([
      { title: 'Title', url: 'https://example.com/a', snippet: 'Text.', score: 0.5 },
    ]);
    expect(parse()).toEqual([]);
    expect(
      parseSearchResponse(
        JSON.stringify({ results: [good, good, { ...good, url: 'https://b.example' }] }),
        1,
      ),
    ).toHaveLength(1);
  });

  it('takes each URL once, and as many as were asked for', () => {
    expect(
      parse(good, { ...good, title: 'Again' }, { ...good, url: 'http://example.com' }),
    ).toHaveLength(2);
  });

  it.each([
    ['a script', { ...good, url: 'javascript:alert(1)' }],
    ['a data URL', { ...good, url: 'data:text/html,x' }],
    ['a file', { ...good, url: 'file:///etc/passwd' }],
    ['a document of the mesh', { ...good, url: 'documents:///a.md' }],
    ['a URL with a password', { ...good, url: 'https://a:b@example.com' }],
    ['no URL', { ...good, url: 'nonsense' }],
    ['a long URL', { ...good, url: `https://example.com/${'x'.repeat(2048)}` }],
    ['a URL that grows when encoded', { ...good, url: `https://example.com/${'é'.repeat(1000)}` }],
    ['no content', { ...good, content: '' }],
    ['content of control characters', { ...good, content: '\u0000\u0007' }],
    ['another type', { ...good, content: 7 }],
    ['null', null],
  ])('drops %s', (_, result) => {
    expect(parse(good, result)).toHaveLength(1);
    expect(() => parse(result)).toThrow(
      expect.objectContaining({ code: 'ERR_SEARCH_RESPONSE_INVALID' }),
    );
  });

  it('caps and cleans what it takes', () => {
    const [result] = parse({
      title: `A\n\u0000b\u202e${'x'.repeat(1000)}`,
      url: 'https://example.com',
      content: `one\r\ntwo\u001b[31m\ud800${'y'.repeat(10_000)}`,
      score: 7,
    });
    expect(result?.title).toMatch(/^A b x+$/);
    expect(result?.title.length).toBeLessThanOrEqual(300);
    expect(result?.snippet).toMatch(/^one\ntwo \[31m y+$/);
    expect(result?.snippet.length).toBeLessThanOrEqual(2000);
    expect(result?.score).toBe(1);
  });

  it('names a result without a title by its host', () => {
    expect(parse({ ...good, title: undefined, score: 'high' })).toMatchObject([
      { title: 'example.com', score: 0 },
    ]);
  });

  it.each(['', 'no JSON', 'null', '[]', '{}', '{"results":{}}', '"results"', '{"results":[1]}'])(
    'refuses %p without quoting it',
    (body) => {
      expect(() => parseSearchResponse(body, 5)).toThrow(
        expect.objectContaining({ code: 'ERR_SEARCH_RESPONSE_INVALID', retry: 'no' }),
      );
    },
  );
});

describe('parseUsage', () => {
  const usage = (key: unknown, account?: unknown) => parseUsage(JSON.stringify({ key, account }));

  it.each([
    [
      { usage: 150, limit: null },
      { plan_usage: 500, plan_limit: 1000 },
      { used: 500, limit: 1000 },
    ],
    [
      { usage: 100, limit: 100 },
      { plan_usage: 500, plan_limit: 1000 },
      { used: 100, limit: 100 },
    ],
    [
      { usage: 1, limit: 100 },
      { plan_usage: 1000, plan_limit: 1000, paygo_usage: 5, paygo_limit: 50 },
      { used: 1005, limit: 1050 },
    ],
    [{ usage: 7 }, undefined, { used: 7, limit: undefined }],
    [undefined, undefined, undefined],
    ['x', [], undefined],
  ])('reads %j and %j', (key, account, expected) => {
    expect(usage(key, account)).toEqual(expected);
  });
});
