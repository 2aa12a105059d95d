import { parseProviderUrl } from '@mesh/egress';
import { MeshError } from '@mesh/errors';
import type { Policy } from '@mesh/resilience';
import type { SecretSource } from '@mesh/secrets';
import type { AxiosInstance } from 'axios';
import {
  RESULTS_OF_DEPTH,
  type ProviderCheck,
  type SearchOptions,
  type SearchProvider,
  type SearchResult,
} from '../search-provider.js';
import { errorOfNetwork, errorOfStatus } from './tavily-failure.js';
import { parseSearchResponse, parseUsage } from './tavily-response.js';
import { TavilyError } from './tavily.error.js';

const TAVILY_BASE_URL = 'https://api.tavily.com';

export interface TavilySearchOptions {
  /** https, or http on loopback. Default `https://api.tavily.com`. */
  readonly baseUrl?: string;
  /** Name of the key in the secret source. Default `tavily`. */
  readonly secretName?: string;
}

/** Tavily refuses a longer query (400, 'Max query length is 400 characters'). */
const QUERY_MAX = 400;
/** `max_results` is 0 to 20. */
const RESULTS_MAX = 20;
/** Twenty results of a few kilobytes stay far below. */
const RESPONSE_MAX_BYTES = 2_000_000;
const CHECK_TIMEOUT_MS = 5000;
/** What can stand in a header without ending it. */
const KEY = /^[\x21-\x7e]{1,512}$/;

const DEPTHS = { fast: 'basic', deep: 'advanced' } as const;

interface TavilyRequest {
  readonly method: 'GET' | 'POST';
  readonly path: '/search' | '/usage';
  readonly key: string;
  readonly signal: AbortSignal;
  readonly data?: unknown;
}

/**
 * Search of the web by Tavily (`POST /search`): `fast` is its `basic` (1 credit), `deep` its `advanced` (2 credits). The key
 * is read for each call; redirects and proxies are not used. A question of more than 400 characters is cut at a word.
 * Rejects with `TavilyError`, a `SecretError` without a key, the policy's `PolicyError`, or the signal's reason.
 *
 * @example
 * const tavily = new TavilySearch(axios.create(), secrets, new Policy('tavily'));
 * const results = await tavily.search('What is SPIFFE?', { depth: 'fast', signal });
 */
export class TavilySearch implements SearchProvider {
  readonly name = 'tavily';
  private readonly baseUrl: string;
  private readonly secretName: string;

  /** HTTP client, secrets and policy belong to the caller. Throws `ERR_EGRESS_URL_INVALID`. */
  constructor(
    private readonly http: AxiosInstance,
    private readonly secrets: SecretSource,
    private readonly policy: Policy,
    options: TavilySearchOptions = {},
  ) {
    this.baseUrl = parseProviderUrl(options.baseUrl ?? TAVILY_BASE_URL);
    this.secretName = options.secretName ?? 'tavily';
  }

  async search(query: string, options: SearchOptions): Promise<SearchResult[]> {
    const { depth, signal, deadline } = options;
    signal.throwIfAborted();
    const shortened = shorten(query);
    if (shortened === '') return [];
    const limit = Math.min(options.limit ?? RESULTS_OF_DEPTH[depth], RESULTS_MAX);
    const data = {
      query: shortened,
      search_depth: DEPTHS[depth],
      max_results: limit,
      include_answer: false,
      include_raw_content: false,
      include_images: false,
    };
    const key = await this.key(signal);
    return this.policy.execute(
      async (attempt) => {
        const body = await this.call({
          method: 'POST',
          path: '/search',
          key,
          signal: attempt.signal,
          data,
        });
        return parseSearchResponse(body, limit);
      },
      { signal, idempotent: true, ...(deadline === undefined ? {} : { deadline }) },
    );
  }

  /**
   * Asks `GET /usage`, which costs no credit; Tavily allows ten a key in ten minutes, so callers keep the outcome for a
   * minute or more. Not through the policy: it neither trips the breaker nor waits for it.
   */
  async check({ signal }: { readonly signal: AbortSignal }): Promise<ProviderCheck> {
    signal.throwIfAborted();
    const timeout = AbortSignal.timeout(CHECK_TIMEOUT_MS);
    try {
      const key = await this.key(signal);
      const usage = parseUsage(
        await this.call({
          method: 'GET',
          path: '/usage',
          key,
          signal: AbortSignal.any([signal, timeout]),
        }),
      );
      if (usage === undefined) return { ok: true, detail: 'the key is accepted' };
      const { used, limit } = usage;
      if (limit !== undefined && used >= limit)
        return {
          ok: false,
          code: 'ERR_SEARCH_PLAN_LIMIT',
          detail: `all ${limit} credits of the plan are used`,
        };
      const of = limit === undefined ? '' : ` of ${limit}`;
      return { ok: true, detail: `the key is accepted, ${used}${of} credits used` };
    } catch (error) {
      signal.throwIfAborted();
      if (timeout.aborted)
        return { ok: false, code: 'ERR_SEARCH_TIMEOUT', detail: 'Tavily did not answer in time.' };
      if (error instanceof TavilyError && error.providerStatus === 429)
        return { ok: true, detail: 'Tavily can be reached, and was checked too often to say more' };
      if (error instanceof MeshError) return { ok: false, code: error.code, detail: error.message };
      return { ok: false, detail: 'the check failed' };
    }
  }

  /** Nothing to close: what it was given belongs to the caller. */
  async close(): Promise<void> {}

  private async key(signal: AbortSignal): Promise<string> {
    const { secret } = await this.secrets.get(this.secretName, { signal });
    const key = secret.reveal();
    if (!KEY.test(key))
      throw new TavilyError(
        'ERR_SEARCH_KEY_REFUSED',
        'The key for Tavily holds characters that no key has.',
      );
    return key;
  }

  private async call({ method, path, key, signal, data }: TavilyRequest): Promise<string> {
    let response;
    try {
      response = await this.http.request<string>({
        method,
        url: `${this.baseUrl}${path}`,
        data,
        headers: { Authorization: `Bearer ${key}`, Accept: 'application/json' },
        signal,
        timeout: 0,
        maxRedirects: 0,
        proxy: false,
        responseType: 'text',
        maxContentLength: RESPONSE_MAX_BYTES,
        transformResponse: (body: unknown) => body,
        validateStatus: null,
      });
    } catch (error) {
      signal.throwIfAborted();
      // An interceptor's word, such as a host that the agent may not call.
      if (error instanceof MeshError) throw error;
      throw errorOfNetwork(error);
    }
    if (response.status !== 200)
      throw errorOfStatus(response.status, response.headers['retry-after']);
    return response.data;
  }
}

/** On one line, at most as long as Tavily takes, cut between words where there are any. */
function shorten(query: string): string {
  const line = query
    .slice(0, QUERY_MAX * 10)
    .replace(/[\s\p{Cc}\p{Surrogate}]+/gu, ' ')
    .trim();
  if (line.length <= QUERY_MAX) return line;
  const cut = line.slice(0, QUERY_MAX + 1);
  const space = cut.lastIndexOf(' ');
  return (space > QUERY_MAX / 2 ? cut.slice(0, space) : cut.slice(0, QUERY_MAX))
    .replace(/\p{Surrogate}/gu, '')
    .trim();
}
