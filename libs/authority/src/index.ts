export { AuthorityError, type AuthorityErrorCode } from './authority.error.js';
export {
  EmbeddedAuthority,
  type AuthorityLog,
  type EmbeddedAuthorityOptions,
  type WorkloadEntry,
} from './embedded-authority.js';
export { LoopbackCa, type PemPair } from './loopback-ca.js';
