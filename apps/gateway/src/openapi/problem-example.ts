import { errorEntry, type ErrorCode, type Problem } from '@mesh/errors';

/** Of the examples of one request. */
export const CORRELATION_ID = '3f0c2f4e-8f2b-4a57-9a60-2f2f2d1c9a11';

/** A problem as a response has it. */
export function problemExample(code: ErrorCode): Problem {
  const { status, title } = errorEntry(code)!;
  const errors = [{ path: 'question', message: 'question must be a string' }];
  return {
    type: `/errors#${code.toLowerCase()}`,
    title,
    status,
    detail: code === 'ERR_BODY_INVALID' ? 'question: question must be a string' : `${title}.`,
    code,
    correlationId: CORRELATION_ID,
    ...(code === 'ERR_BODY_INVALID' ? { errors } : {}),
  };
}
