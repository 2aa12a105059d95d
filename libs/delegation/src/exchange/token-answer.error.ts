import { MeshError } from '@mesh/errors';

/** The token service answered with something else than what was asked for. */
export class TokenAnswerError extends MeshError {
  readonly code = 'ERR_TOKEN_ANSWER_INVALID';
}
