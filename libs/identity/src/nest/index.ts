export {
  Action,
  Public,
  routeDeclaration,
  SignedIn,
  type OperationDeclaration,
  type OperationOptions,
  type RouteDeclaration,
  type TransactionOf,
} from './action.decorator.js';
export {
  actionAskedFor,
  actionOf,
  admitSignedIn,
  CallerIdentityGuard,
  callerOf,
  type HttpRequest,
} from './caller-identity.guard.js';
export { admits, CALLER_POLICY, type CallerPolicy } from './caller-policy.js';
export { Caller } from './caller.decorator.js';
export { CallerError } from './caller.error.js';
export { IdentityHealthIndicator } from './identity.health.js';
export { IdentityModule, type IdentityModuleOptions } from './identity.module.js';
export { X509_SOURCE } from './x509-source.token.js';
