import { MeshError, type MeshErrorOptions } from '@mesh/errors';

/** Why a text or a value is not the JSON that can be signed. */
export type JsonErrorCode =
  | 'ERR_ANSWER_JSON_SIZE'
  | 'ERR_ANSWER_JSON_DEPTH'
  | 'ERR_ANSWER_JSON_SYNTAX'
  | 'ERR_ANSWER_JSON_DUPLICATE_MEMBER'
  | 'ERR_ANSWER_JSON_NUMBER'
  | 'ERR_ANSWER_JSON_STRING'
  | 'ERR_ANSWER_JSON_VALUE';

/** A text is not strict JSON, or a value has no canonical form. Nothing of the text stands in the message. */
export class JsonError extends MeshError {
  constructor(
    readonly code: JsonErrorCode,
    message: string,
    options?: MeshErrorOptions,
  ) {
    super(message, options);
  }
}
