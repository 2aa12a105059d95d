import { MeshError, type MeshErrorOptions } from '@mesh/errors';

/** Why a statement or an answer is refused. */
export type AnswerErrorCode =
  // Compact form and header
  | 'ERR_ANSWER_STATEMENT_SIZE'
  | 'ERR_ANSWER_COMPACT_PARTS'
  | 'ERR_ANSWER_BASE64URL'
  | 'ERR_ANSWER_UTF8'
  | 'ERR_ANSWER_HEADER_MALFORMED'
  | 'ERR_ANSWER_HEADER_KEY'
  | 'ERR_ANSWER_HEADER_B64'
  | 'ERR_ANSWER_HEADER_CRIT'
  | 'ERR_ANSWER_HEADER_MEMBER'
  | 'ERR_ANSWER_ALGORITHM'
  | 'ERR_ANSWER_TYPE'
  | 'ERR_ANSWER_KEY_ID'
  | 'ERR_ANSWER_CERTIFICATES'
  // Payload
  | 'ERR_ANSWER_MEMBER_UNKNOWN'
  | 'ERR_ANSWER_MEMBER_MISSING'
  | 'ERR_ANSWER_MEMBER_INVALID'
  // One statement
  | 'ERR_ANSWER_CHAIN'
  | 'ERR_ANSWER_ALGORITHM_KEY'
  | 'ERR_ANSWER_SIGNATURE'
  | 'ERR_ANSWER_CERTIFICATE_ID'
  | 'ERR_ANSWER_ISSUER_KEY_ID'
  | 'ERR_ANSWER_ISSUER'
  | 'ERR_ANSWER_AUDIENCE'
  | 'ERR_ANSWER_TXN'
  | 'ERR_ANSWER_SUBJECT'
  | 'ERR_ANSWER_TOKEN'
  | 'ERR_ANSWER_REQUEST'
  | 'ERR_ANSWER_CONTENT'
  | 'ERR_ANSWER_IAT_OUTSIDE_CERTIFICATE'
  | 'ERR_ANSWER_IAT_FUTURE'
  | 'ERR_ANSWER_IAT_OLD'
  // An answer
  | 'ERR_ANSWER_DOCUMENT'
  | 'ERR_ANSWER_UNSIGNED'
  | 'ERR_ANSWER_STATEMENTS_TOO_MANY'
  | 'ERR_ANSWER_STATEMENT_TWICE'
  | 'ERR_ANSWER_ORDER'
  | 'ERR_ANSWER_INPUT_MISSING'
  | 'ERR_ANSWER_INPUT_TWICE'
  | 'ERR_ANSWER_STATEMENT_UNNAMED'
  | 'ERR_ANSWER_ROOT'
  | 'ERR_ANSWER_EDGE'
  | 'ERR_ANSWER_TXN_DIFFERS'
  | 'ERR_ANSWER_SUBJECT_DIFFERS'
  | 'ERR_ANSWER_ACTORS'
  | 'ERR_ANSWER_SCOPE'
  | 'ERR_ANSWER_TIME_ORDER'
  | 'ERR_ANSWER_REQUESTS'
  | 'ERR_ANSWER_SOURCES'
  | 'ERR_ANSWER_SOURCE_UNNAMED'
  | 'ERR_ANSWER_TRUST_DOMAIN'
  | 'ERR_ANSWER_NOT_VALID_AT'
  | 'ERR_ANSWER_AUTHORITY_DISTRUSTED'
  | 'ERR_ANSWER_AUTHORITY_RETIRED';

export interface AnswerErrorOptions extends MeshErrorOptions {
  /** Which of the answer's statements is at fault, from 0. */
  readonly statement?: number;
}

/** A statement or an answer is refused: it is not shown. Nothing of it stands in the message. */
export class AnswerError extends MeshError {
  /** Which of the answer's statements is at fault, from 0; undefined where the answer as a whole is. */
  readonly statement: number | undefined;

  constructor(
    readonly code: AnswerErrorCode,
    message: string,
    options: AnswerErrorOptions = {},
  ) {
    super(message, options);
    this.statement = options.statement;
  }
}

/** Refuses by `code`, unless the rule holds. */
export function rule(
  holds: boolean,
  code: AnswerErrorCode,
  message: string,
  options?: AnswerErrorOptions,
): asserts holds {
  if (!holds) throw new AnswerError(code, message, options);
}
