import type { SearchResult } from '../search-provider.js';
import { TavilyError } from './tavily.error.js';

const TITLE_MAX = 300;
const URL_MAX = 2048;
const SNIPPET_MAX = 2000;

/**
 * What a search's body says, made safe to pass on: http(s) URLs alone, plain text without control and bidirectional
 * formatting characters, capped lengths, each URL once. Throws `ERR_SEARCH_RESPONSE_INVALID` for another form.
 */
export function parseSearchResponse(body: string, limit: number): SearchResult[] {
  const results = memberOf(parseJson(body), 'results');
  if (!Array.isArray(results)) throw invalid();
  const found = new Map<string, SearchResult>();
  for (const result of results) {
    const parsed = parseResult(result);
    if (parsed !== undefined && !found.has(parsed.url)) found.set(parsed.url, parsed);
  }
  if (results.length > 0 && found.size === 0) throw invalid();
  return [...found.values()].slice(0, limit);
}

export interface TavilyUsage {
  /** Credits of the current period. */
  readonly used: number;
  /** Undefined: none is set. */
  readonly limit: number | undefined;
}

/** The tighter of the key's and the plan's limit; undefined where the body says neither. */
export function parseUsage(body: string): TavilyUsage | undefined {
  const parsed = parseJson(body);
  const [key, account] = [memberOf(parsed, 'key'), memberOf(parsed, 'account')];
  const used = numberOf(key, 'usage');
  const keyLimit = numberOf(key, 'limit');
  if (used !== undefined && keyLimit !== undefined && used >= keyLimit)
    return { used, limit: keyLimit };
  const planUsed = numberOf(account, 'plan_usage');
  const planLimit = numberOf(account, 'plan_limit');
  if (planUsed !== undefined && planLimit !== undefined)
    return {
      used: planUsed + (numberOf(account, 'paygo_usage') ?? 0),
      limit: planLimit + (numberOf(account, 'paygo_limit') ?? 0),
    };
  return used === undefined ? undefined : { used, limit: keyLimit };
}

function parseResult(result: unknown): SearchResult | undefined {
  const url = webUrl(memberOf(result, 'url'));
  const snippet = plainText(memberOf(result, 'content'), SNIPPET_MAX);
  if (url === undefined || snippet === '') return undefined;
  const title = plainText(memberOf(result, 'title'), TITLE_MAX).replace(/\s+/g, ' ');
  const score = numberOf(result, 'score') ?? 0;
  return {
    title: title === '' ? url.hostname : title,
    url: url.href,
    snippet,
    score: Math.min(1, Math.max(0, score)),
  };
}

function webUrl(text: unknown): URL | undefined {
  if (typeof text !== 'string' || text.length > URL_MAX || !URL.canParse(text)) return undefined;
  const url = new URL(text);
  const web = url.protocol === 'https:' || url.protocol === 'http:';
  return web && url.username + url.password === '' && url.href.length <= URL_MAX ? url : undefined;
}

function plainText(text: unknown, max: number): string {
  if (typeof text !== 'string') return '';
  return text
    .slice(0, max * 2)
    .replace(/\r\n?/g, '\n')
    .replace(/[^\P{Cc}\n\t]|[\p{Surrogate}\u202a-\u202e\u2066-\u2069\u2028\u2029]/gu, ' ')
    .trim()
    .slice(0, max)
    .replace(/\p{Surrogate}/gu, '')
    .trim();
}

function parseJson(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    // The parser's message quotes the body.
    throw invalid();
  }
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null
    ? (value as Record<string, unknown>)[name]
    : undefined;
}

function numberOf(value: unknown, name: string): number | undefined {
  const member = memberOf(value, name);
  return typeof member === 'number' && Number.isFinite(member) ? member : undefined;
}

function invalid(): TavilyError {
  return new TavilyError(
    'ERR_SEARCH_RESPONSE_INVALID',
    'Tavily answered in a form that is not its own.',
    200,
  );
}
