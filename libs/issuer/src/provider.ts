import type { EventEmitter } from 'node:events';
import type { Configuration, default as OidcProvider, KoaContextWithOIDC } from 'oidc-provider';
import type { BackChannel } from './back-channel.js';
import { admitMeshLocalhost, mayRedeemInBrowser } from './clients.js';
import { existingGrant, grantWithoutAsking, OIDC_SCOPES } from './grants.js';
import type { IssuerStore } from './issuer-store.js';
import { errors, Provider } from './oidc-provider.js';
import { askToSignOut, leadOnWhoIsSignedOut } from './logout.js';
import { errorPage, signedOutPage } from './pages.js';
import { sampleAccount, type Scopes } from './sample-accounts.js';
import { ClientStore, tlsClientAuth, type SessionClientOptions } from './session-client.js';
import type { SigningKeys } from './signing-keys.js';

const HOUR_S = 3600;
/** How long a session, its grants and their refresh tokens live in seconds. */
export const SESSION_S = 8 * HOUR_S;
/** What a person has for a sign-in, and a page may stand open, in seconds. */
const INTERACTION_S = 600;

/** Of `oidc-provider`. */
export const TOKEN_PATH = '/token';
export const REVOCATION_PATH = '/token/revocation';

/** How the person signed in, as the tokens say it (RFC 9068, 2.2.1): a password is all there is. */
export const PASSWORD_SIGN_IN = { acr: 'urn:mesh:acr:password', amr: ['pwd'] };

/** By a link that works once (RFC 8176: `otp`). */
export const WELCOME_SIGN_IN = { acr: 'urn:mesh:acr:welcome', amr: ['otp'] };

export const COOKIE = { httpOnly: true, sameSite: 'lax', signed: true } as const;

export interface ProviderOptions {
  readonly url: string;
  readonly resource: string;
  readonly scopes: Scopes;
  readonly accessTokenTtlSeconds: number;
  readonly keys: SigningKeys;
  readonly store: IssuerStore;
  readonly session: SessionClientOptions | undefined;
  /** Of the listener for agents; undefined without one. */
  readonly agentsUrl: string | undefined;
  readonly backChannel: BackChannel;
  /** Secrets that sign the cookies. */
  readonly cookieKeys: readonly string[];
  readonly onFailure: (error: unknown) => void;
}

/**
 * The OpenID provider with the keys as they are now: it cannot change keys, so each rotation makes another one on the
 * same store. Authorization code with PKCE alone: no implicit flow, no password or client credentials grant, no
 * registration.
 */
export function createProvider(options: ProviderOptions): OidcProvider {
  const provider = new Provider(options.url, configuration(options));
  admitMeshLocalhost(provider);
  // Without a listener Koa prints the stack.
  (provider as EventEmitter).on('error', options.onFailure);
  provider.on('server_error', (_context, error) => options.onFailure(error));
  provider.on('backchannel.error', (_context, error) => options.backChannel.failed(error));
  provider.use(async (context, next) => {
    // Endpoints are announced as browsers reach them, also on the listener for agents.
    Object.defineProperty(context.request, 'href', { value: options.url + context.originalUrl });
    await next();
    leadOnWhoIsSignedOut(context as KoaContextWithOIDC);
  });
  return provider;
}

