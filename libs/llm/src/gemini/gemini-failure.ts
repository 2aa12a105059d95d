import { parseRetryAfter } from '@mesh/resilience';
import { ModelError } from '../model.error.js';
import { listOf, memberOf, parseJson, wordOf } from './json.js';

/** Refused before a byte was sent. */
const NOT_SENT = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH']);
const TIMED_OUT = new Set(['ECONNABORTED', 'ETIMEDOUT']);

/** What the body of a refusal says (google.rpc.Status), as far as it is of use. */
interface Refusal {
  /** `reason` of the ErrorInfo (`API_KEY_INVALID`), else the canonical code (`RESOURCE_EXHAUSTED`). */
  readonly reason: string | undefined;
  /** From the RetryInfo. */
  readonly retryAfterMs: number | undefined;
  /** A limit a day, not a minute: no retry of today helps. */
  readonly spentForTheDay: boolean;
}

/** The error of an answer with a status other than 200. */
export function errorOfStatus(status: number, retryAfter: unknown, body: string): ModelError {
  return errorOfRefusal(
    status,
    typeof retryAfter === 'string' ? parseRetryAfter(retryAfter) : undefined,
    refusalOf(errorOf(body)),
  );
}

/** The error of an `error` member that comes in the middle of a stream; its code stands for the status. */
export function errorOfEvent(error: unknown): ModelError {
  const status = memberOf(error, 'code');
  return errorOfRefusal(typeof status === 'number' ? status : 500, undefined, refusalOf(error));
}

function errorOfRefusal(
  providerStatus: number,
  retryAfterMs: number | undefined,
  refusal: Refusal,
): ModelError {
  const { reason, spentForTheDay } = refusal;
  const why = reason === undefined ? '' : ` (${reason})`;
  const details = { providerStatus, ...(reason === undefined ? {} : { reason }) };
  const askedMs = retryAfterMs ?? refusal.retryAfterMs;
  const wait = askedMs === undefined ? {} : { retryAfterMs: askedMs };
  const keyInvalid = providerStatus === 400 && reason?.startsWith('API_KEY') === true;
  if (keyInvalid || providerStatus === 401 || providerStatus === 403)
    return new ModelError(
      'ERR_MODEL_KEY_REFUSED',
      `Gemini does not accept the key${why}.`,
      details,
    );
  if (providerStatus === 404)
    return new ModelError('ERR_MODEL_NOT_FOUND', 'Gemini has no such model for this key.', details);
  if (providerStatus === 408 || providerStatus === 504)
    return new ModelError('ERR_MODEL_TIMEOUT', `Gemini did not answer in time${why}.`, {
      ...details,
      ...wait,
      retry: 'if-idempotent',
    });
  if (providerStatus === 429)
    return spentForTheDay
      ? new ModelError(
          'ERR_MODEL_QUOTA_SPENT',
          "The day's quota of the Gemini key is used up.",
          details,
        )
      : new ModelError('ERR_MODEL_RATE_LIMITED', 'Gemini was asked too often.', {
          ...details,
          ...wait,
          retry: 'safe',
        });
  if (providerStatus >= 500)
    return new ModelError(
      'ERR_MODEL_UNAVAILABLE',
      `Gemini failed with status ${providerStatus}${why}.`,
      { ...details, ...wait, retry: providerStatus === 503 ? 'safe' : 'if-idempotent' },
    );
  if (reason === 'FAILED_PRECONDITION')
    return new ModelError(
      'ERR_MODEL_PRECONDITION',
      'Gemini does not serve this key here: its region, or its billing.',
      details,
    );
  if (providerStatus >= 400)
    return new ModelError(
      'ERR_MODEL_REQUEST_REFUSED',
      `Gemini refused the request${why}.`,
      details,
    );
  return new ModelError(
    'ERR_MODEL_RESPONSE_INVALID',
    `Gemini answered with status ${providerStatus}.`,
    details,
  );
}

/**
 * The error of a call that got no answer. The HTTP client's own error carries the request, key and prompt with it, so
 * that code and message alone go into the cause.
 */
export function errorOfNetwork(error: unknown): ModelError {
  const cause = causeOf(error);
  if (TIMED_OUT.has(cause.code))
    return new ModelError('ERR_MODEL_TIMEOUT', 'Gemini did not answer in time.', {
      cause,
      retry: 'if-idempotent',
    });
  return new ModelError('ERR_MODEL_UNAVAILABLE', 'Gemini cannot be reached.', {
    cause,
    retry: NOT_SENT.has(cause.code) ? 'safe' : 'if-idempotent',
  });
}

/** The error of an answer that ended before its end. */
export function brokenOff(error?: unknown): ModelError {
  return new ModelError('ERR_MODEL_ANSWER_BROKEN_OFF', "Gemini's answer broke off.", {
    ...(error === undefined ? {} : { cause: causeOf(error) }),
    providerStatus: 200,
    retry: 'if-idempotent',
  });
}

/** The error of an answer in another form than the API's. */
export function invalid(message = 'Gemini answered in a form that is not its own.'): ModelError {
  return new ModelError('ERR_MODEL_RESPONSE_INVALID', message, { providerStatus: 200 });
}

function causeOf(error: unknown): Error & { code: string } {
  const { code, message } = error as { code?: unknown; message?: unknown };
  const name = typeof code === 'string' ? code : 'unknown';
  return Object.assign(new Error(typeof message === 'string' ? message : name), { code: name });
}

function errorOf(body: string): unknown {
  const parsed = parseJson(body);
  return memberOf(Array.isArray(parsed) ? parsed[0] : parsed, 'error');
}

function refusalOf(error: unknown): Refusal {
  const details = listOf(memberOf(error, 'details'));
  const detail = (type: string): unknown =>
    details.find((entry) => memberOf(entry, '@type') === `type.googleapis.com/google.rpc.${type}`);
  const quotas = listOf(memberOf(detail('QuotaFailure'), 'violations')).map((violation) =>
    memberOf(violation, 'quotaId'),
  );
  return {
    reason: wordOf(memberOf(detail('ErrorInfo'), 'reason')) ?? wordOf(memberOf(error, 'status')),
    retryAfterMs: durationOf(memberOf(detail('RetryInfo'), 'retryDelay')),
    spentForTheDay: quotas.some((quota) => typeof quota === 'string' && quota.includes('PerDay')),
  };
}

/** Milliseconds of a google.protobuf.Duration (`34.07s`). */
function durationOf(text: unknown): number | undefined {
  const seconds =
    typeof text === 'string' ? /^(\d{1,9}(?:\.\d{1,9})?)s$/.exec(text)?.[1] : undefined;
  return seconds === undefined ? undefined : Math.ceil(Number(seconds) * 1000);
}
