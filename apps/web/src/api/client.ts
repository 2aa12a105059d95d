import { csrfToken } from '../session/csrf-token.js';
import { FailureError, failureOf, ownFailure } from './failure.js';

/** What a request has besides its path. */
export interface ApiRequest {
  /** Default: GET. */
  readonly method?: 'GET' | 'POST';
  /** JSON. */
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
  /** Default: what this browser keeps. */
  readonly csrf?: string;
  /** Default: a new one. */
  readonly correlationId?: string;
}

/** The session has ended, or there is none: told to whoever shows who is signed in. */
const ENDED = ['ERR_SESSION_ENDED', 'ERR_ACCESS_TOKEN_MISSING', 'ERR_CSRF_TOKEN'];

type EndListener = (token: string, code: string) => void;
let onEnd: EndListener | undefined;

/** One listener: the session. Returns what takes it off again. */
export function onSessionEnd(listener: EndListener): () => void {
  onEnd = listener;
  return () => (onEnd = undefined);
}

/**
 * A request of this page to its own gateway; the response is `ok`.
 * @throws FailureError for a problem response, or where none came; the signal's reason once it is aborted
 */
export async function request(
  path: string,
  { method = 'GET', body, headers, signal, csrf = csrfToken(), ...rest }: ApiRequest = {},
): Promise<Response> {
  const correlationId = rest.correlationId ?? crypto.randomUUID();
  let response: Response;
  try {
    response = await fetch(path, {
      method,
      ...(body !== undefined && { body }),
      ...(signal && { signal }),
      cache: 'no-store',
      credentials: 'same-origin',
      // None of the API's routes leads elsewhere.
      redirect: 'error',
      headers: {
        accept: 'application/json',
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...(csrf && { 'x-csrf-token': csrf }),
        'x-correlation-id': correlationId,
        ...headers,
      },
    });
  } catch {
    signal?.throwIfAborted();
    throw new FailureError(ownFailure('UNREACHABLE', { correlationId }));
  }
  if (response.ok) return response;
  const retryAfter = response.headers.get('retry-after') ?? undefined;
  const problem: unknown = await response.json().catch(() => undefined);
  const failure = failureOf(
    problem,
    { status: response.status, correlationId, ...(retryAfter && { retryAfter }) },
    Date.now(),
  );
  if (csrf) tellEnd(csrf, failure.code);
  throw new FailureError(failure);
}

/** Tells the session if the code says that it has ended: a stream says it in its last event. */
export function tellEnd(csrf: string, code: string): void {
  if (ENDED.includes(code)) onEnd?.(csrf, code);
}

/** @throws FailureError as `request` does, and for a body that is no JSON */
export async function requestJson<T>(path: string, options?: ApiRequest): Promise<T> {
  const response = await request(path, options);
  try {
    return (await response.json()) as T;
  } catch {
    options?.signal?.throwIfAborted();
    throw new FailureError(ownFailure('RESPONSE_UNREADABLE', { status: response.status }));
  }
}
