/** Header names of the mesh, lower case as Node reports them. */
export const HEADERS = {
  /** 8 to 64 characters of `[A-Za-z0-9._-]`; made where missing or malformed. */
  correlationId: 'x-correlation-id',
  /** W3C Trace Context. */
  traceparent: 'traceparent',
  /** Milliseconds left for the request, set anew at each hop. */
  deadline: 'deadline-ms',
  /** On whose behalf the request is made: the only header that carries a transaction token. */
  txnToken: 'txn-token',
  /** 128 random bits as base64url, made anew by the caller for each logical call; the same in its retries. */
  requestNonce: 'request-nonce',
} as const;
