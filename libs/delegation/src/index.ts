// Transaction tokens
export { MAX_ACTORS } from './txn-token/actor-chain.js';
export {
  type ContextObject,
  issueTxnToken,
  replaceTxnToken,
  type TokenLimits,
  type TxnTokenGrant,
} from './txn-token/issue-txn-token.js';
export {
  MissingScopeError,
  TxnTokenError,
  type TxnTokenErrorCode,
} from './txn-token/txn-token.error.js';
export { MAX_TXN_TOKEN_LENGTH, TXN_TOKEN_TYP, TxnToken } from './txn-token/txn-token.js';
export {
  MAX_LIFETIME_SECONDS,
  type TxnTokenExpectations,
  TxnTokenVerifier,
  type TxnTokenVerifierOptions,
  verifyTxnToken,
} from './txn-token/verify-txn-token.js';

// In a request
export {
  bindDelegation,
  delegationOf,
  describeDelegation,
  type PersonNaming,
} from './delegation-context.js';
export { digestOfText } from './digest-of-text.js';
export { assertTransaction } from './transaction.js';

// Scopes and persons
export { type Person, Pseudonyms, qualifiedSubject } from './person.js';
export { MAX_SCOPES, parseScope } from './scope.js';

// Access tokens
export {
  AccessTokenError,
  type AccessTokenErrorCode,
  AccessTokenScopeError,
} from './access-token/access-token.error.js';
export type { AccessToken } from './access-token/access-token.js';
export {
  AccessTokenVerifier,
  type AccessTokenVerifierOptions,
} from './access-token/access-token-verifier.js';
export { discoveryUrl } from './access-token/discovery-url.js';
export type { FetchDocument, IssuerKeysOptions } from './access-token/issuer-keys.js';

// Exchange
export { ExchangeError, type ExchangeErrorCode } from './exchange/exchange.error.js';
export {
  assertMayActFor,
  type ClientKind,
  type Declarations,
  type DeclaredActsFor,
  type DeclaredClients,
  type DeclaredEdge,
  DeclaredExchangePolicy,
  type ExchangePolicy,
} from './exchange/exchange-policy.js';
export {
  ACCESS_TOKEN_TYPE,
  type ExchangeRequest,
  MAX_REQUEST_LENGTH,
  parseExchangeRequest,
  TOKEN_EXCHANGE_GRANT,
  TXN_TOKEN_TYPE,
} from './exchange/exchange-request.js';
export {
  type ExchangeAnswer,
  exchangeError,
  type ExchangeErrorBody,
  type ExchangeErrorName,
  exchangeResponse,
  type ExchangeResponseBody,
} from './exchange/exchange-response.js';
export { TokenAnswerError } from './exchange/token-answer.error.js';
export { TokenClient, type TokenEndpoint } from './exchange/token-client.js';
export { TokenService, type TokenServiceOptions } from './exchange/token-service.js';
