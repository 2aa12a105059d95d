// SPIFFE IDs, certificates, bundle documents (@mesh/spiffe)
export {
  type BundleDocument,
  BundleError,
  type BundleErrorCode,
  Certificate,
  CertificateError,
  type CertificateErrorCode,
  type CertificateErrorOptions,
  type GeneralName,
  type Hash,
  type KeyUsage,
  matchAny,
  matchId,
  matchMemberOf,
  matchOneOf,
  MAX_CERTIFICATE_BYTES,
  MAX_CERTIFICATES,
  MAX_CHAIN_LENGTH,
  type NameConstraints,
  parseBundleDocument,
  type PresentedChain,
  type PublicKeyKind,
  serializeBundleDocument,
  type SignatureAlgorithm,
  type SignatureCheck,
  SpiffeId,
  SpiffeIdError,
  type SpiffeIdErrorCode,
  type SpiffeIdMatcher,
  spiffeIdOfLeaf,
  TrustDomain,
  type VerifiedChain,
  verifyChain,
  verifyPresentedChain,
  webCryptoCheck,
} from '@mesh/spiffe';

// SVIDs and bundles
export { X509Bundle, X509BundleSet, type X509BundleSource } from './x509-bundle.js';
export { X509SvidError, type X509SvidErrorCode } from './x509-svid.error.js';
export { X509Svid, type X509SvidSource } from './x509-svid.js';

// Verifying and authorizing a peer
export {
  AuthorizationError,
  authorizeAny,
  authorizeId,
  authorizeMemberOf,
  authorizeOneOf,
  type Authorizer,
  type VerifiedPeer,
} from './authorizer.js';
export { PeerVerifier, type PeerVerifierOptions, verifyPeer } from './verify.js';

// Signing with an SVID's key
export {
  isJwsAlgorithm,
  isJwsSignature,
  type JwsAlgorithm,
  jwsAlgorithmsOf,
  signJws,
} from './jws-signature.js';
export { publicKeyOf } from './verify-signatures.js';

// The SPIFFE Workload API
export type { BackoffOptions } from './workload-api/backoff.js';
export { type Clock, systemClock } from './workload-api/clock.js';
export {
  EndpointAddressError,
  type EndpointAddressErrorCode,
} from './workload-api/endpoint-address.error.js';
export {
  type EndpointAddress,
  MAX_SOCKET_PATH_BYTES,
  parseEndpointAddress,
} from './workload-api/endpoint-address.js';
export type { WatchHandlers } from './workload-api/watch.js';
export {
  type CallOptions,
  WorkloadApiClient,
  type WorkloadApiClientOptions,
} from './workload-api/workload-api-client.js';
export { WorkloadApiError, type WorkloadApiErrorCode } from './workload-api/workload-api.error.js';
export {
  SECURITY_METADATA,
  workloadApiService,
  type X509BundlesResponseInit,
  type X509SvidResponseInit,
} from './workload-api/workload-api.service.js';
export type { X509Context } from './workload-api/x509-context.js';

// A live source of the workload's own identity
export type { Watchable } from './x509-source/listeners.js';
export { pickByHint, pickById, pickFirst, type SvidPicker } from './x509-source/svid-picker.js';
export { X509SourceError, type X509SourceErrorCode } from './x509-source/x509-source.error.js';
export {
  type X509Snapshot,
  X509Source,
  type X509SourceLog,
  type X509SourceMetrics,
  type X509SourceOptions,
  type X509SourceState,
} from './x509-source/x509-source.js';

// TLS
export { createMtlsServer, type CreateMtlsServerOptions } from './tls/mtls-server.js';
export { type HandshakeEvent, type HandshakeLog } from './tls/handshake-event.js';
export {
  mtlsClientOptions,
  type MtlsClientOptions,
  mtlsServerOptions,
  type MtlsServerOptions,
} from './tls/mtls-options.js';
export {
  createMtlsPool,
  MtlsPool,
  type MtlsPoolOptions,
  type MtlsRequest,
  type MtlsResponse,
} from './tls/mtls-pool.js';
export { type PeerIdentity, peerOf } from './tls/peer-identity.js';
export { ConnectionEndedError, PeerConnectionError, PoolClosedError } from './tls/tls-errors.js';
