export { AnswerRecord, type InnerAnswer, recordOf } from './answer-record.js';
export { type AnsweredRequest, AnswerSigner } from './answer-signer.js';
export { PeerAnswers, type PeerCall } from './peer-answers.js';
export { recordEgress } from './record-egress.js';
export { SignedBody } from './signed-body.js';
export { SigningError, type SigningErrorCode } from './signing.error.js';
