import { MeshError, type MeshErrorOptions } from '@mesh/errors';

export type IssuerErrorCode =
  | 'ERR_ISSUER_PRODUCTION'
  | 'ERR_ISSUER_ADDRESS'
  | 'ERR_ISSUER_RESOURCE'
  | 'ERR_ISSUER_TTL'
  | 'ERR_ISSUER_PASSWORD_FILE'
  | 'ERR_ISSUER_ACCOUNT_UNKNOWN'
  | 'ERR_ISSUER_LISTEN'
  | 'ERR_ISSUER_HOST'
  | 'ERR_ISSUER_KEY_STATE'
  | 'ERR_ISSUER_CLOSED';

/** The embedded issuer refuses to start, or to do what it was asked. */
export class IssuerError extends MeshError {
  constructor(
    readonly code: IssuerErrorCode,
    message: string,
    options?: MeshErrorOptions,
  ) {
    super(message, options);
  }
}

export interface SignInErrorOptions extends MeshErrorOptions {
  /** `error` of the issuer's answer (RFC 6749, 4.1.2.1 and 5.2), where it gave one. */
  readonly oauthError?: string | undefined;
}

/** A sign-in without a browser came to nothing. */
export class SignInError extends MeshError {
  /** `error` of the issuer's answer (RFC 6749, 4.1.2.1 and 5.2), where it gave one. */
  readonly oauthError: string | undefined;

  constructor(
    readonly code: 'ERR_ISSUER_SIGN_IN_REFUSED' | 'ERR_ISSUER_SIGN_IN_FAILED',
    message: string,
    options: SignInErrorOptions = {},
  ) {
    super(message, options);
    this.oauthError = options.oauthError;
  }
}
