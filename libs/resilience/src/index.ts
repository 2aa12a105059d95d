export type { Attempt, AttemptOutcome } from './attempt.js';
export type { BreakerState } from './breaker.js';
export type { HasPeerVerdict, PeerVerdict } from './peer-verdict.js';
export { PolicyError, type PolicyErrorCode } from './policy.error.js';
export {
  parsePolicyOptions,
  type BreakerOptions,
  type PolicyOptions,
  type PolicySettings,
  type RetryBudgetOptions,
} from './policy-options.js';
export { Policy, type Call, type PolicyHooks, type PolicyState } from './policy.js';
export { parseRetryAfter } from './retry-after.js';
