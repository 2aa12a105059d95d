// SPIFFE IDs, certificates, bundle documents (@mesh/spiffe)
export {
  BundleError,
  type BundleErrorCode,
  Certificate,
  CertificateError,
  type CertificateErrorCode,
  type CertificateErrorOptions,
  type CheckedChain,
  checkSvidChain,
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
  type PublicKeyKind,
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
