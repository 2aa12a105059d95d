import { MeshError } from '@mesh/errors';
import { AnswerError, JsonError } from '@mesh/provenance';
import { CommandError } from '../command.error.js';

/** Why an answer is refused, with the statement at fault and the rule for certificates that did not hold. */
export function refusal(error: unknown, subject: string): unknown {
  if (!(error instanceof AnswerError || error instanceof JsonError)) return error;
  const place =
    error instanceof AnswerError && error.statement !== undefined
      ? ` It is statement ${error.statement + 1}.`
      : '';
  const cause =
    error.cause instanceof MeshError ? ` ${error.cause.message} (${error.cause.code})` : '';
  return new CommandError(error.code, `${subject} is refused: ${error.message}${place}${cause}`, {
    cause: error,
  });
}
