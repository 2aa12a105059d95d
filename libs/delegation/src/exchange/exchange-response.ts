import { type ErrorCode, MeshError } from '@mesh/errors';
import type { TxnToken } from '../txn-token/txn-token.js';
import { TXN_TOKEN_TYPE } from './exchange-request.js';

/** An HTTP answer of the token endpoint. */
export interface ExchangeAnswer<T> {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: T;
}

/** RFC 8693 2.2.1; never with a refresh token. */
export interface ExchangeResponseBody {
  readonly access_token: string;
  readonly issued_token_type: typeof TXN_TOKEN_TYPE;
  readonly token_type: 'N_A';
  /** Seconds. */
  readonly expires_in: number;
  readonly scope: string;
}

/** RFC 6749 5.2, with the two of RFC 8707 2 and RFC 6749 4.1.2.1 that a token endpoint has use for. */
export type ExchangeErrorName =
  | 'invalid_request'
  | 'invalid_scope'
  | 'invalid_target'
  | 'unauthorized_client'
  | 'unsupported_grant_type'
  | 'temporarily_unavailable'
  | 'server_error';

export interface ExchangeErrorBody {
  readonly error: ExchangeErrorName;
  readonly error_description: string;
  /** This project's code, which says more. */
  readonly code: ErrorCode;
}

/** RFC 6749 5.1: nothing of it is for a cache. */
const HEADERS = Object.freeze({
  'cache-control': 'no-store',
  'content-type': 'application/json',
});

/** Whatever is not here is `invalid_request`, an invalid subject token too (RFC 8693 2.2.2). */
const NAMES: Readonly<Partial<Record<ErrorCode, ExchangeErrorName>>> = {
  ERR_EXCHANGE_GRANT_TYPE: 'unsupported_grant_type',
  ERR_EXCHANGE_TARGET: 'invalid_target',
  ERR_EXCHANGE_SCOPE_INVALID: 'invalid_scope',
  ERR_EXCHANGE_SCOPE_WIDER: 'invalid_scope',
  ERR_EXCHANGE_SCOPE_UNREACHABLE: 'invalid_scope',
  ERR_EXCHANGE_CLIENT: 'unauthorized_client',
  ERR_EXCHANGE_NO_EDGE: 'unauthorized_client',
  ERR_EXCHANGE_PERSON: 'unauthorized_client',
};

/** The answer that carries a token. */
export function exchangeResponse(token: TxnToken, now: Date): ExchangeAnswer<ExchangeResponseBody> {
  return {
    status: 200,
    headers: HEADERS,
    body: {
      access_token: token.reveal(),
      issued_token_type: TXN_TOKEN_TYPE,
      token_type: 'N_A',
      expires_in: Math.max(0, token.expiresAt - Math.ceil(now.getTime() / 1000)),
      scope: token.scope.join(' '),
    },
  };
}

/** The answer that refuses. It tells nothing of an error that is none of this project's. */
export function exchangeError(error: unknown): ExchangeAnswer<ExchangeErrorBody> {
  if (!(error instanceof MeshError) || (error.status >= 500 && error.status !== 503)) {
    return answer(500, 'server_error', 'Something failed inside.', 'ERR_INTERNAL');
  }
  if (error.status === 503) {
    return answer(503, 'temporarily_unavailable', error.message, error.code);
  }
  return answer(400, NAMES[error.code] ?? 'invalid_request', error.message, error.code);
}

function answer(
  status: number,
  error: ExchangeErrorName,
  description: string,
  code: ErrorCode,
): ExchangeAnswer<ExchangeErrorBody> {
  // The characters that RFC 6749 allows in it.
  const error_description = description.replace(/[^\x20\x21\x23-\x5b\x5d-\x7e]/g, "'");
  return { status, headers: HEADERS, body: { error, error_description, code } };
}
