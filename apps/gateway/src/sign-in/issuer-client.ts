import type { OpenIdIssuer } from '@mesh/agent/nest';
import { systemClock, type Clock } from '@mesh/identity';
import {
  allowInsecureRequests,
  AuthorizationResponseError,
  authorizationCodeGrant,
  buildAuthorizationUrl,
  buildEndSessionUrl,
  calculatePKCECodeChallenge,
  type ClientAuth,
  type ClientMetadata,
  ClientError,
  Configuration,
  customFetch,
  type CustomFetch,
  discovery,
  enableNonRepudiationChecks,
  None,
  PrivateKeyJwt,
  randomState,
  refreshTokenGrant,
  ResponseBodyError,
  type ServerMetadata,
  TlsClientAuth,
  tokenRevocation,
} from 'openid-client';
import type { ClientKey } from './client-key.js';
import type { PendingSignIn } from './pending-sign-ins.js';
import { SessionError, SignInError } from './sign-in.error.js';

export interface IssuerClientOptions {
  readonly clientId: string;
  /** What access tokens are to be for (RFC 8707). */
  readonly resource: string;
  /** What the gateway and the agents behind it do, and what else is asked for; the issuer may grant less. */
  readonly scopes: readonly string[];
  /** The origin that people open the mesh at; known once it listens. */
  readonly publicUrl: () => string;
  /** The gateway's own key; undefined where it has none. */
  readonly key: () => Promise<ClientKey | undefined>;
  readonly clock?: Pick<Clock, 'now'>;
}

/** What the token endpoint gave. */
export interface IssuedTokens {
  readonly accessToken: string;
  readonly refreshToken: string | undefined;
  /** Verified; a refresh may come without. */
  readonly person: IdTokenPerson | undefined;
}

/** Whom an ID token is about. */
export interface IdTokenPerson {
  readonly subject: string;
  readonly sid: string | undefined;
  /** What the person is called. */
  readonly account: string;
}

/** For one request to the issuer, in seconds. */
const TIMEOUT_SECONDS = 5;
/** How long what the issuer announces is believed, in milliseconds. */
const MAX_AGE_MS = 600_000;
/** After a failure, in milliseconds: the issuer may just be starting. */
const RETRY_MS = 1000;

const CALLBACK_PATH = '/sign-in/callback';
const SIGNED_OUT_PATH = '/signed-out';

interface Found {
  readonly configuration: Configuration;
  readonly at: number;
}

/**
 * The gateway as a confidential OpenID client: it proves itself by its SVID where the issuer knows SVIDs (RFC 8705, by
 * URI SAN), else by a JWT that its own key signs (RFC 7523). There is no client secret. The issuer is looked for at the
 * first use, not at the start: it may be down then.
 */
export class IssuerClient {
  readonly #clock: Pick<Clock, 'now'>;
  #found: Found | undefined;
  #looking: Promise<Found> | undefined;
  #failure: { readonly error: unknown; readonly at: number } | undefined;

  constructor(
    private readonly issuer: OpenIdIssuer,
    private readonly options: IssuerClientOptions,
  ) {
    this.#clock = options.clock ?? systemClock;
  }

  get issuerUrl(): string {
    return this.issuer.url;
  }

  get clientId(): string {
    return this.options.clientId;
  }

  /**
   * Resolves when the issuer is known and takes this client.
   * @throws SignInError `ERR_SIGN_IN_UNAVAILABLE`, `ERR_SIGN_IN_FAILED`, `ERR_SIGN_IN_CLIENT`; ClientKeyError
   */
  async ready(): Promise<void> {
    await this.#configuration();
  }

