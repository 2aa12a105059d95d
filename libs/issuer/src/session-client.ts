import { peerOf, type SpiffeId } from '@mesh/identity';
import type { ClientMetadata, KoaContextWithOIDC, MTLSConfiguration } from 'oidc-provider';
import { publicClients } from './clients.js';
import { KindStore } from './issuer-store.js';
import { Provider } from './oidc-provider.js';

/** Where the gateway takes up a sign-in again. */
const CALLBACK_PATH = '/sign-in/callback';
/** Where the issuer leads who has signed out. */
const SIGNED_OUT_PATH = '/signed-out';
/** Where the gateway hears that a session has ended at the issuer. */
const BACK_CHANNEL_PATH = '/sign-in/back-channel';

/** The gateway as the back end of people's browsers: a confidential client whose secret is its SVID. */
export interface SessionClientOptions {
  readonly clientId: string;
  /** That its certificate must have (RFC 8705, 2.1.2: `tls_client_auth_san_uri`). */
  readonly spiffeId: SpiffeId;
  /**
   * Of the gateway, as browsers open it, the first one also for the back channel; asked anew each time, as the gateway
   * may listen on any free port. While there are none, there is no such client.
   */
  readonly origins: () => readonly string[];
  /**
   * PEM of the certificates that the gateway's own is verified with on the back channel, or of that one itself; asked
   * anew each time. Default: the authorities that Node knows.
   */
  readonly ca?: () => string;
}

/** As registered (RFC 7591): first-party and confidential, so that the page that asks is skipped for it alone. */
function sessionClient({
  clientId,
  spiffeId,
  origins,
}: SessionClientOptions): ClientMetadata | undefined {
  const of = origins();
  if (of.length === 0) return undefined;
  return {
    client_id: clientId,
    client_name: 'The mesh',
    application_type: 'web',
    token_endpoint_auth_method: 'tls_client_auth',
    tls_client_auth_san_uri: spiffeId.toString(),
    use_mtls_endpoint_aliases: true,
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    response_modes: ['query'],
    redirect_uris: of.map((origin) => origin + CALLBACK_PATH),
    post_logout_redirect_uris: of.map((origin) => origin + SIGNED_OUT_PATH),
    backchannel_logout_uri: of[0]! + BACK_CHANNEL_PATH,
    backchannel_logout_session_required: true,
  };
}

/** Clients as `oidc-provider` looks them up. On the listener for agents there is the session's client and no other. */
export class ClientStore extends KindStore {
  constructor(private readonly session: SessionClientOptions | undefined) {
    super();
  }

  override async find(id: string): Promise<ClientMetadata | undefined> {
    if (id === this.session?.clientId) return sessionClient(this.session);
    if (Provider.ctx !== undefined && peerOf(Provider.ctx.req.socket)) return undefined;
    return publicClients.find(({ client_id }) => client_id === id);
  }
}

const peerId = ({ req }: KoaContextWithOIDC) => peerOf(req.socket)?.id.toString();

/**
 * `tls_client_auth` by the verified peer of the request's own socket, never by a header. Tokens are not bound to the
 * certificate (RFC 8705, 3): each rotation of the SVID would break them.
 */
export const tlsClientAuth: MTLSConfiguration = {
  enabled: true,
  tlsClientAuth: true,
  certificateBoundAccessTokens: false,
  getCertificate: peerId,
  certificateAuthorized: (context) => peerId(context) !== undefined,
  certificateSubjectMatches: (context, property, expected) =>
    property === 'tls_client_auth_san_uri' && peerId(context) === expected,
};