function configuration({
  resource,
  scopes,
  accessTokenTtlSeconds,
  keys,
  store,
  session,
  agentsUrl,
  backChannel,
  cookieKeys,
}: ProviderOptions): Configuration {
  const clients = new ClientStore(session);
  const isSession = (clientId: string) => clientId === session?.clientId;
  return {
    adapter: (kind) => (kind === 'Client' ? clients : store.adapter(kind)),
    fetch: backChannel.fetch,
    discovery: {
      ...(agentsUrl === undefined || session === undefined
        ? {}
        : {
            mtls_endpoint_aliases: {
              token_endpoint: agentsUrl + TOKEN_PATH,
              revocation_endpoint: agentsUrl + REVOCATION_PATH,
            },
          }),
    },
    jwks: { keys: keys.all },
    clientDefaults: { id_token_signed_response_alg: 'ES256' },
    enabledJWA: { idTokenSigningAlgValues: ['ES256'] },
    clientAuthMethods: session === undefined ? ['none'] : ['none', 'tls_client_auth'],
    responseTypes: ['code'],
    scopes: [...OIDC_SCOPES],
    acrValues: [PASSWORD_SIGN_IN.acr, WELCOME_SIGN_IN.acr],
    claims: { openid: ['sub', 'roles', 'acr', 'amr', 'auth_time'] },
    pkce: { required: () => true },
    features: {
      devInteractions: { enabled: false },
      dPoP: { enabled: false },
      pushedAuthorizationRequests: { enabled: false },
      resourceIndicators: {
        enabled: true,
        // All tokens are for the one API, also where a client does not name it.
        defaultResource: () => resource,
        useGrantedResource: () => true,
        getResourceServerInfo: (context, indicator) => {
          if (indicator !== resource) throw new errors.InvalidTarget();
          assertKnownScopes(context, scopes);
          return {
            scope: scopes.names().join(' '),
            audience: resource,
            accessTokenTTL: accessTokenTtlSeconds,
            accessTokenFormat: 'jwt',
            jwt: { sign: { alg: 'ES256' } },
          };
        },
      },
      mTLS: tlsClientAuth,
      revocation: {
        enabled: true,
        allowedPolicy: (_context, client, token) => token.clientId === client.clientId,
      },
      backchannelLogout: { enabled: true },
      rpInitiatedLogout: {
        enabled: true,
        logoutSource: (context) => askToSignOut(context),
        postLogoutSuccessSource: (context) => {
          context.type = 'html';
          context.body = signedOutPage();
        },
      },
      userinfo: { enabled: false },
    },
    loadExistingGrant: (context) =>
      isSession(context.oidc.client!.clientId)
        ? grantWithoutAsking(context, resource, scopes)
        : existingGrant(context),
    // Those of the session's client end with the issuer's session, whatever it asks for.
    expiresWithSession: async ({ oidc }, { scopes: granted }) =>
      isSession(oidc.client!.clientId) || !granted.has('offline_access'),
    issueRefreshToken: async (_context, client, { scopes: granted }) =>
      client.grantTypeAllowed('refresh_token') &&
      (granted.has('offline_access') || isSession(client.clientId)),
    rotateRefreshToken: true,
    extraTokenClaims: ({ oidc }) => {
      const { AuthorizationCode, RefreshToken, Account } = oidc.entities;
      const signIn = AuthorizationCode ?? RefreshToken;
      return {
        roles: sampleAccount(Account?.accountId)?.roles,
        acr: signIn?.acr,
        amr: signIn?.amr,
        auth_time: signIn?.authTime,
        sid: signIn?.sid,
      };
    },
    findAccount: (_context, sub) => {
      const account = sampleAccount(sub);
      return (
        account && {
          accountId: account.name,
          claims: () => ({ sub: account.name, roles: account.roles }),
        }
      );
    },
    clientBasedCORS: (_context, origin, client) => mayRedeemInBrowser(origin, client.clientId),
    interactions: { url: (_context, { uid }) => interactionPath(uid) },
    renderError: (context, out) => {
      context.type = 'html';
      context.body = errorPage(out.error, out.error_description);
    },
    cookies: {
      names: {
        session: 'mesh_issuer_session',
        interaction: 'mesh_issuer_interaction',
        resume: 'mesh_issuer_resume',
      },
      keys: [...cookieKeys],
      long: COOKIE,
      short: COOKIE,
    },
    ttl: {
      AccessToken: accessTokenTtlSeconds,
      AuthorizationCode: 60,
      Grant: SESSION_S,
      IdToken: accessTokenTtlSeconds,
      Interaction: INTERACTION_S,
      RefreshToken: SESSION_S,
      Session: SESSION_S,
    },
  };
}

export function interactionPath(uid: string): string {
  return `/interaction/${uid}`;
}

/** `oidc-provider` drops a scope it does not know; a client that asks for one shall hear of it. */
function assertKnownScopes({ oidc }: KoaContextWithOIDC, scopes: Scopes): void {
  for (const scope of oidc.requestParamScopes) {
    if (scopes.has(scope) || (OIDC_SCOPES as readonly string[]).includes(scope)) continue;
    throw new errors.InvalidScope('requested scope is unknown', scope);
  }
}
