// JSON, digests and signatures
export { canonicalJson } from './canonical-json.js';
export { type Cryptography, webCryptography } from './cryptography.js';
export {
  type CanonicalRequest,
  type CitedSource,
  contentDigest,
  type Digest,
  digestOf,
  digestOfJson,
  requestDigest,
  requestJson,
  sourceDigest,
  sourceJson,
} from './digest.js';
export { JsonError, type JsonErrorCode } from './json.error.js';
export type { Signed } from './signature.js';
export { type JsonObject, type JsonValue, MAX_JSON_DEPTH, parseStrictJson } from './strict-json.js';

// Statements
export { AnswerError, type AnswerErrorCode, type AnswerErrorOptions } from './answer.error.js';
export {
  type CompactJws,
  decodeUnverified,
  MAX_STATEMENT_CHARACTERS,
  STATEMENT_TYPE,
  type StatementAlgorithm,
} from './compact-jws.js';
export { signStatement, type StatementSigner } from './sign-statement.js';
export {
  type Actor,
  actorsOf,
  type HostCall,
  MAX_ACTORS,
  MAX_STATEMENTS,
  parseStatement,
  type Producer,
  serializeStatement,
  type Statement,
  type Tally,
  type TokenCounts,
} from './statement.js';
export {
  type ChainCheck,
  chainCheck,
  CLOCK_SKEW_SECONDS,
  type ExpectedStatement,
  MAX_AGE_SECONDS,
  type SignedStatement,
  verifyStatement,
} from './verify-statement.js';

// Answers
export type { NamedSource, Proof } from './answer-content.js';
export type { InputEdge } from './answer-graph.js';
export {
  type AnsweredCall,
  type AnswerNode,
  type AnswerOptions,
  AnswerVerifier,
  type CallDelegation,
  MAX_ANSWER_CHARACTERS,
  type Verdict,
  type VerifiedAnswer,
  verifyAnswer,
} from './verify-answer.js';

// Receipts
export { alignText, MARKDOWN_WITHOUT } from './markdown-text.js';
export type { Range } from './quotation.js';
export {
  type Mark,
  type Quotation,
  type Receipt,
  receiptOf,
  type ReceiptSentence,
  type ReceiptSource,
} from './receipt.js';
export { type Citation, citationsIn } from './sentences.js';

// Trust
export {
  type ArchivedAuthority,
  type ArchiveDocument,
  type Edge,
  MAX_TRUST_CHARACTERS,
  parseArchiveDocument,
  parseTrustDocument,
  serializeArchiveDocument,
  serializeTrustDocument,
  type TrustDocument,
  trustDocumentDigest,
} from './trust-document.js';
export { TrustDocumentError, type TrustDocumentErrorCode } from './trust-document.error.js';
