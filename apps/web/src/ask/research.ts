import { base64url } from '../api/base64url.js';
import { request, tellEnd } from '../api/client.js';
import { FailureError, failureOf, ownFailure } from '../api/failure.js';
import { csrfToken } from '../session/csrf-token.js';
import { prepareVerifier, verify, type VerifiedView } from '../proof/verifier.js';
import { streamEvents } from './event-stream.js';
import { refusal } from './refusal.js';
import type { Question, RunEvent } from './run.js';

/** A question, and what hears of its way to an answer. */
export interface Research extends Question {
  /** Client that the answer must be addressed to. */
  readonly clientId: string;
  readonly correlationId: string;
  readonly signal: AbortSignal;
  readonly onEvent: (event: RunEvent) => void;
}

/**
 * Asks, tells each event, and verifies the answer as one to this very request: no other answer, however well signed,
 * passes for it.
 * @throws FailureError if there is no answer or it does not verify; the signal's reason
 */
export async function research({
  question,
  depth,
  clientId,
  correlationId,
  signal,
  onEvent,
}: Research): Promise<{ view: VerifiedView; document: string }> {
  prepareVerifier();
  const path = '/v1/research';
  const body = { question, depth };
  const nonce = freshNonce();
  const response = await request(path, {
    method: 'POST',
    body: JSON.stringify(body),
    headers: { accept: 'text/event-stream', 'request-nonce': nonce },
    correlationId,
    signal,
  });
  const document = await untilDone(response, { correlationId, signal, onEvent });
  // Fresh each time: the bundle changes as its authorities rotate.
  const trusted = await request('/v1/trust', { signal });
  const skew = Date.parse(trusted.headers.get('date') ?? '') - Date.now();
  const trust = await trusted.text();
  const call = { audience: clientId, request: { method: 'POST', path, nonce, body } };
  try {
    const view = await verify(document, { trust, call });
    signal.throwIfAborted();
    return { view, document };
  } catch (error) {
    signal.throwIfAborted();
    throw new FailureError(refusal(error, { correlationId, skew }));
  }
}

async function untilDone(
  response: Response,
  { correlationId, signal, onEvent }: Pick<Research, 'correlationId' | 'signal' | 'onEvent'>,
): Promise<string> {
  const csrf = csrfToken();
  try {
    for await (const event of streamEvents(response.body!, correlationId)) {
      signal.throwIfAborted();
      if (event.type === 'error') {
        const facts = { status: response.status, correlationId };
        const failure = failureOf(event.problem, facts, Date.now());
        if (csrf) tellEnd(csrf, failure.code);
        throw new FailureError(failure);
      }
      onEvent(event);
      if (event.type === 'done') return event.document;
    }
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  }
  throw new FailureError(ownFailure('CONNECTION_LOST', { correlationId }));
}

/** 128 random bits, base64url. */
function freshNonce(): string {
  return base64url(crypto.getRandomValues(new Uint8Array(16)));
}
