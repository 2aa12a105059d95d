import type { AnswerRecord } from '../answer-record.js';
import type { AnsweredRequest } from '../answer-signer.js';

/** Knows of a request what its answer has to say. */
export interface AnsweredRequests<Request = unknown> {
  /** Asked once a request, after the guards. Undefined: the route's answer is not signed. */
  of(
    request: Request,
  ): { readonly answered: AnsweredRequest; readonly record: AnswerRecord } | undefined;
}

/** The `AnsweredRequests` of the application. */
export const ANSWERED_REQUESTS = Symbol('ANSWERED_REQUESTS');
