// IDs
export { matchAny, matchId, matchMemberOf, matchOneOf, type SpiffeIdMatcher } from './matchers.js';
export { SpiffeIdError, type SpiffeIdErrorCode } from './spiffe-id.error.js';
export { SpiffeId } from './spiffe-id.js';
export { TrustDomain } from './trust-domain.js';

// Certificates and chains
export type { Hash, PublicKeyKind, SignatureAlgorithm } from './algorithms.js';
export {
  Certificate,
  type GeneralName,
  type KeyUsage,
  MAX_CERTIFICATE_BYTES,
  MAX_CERTIFICATES,
  type NameConstraints,
} from './certificate.js';
export {
  CertificateError,
  type CertificateErrorCode,
  type CertificateErrorOptions,
} from './certificate.error.js';
export {
  MAX_CHAIN_LENGTH,
  type PresentedChain,
  type SignatureCheck,
  type VerifiedChain,
  verifyChain,
  verifyPresentedChain,
} from './chain.js';
export { spiffeIdOfLeaf } from './leaf.js';
export { webCryptoCheck } from './web-crypto.js';

// Bundles
export {
  type BundleDocument,
  parseBundleDocument,
  serializeBundleDocument,
} from './bundle-document.js';
export { BundleError, type BundleErrorCode } from './bundle.error.js';
