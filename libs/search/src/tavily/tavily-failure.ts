import { parseRetryAfter } from '@mesh/resilience';
import { TavilyError } from './tavily.error.js';

/** Refused before a byte was sent. */
const NOT_SENT = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH']);
const TIMED_OUT = new Set(['ECONNABORTED', 'ETIMEDOUT']);

/** The error of an answer with a status other than 200. */
export function errorOfStatus(status: number, retryAfter: unknown): TavilyError {
  const retryAfterMs = typeof retryAfter === 'string' ? parseRetryAfter(retryAfter) : undefined;
  const wait = retryAfterMs === undefined ? {} : { retryAfterMs };
  switch (status) {
    case 401:
    case 403:
      return new TavilyError('ERR_SEARCH_KEY_REFUSED', 'Tavily does not accept the key.', status);
    case 429:
      return new TavilyError('ERR_SEARCH_RATE_LIMITED', 'Tavily was asked too often.', status, {
        retry: 'safe',
        ...wait,
      });
    case 432:
    case 433:
      return new TavilyError(
        'ERR_SEARCH_PLAN_LIMIT',
        "The searches of this key's Tavily plan are used up.",
        status,
      );
  }
  if (status >= 500)
    return new TavilyError(
      'ERR_SEARCH_UNAVAILABLE',
      `Tavily failed with status ${status}.`,
      status,
      {
        retry: status === 503 ? 'safe' : 'if-idempotent',
        ...wait,
      },
    );
  if (status >= 400)
    return new TavilyError('ERR_SEARCH_REQUEST_REFUSED', 'Tavily refused the search.', status);
  return new TavilyError(
    'ERR_SEARCH_RESPONSE_INVALID',
    `Tavily answered with status ${status}.`,
    status,
  );
}

/**
 * The error of a call that got no whole answer. The HTTP client's own error carries the request, the key in its header
 * with it, so that code and message alone go into the cause.
 */
export function errorOfNetwork(error: unknown): TavilyError {
  const { code, message } = error as { code?: unknown; message?: unknown };
  const name = typeof code === 'string' ? code : 'unknown';
  const cause = Object.assign(new Error(typeof message === 'string' ? message : name), {
    code: name,
  });
  if (cause.message.startsWith('maxContentLength'))
    return new TavilyError(
      'ERR_SEARCH_RESPONSE_INVALID',
      "Tavily's answer is too large.",
      undefined,
      { cause },
    );
  if (TIMED_OUT.has(name))
    return new TavilyError('ERR_SEARCH_TIMEOUT', 'Tavily did not answer in time.', undefined, {
      cause,
      retry: 'if-idempotent',
    });
  return new TavilyError('ERR_SEARCH_UNAVAILABLE', 'Tavily cannot be reached.', undefined, {
    cause,
    retry: NOT_SENT.has(name) ? 'safe' : 'if-idempotent',
  });
}
