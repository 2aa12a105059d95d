export { DelegatedUser, type DelegatedPerson } from './delegated-user.decorator.js';
export {
  DELEGATION_RULES,
  DelegationGuard,
  type ContextualRequest,
  type DelegationRules,
} from './delegation.guard.js';
export {
  assertAdmitted,
  People,
  signedInPersonOf,
  type Session,
  type Sessions,
  type SignedInPerson,
} from './people.js';
export { SIGNED_IN_RULES, SignedInGuard, type SignedInRules } from './signed-in.guard.js';
