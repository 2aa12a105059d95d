import type { ClientMetadata, default as Provider } from 'oidc-provider';

/** The command line: signs in by code flow, the redirect to a port of its own on loopback. */
export const CLI_CLIENT_ID = 'mesh-cli';
/** Its redirect, with any port (RFC 8252, 7.3). */
export const CLI_REDIRECT_URI = 'http://127.0.0.1/callback';

/**
 * Swagger UI's Authorize button at the gateway, with any port of `127.0.0.1`, `localhost` and `mesh.localhost`, by TLS or
 * without.
 */
export const SWAGGER_CLIENT_ID = 'mesh-swagger';
/** Path of its redirect, as Swagger UI has it below `/docs`. */
export const SWAGGER_REDIRECT_PATH = '/docs/oauth2-redirect.html';

/** Public clients have no secret: PKCE instead, and as native ones they never get past the page that asks. */
const publicClient = {
  application_type: 'native',
  token_endpoint_auth_method: 'none',
  response_types: ['code'],
  response_modes: ['query'],
} as const satisfies Partial<ClientMetadata>;

export const publicClients: readonly ClientMetadata[] = [
  {
    ...publicClient,
    client_id: CLI_CLIENT_ID,
    client_name: 'Mesh command line',
    grant_types: ['authorization_code', 'refresh_token'],
    redirect_uris: [CLI_REDIRECT_URI],
  },
  {
    ...publicClient,
    client_id: SWAGGER_CLIENT_ID,
    client_name: 'Mesh API documentation',
    grant_types: ['authorization_code'],
    redirect_uris: ['127.0.0.1', 'localhost'].map(
      (host) => `http://${host}${SWAGGER_REDIRECT_PATH}`,
    ),
  },
];

/**
 * Lets Swagger UI come back to `mesh.localhost`, which is loopback too (RFC 6761, 6.3), and to each name of it by TLS;
 * `oidc-provider` itself knows three names, by plain HTTP, with any port, and treats these as those.
 */
export function admitMeshLocalhost(provider: Provider): void {
  const client = provider.Client.prototype;
  // eslint-disable-next-line @typescript-eslint/unbound-method -- called with its client below
  const registered = client.redirectUriAllowed;
  client.redirectUriAllowed = function (uri) {
    const isSwagger = this.clientId === SWAGGER_CLIENT_ID;
    return registered.call(
      this,
      isSwagger
        ? uri.replace(
            /^(?:http:\/\/mesh\.localhost|https:\/\/(?:127\.0\.0\.1|localhost|mesh\.localhost))(?=[:/])/,
            'http://127.0.0.1',
          )
        : uri,
    );
  };
}

/** Swagger UI redeems its code from the browser, on another origin than the issuer's. */
export function mayRedeemInBrowser(origin: string, clientId: string): boolean {
  return (
    clientId === SWAGGER_CLIENT_ID &&
    /^https?:\/\/(?:127\.0\.0\.1|localhost|mesh\.localhost)(?::\d{1,5})?$/.test(origin)
  );
}
