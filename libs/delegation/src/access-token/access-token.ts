/** What a verified access token says (RFC 9068 2.2). */
export interface AccessToken {
  /** `iss`, the URL of the OpenID issuer. */
  readonly issuer: string;
  /** `sub`, unique at this issuer alone: see `qualifiedSubject`. */
  readonly subject: string;
  /** `client_id`: whom it was issued to. */
  readonly clientId: string;
  /** What the person may; empty where the claim is missing. */
  readonly scope: readonly string[];
  /** `exp`, in seconds since the epoch. */
  readonly expiresAt: number;
  readonly roles: readonly string[];
  readonly groups: readonly string[];
  readonly acr?: string;
  readonly amr?: readonly string[];
  /** `auth_time`, in seconds since the epoch. */
  readonly authTime?: number;
  /** The session at the issuer (OpenID Connect Front-Channel Logout 1.0, 3). */
  readonly sid?: string;
}