  /** What the issuer announces. @throws as `ready` */
  async metadata(): Promise<ServerMetadata> {
    return (await this.#configuration()).serverMetadata();
  }

  /** Where the browser goes to sign in. @throws as `ready` */
  async authorizationUrl({ state, nonce, verifier }: PendingSignIn): Promise<string> {
    const { resource, scopes } = this.options;
    const configuration = await this.#configuration();
    const url = buildAuthorizationUrl(configuration, {
      redirect_uri: this.#redirectUri,
      // By itself without `offline_access`: what a session is given ends with the session at the issuer.
      scope: ['openid', ...scopes].join(' '),
      resource,
      state,
      nonce,
      code_challenge: await calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
    });
    return url.href;
  }

  /**
   * Redeems the issuer's answer, that the browser brought back.
   * @param query Of the callback, as it came.
   * @throws SignInError
   */
  async redeem(
    query: URLSearchParams,
    { state, nonce, verifier }: PendingSignIn,
  ): Promise<IssuedTokens & { readonly person: IdTokenPerson }> {
    const configuration = await this.#configuration();
    this.#assertIssuer(query, configuration.serverMetadata());
    const url = new URL(this.#redirectUri);
    url.search = query.toString();
    const checks = { expectedState: state, expectedNonce: nonce, pkceCodeVerifier: verifier };
    const { resource } = this.options;
    try {
      const tokens = await authorizationCodeGrant(configuration, url, checks, { resource });
      // With a nonce to be expected there is an ID token, or the library would have refused.
      return { ...issued(tokens), person: personOf(tokens.claims()!) };
    } catch (error) {
      throw failureOf(error);
    }
  }

  /**
   * New tokens by the refresh token, which is used up with it.
   * @throws SessionError `ERR_SESSION_ENDED` where the issuer says that it is over; SignInError
   */
  async refresh(refreshToken: string): Promise<IssuedTokens> {
    const { resource } = this.options;
    const configuration = await this.#configuration();
    try {
      const tokens = await refreshTokenGrant(configuration, refreshToken, { resource });
      const claims = tokens.claims();
      return { ...issued(tokens), person: claims && personOf(claims) };
    } catch (error) {
      if (error instanceof ResponseBodyError && error.error === 'invalid_grant') {
        throw new SessionError('ERR_SESSION_ENDED', 'The issuer has ended the session.');
      }
      throw failureOf(error);
    }
  }

  /** Tells the issuer that nobody needs the refresh token any more, where it wants to hear of it (RFC 7009). */
  async revoke(refreshToken: string): Promise<void> {
    const configuration = await this.#configuration();
    if (configuration.serverMetadata().revocation_endpoint === undefined) return;
    try {
      await tokenRevocation(configuration, refreshToken, { token_type_hint: 'refresh_token' });
    } catch (error) {
      throw failureOf(error);
    }
  }

  /**
   * Where the browser goes to sign out at the issuer too (OpenID Connect RP-Initiated Logout 1.0); undefined where it has
   * no such place. Without `id_token_hint`, which would put a token into an address: the issuer asks the person instead,
   * and knows by `client_id` where to lead back to.
   */
  async endSessionUrl(): Promise<string | undefined> {
    const configuration = await this.#configuration();
    if (configuration.serverMetadata().end_session_endpoint === undefined) return undefined;
    return buildEndSessionUrl(configuration, {
      post_logout_redirect_uri: this.options.publicUrl() + SIGNED_OUT_PATH,
      state: randomState(),
    }).href;
  }

  /** Requests to the issuer: what is not answered, or answered by a failure of its own, makes it unavailable. */
  readonly fetch: CustomFetch = async (url, { method, headers, body, signal }) => {
    let response: Response;
    try {
      response = await this.issuer.fetch(url, {
        method,
        headers,
        body: body instanceof URLSearchParams ? body.toString() : (body as string | undefined),
        signal,
      });
    } catch (cause) {
      throw unavailable({ cause });
    }
    if (response.status >= 500 || response.status === 429) {
      throw unavailable({ reason: `status ${response.status}` });
    }
    return response;
  };

  get #redirectUri(): string {
    return this.options.publicUrl() + CALLBACK_PATH;
  }

  /** RFC 9207, before anything is sent to anybody: the code of another issuer is not for this one's ears. */
  #assertIssuer(query: URLSearchParams, server: ServerMetadata): void {
    const named = query.getAll('iss');
    const announced = server.authorization_response_iss_parameter_supported === true;
    if (named.length === 0 && !announced) return;
    if (named.length === 1 && named[0] === this.issuer.url) return;
    throw new SignInError(
      'ERR_SIGN_IN_ISSUER',
      'The answer does not say that it is by the issuer that was asked.',
    );
  }

  async #configuration(): Promise<Configuration> {
    const now = this.#clock.now();
    const found = this.#found;
    if (found && now - found.at < MAX_AGE_MS) return found.configuration;
    const failure = this.#failure;
    if (failure && now - failure.at < RETRY_MS) {
      if (found) return found.configuration;
      throw failure.error;
    }
    this.#looking ??= this.#look().finally(() => (this.#looking = undefined));
    try {
      return (await this.#looking).configuration;
    } catch (error) {
      // What was good ten minutes ago is better than nothing; keys and tokens are looked at anew each time.
      if (found) return found.configuration;
      throw error;
    }
  }

