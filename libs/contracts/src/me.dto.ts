import type { Depth } from './research.dto.js';

/** Whether the person may ask this deeply. */
export class DepthDto {
  /** How much is read. */
  depth!: Depth;

  /** Whether the access token holds all that it takes. */
  allowed!: boolean;

  /**
   * The first scope that is missing.
   * @example research:deep
   */
  missing?: string;
}

/** How the person signed in, by the issuer's word. */
export class UserAuthenticationDto {
  /** Authentication context class (OpenID Connect Core 2). */
  acr?: string;

  /**
   * Authentication methods (RFC 8176).
   * @example ['pwd']
   */
  amr?: string[];

  /** When, ISO 8601 in UTC. */
  authTime?: string;
}

/** The browser's session. */
export class SessionDto {
  /** When it ends at the latest, ISO 8601 in UTC. */
  endsAt!: string;

  /** When it ends if nothing more is asked, ISO 8601 in UTC. */
  idleEndsAt!: string;
}

/** Answer of `GET /v1/me`: who is signed in, and what they may. */
export class MeDto {
  /** What to call the person: the account's name where the issuer says one, else the subject. */
  account!: string;

  /** The OpenID issuer that they signed in at. */
  issuer!: string;

  /**
   * By the issuer's word.
   * @example ['analyst']
   */
  roles!: string[];

  /** What the access token holds. */
  scopes!: string[];

  /** Of each depth whether it may be asked. */
  depths!: DepthDto[];

  /** Whether they may see the agents. */
  admin!: boolean;

  /** The OpenID client that they signed in with: `aud` of the answers they are given. */
  clientId!: string;

  /** How they signed in. */
  userAuthentication!: UserAuthenticationDto;

  /** The browser's session; absent with a bearer token. */
  session?: SessionDto;
}
