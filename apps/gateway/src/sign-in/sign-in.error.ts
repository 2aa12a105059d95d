import { MeshError, type MeshErrorOptions } from '@mesh/errors';

export type SignInErrorCode =
  | 'ERR_SIGN_IN_STATE'
  | 'ERR_SIGN_IN_ISSUER'
  | 'ERR_SIGN_IN_REFUSED'
  | 'ERR_SIGN_IN_FAILED'
  | 'ERR_SIGN_IN_UNAVAILABLE'
  | 'ERR_SIGN_IN_CLIENT'
  | 'ERR_SIGN_IN_TARGET'
  | 'ERR_SIGN_IN_BUSY';

export interface SignInErrorOptions extends MeshErrorOptions {
  /** What the log may say of it: the name of an OAuth error, of a check. */
  readonly reason?: string;
}

/**
 * A sign-in comes to nothing. What the OpenID library found has no place in `cause`: its errors hold the answer of the
 * issuer, tokens and all.
 */
export class SignInError extends MeshError {
  readonly reason: string | undefined;

  constructor(
    readonly code: SignInErrorCode,
    message: string,
    options: SignInErrorOptions = {},
  ) {
    super(message, options);
    this.reason = options.reason;
  }
}

/** A request's session is over, or the request does not prove that a page of this mesh sent it. */
export class SessionError extends MeshError {
  constructor(
    readonly code:
      'ERR_SESSION_ENDED' | 'ERR_SESSION_COOKIE' | 'ERR_CSRF_TOKEN' | 'ERR_CSRF_ORIGIN',
    message: string,
  ) {
    super(message);
  }
}

/** A logout token is refused. */
export class LogoutTokenError extends MeshError {
  readonly code = 'ERR_LOGOUT_TOKEN';
}

/** The secret `client-key` is no key that the issuer could take. */
export class ClientKeyError extends MeshError {
  readonly code = 'ERR_CLIENT_KEY';

  constructor(options?: MeshErrorOptions) {
    super(
      'The secret client-key is no P-256 private key (PKCS #8, DER, base64): openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 | openssl pkcs8 -topk8 -nocrypt -outform DER | base64 -w0 | ./mesh secret set client-key',
      options,
    );
  }
}