  async #look(): Promise<Found> {
    try {
      const found = { configuration: await this.#discover(), at: this.#clock.now() };
      this.#failure = undefined;
      return (this.#found = found);
    } catch (error) {
      this.#failure = { error, at: this.#clock.now() };
      throw error;
    }
  }

  async #discover(): Promise<Configuration> {
    const { clientId } = this.options;
    const server = new URL(this.issuer.url);
    const insecure = server.protocol === 'http:' ? [allowInsecureRequests] : [];
    let metadata: ServerMetadata;
    try {
      const discovered = await discovery(server, clientId, {}, None(), {
        [customFetch]: this.fetch,
        timeout: TIMEOUT_SECONDS,
        execute: insecure,
      });
      metadata = discovered.serverMetadata();
    } catch (error) {
      throw failureOf(error);
    }
    if (metadata.issuer !== this.issuer.url) {
      throw new SignInError('ERR_SIGN_IN_FAILED', 'The issuer names itself otherwise.');
    }
    const { auth, client } = await this.#authentication(metadata);
    const configuration = new Configuration(metadata, clientId, client, auth);
    configuration[customFetch] = this.fetch;
    configuration.timeout = TIMEOUT_SECONDS;
    // ID tokens are verified by the issuer's keys as well: on loopback there may be no TLS that vouches for them.
    for (const extend of [...insecure, enableNonRepudiationChecks]) extend(configuration);
    return configuration;
  }

  async #authentication(
    server: ServerMetadata,
  ): Promise<{ auth: ClientAuth; client: Partial<ClientMetadata> }> {
    const methods = server.token_endpoint_auth_methods_supported ?? [];
    if (this.issuer.knowsSvids && methods.includes('tls_client_auth')) {
      return { auth: TlsClientAuth(), client: { use_mtls_endpoint_aliases: true } };
    }
    const algorithms = server.token_endpoint_auth_signing_alg_values_supported ?? ['ES256'];
    const key =
      methods.includes('private_key_jwt') && algorithms.includes('ES256')
        ? await this.options.key()
        : undefined;
    if (key === undefined) {
      throw new SignInError(
        'ERR_SIGN_IN_CLIENT',
        'The issuer offers no client authentication that the gateway has the means for.',
      );
    }
    return { auth: PrivateKeyJwt({ key: key.privateKey, kid: key.kid }), client: {} };
  }
}

function issued(tokens: {
  readonly access_token: string;
  readonly refresh_token?: string;
}): Omit<IssuedTokens, 'person'> {
  return { accessToken: tokens.access_token, refreshToken: tokens.refresh_token };
}

function personOf(claims: Readonly<Record<string, unknown>> & { readonly sub: string }) {
  const { sub, sid, preferred_username: username, name } = claims;
  const account = [username, name].find((one) => typeof one === 'string' && one !== '') ?? sub;
  return {
    subject: sub,
    sid: typeof sid === 'string' ? sid : undefined,
    account: (account as string).slice(0, 255),
  };
}

function unavailable(options: { readonly cause?: unknown; readonly reason?: string }): SignInError {
  return new SignInError('ERR_SIGN_IN_UNAVAILABLE', 'The issuer cannot be reached.', {
    ...options,
    retry: 'safe',
  });
}

const OAUTH_ERROR = /^[a-z_]{1,64}$/;

/** What went wrong, without what the library keeps of the issuer's answer. */
function failureOf(error: unknown): SignInError {
  for (let one = error; one instanceof Error; one = one.cause) {
    if (one instanceof SignInError) return one;
  }
  if (error instanceof AuthorizationResponseError) {
    const reason = OAUTH_ERROR.test(error.error) ? error.error : 'unknown';
    if (reason === 'temporarily_unavailable') return unavailable({ reason });
    return new SignInError('ERR_SIGN_IN_REFUSED', 'The issuer refused the sign-in.', { reason });
  }
  if (error instanceof ClientError && error.code === 'OAUTH_TIMEOUT') {
    return unavailable({ reason: error.code });
  }
  const reason =
    error instanceof ResponseBodyError
      ? OAUTH_ERROR.exec(error.error)?.[0]
      : error instanceof ClientError
        ? error.code
        : undefined;
  return new SignInError('ERR_SIGN_IN_FAILED', 'The answer of the issuer does not hold.', {
    reason: reason ?? 'unknown',
  });
}
