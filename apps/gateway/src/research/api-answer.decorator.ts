import { applyDecorators } from '@nestjs/common';
import {
  ApiBody,
  ApiExtraModels,
  ApiHeader,
  ApiProduces,
  ApiResponse,
  ApiSecurity,
  getSchemaPath,
} from '@nestjs/swagger';
import { AnswerDto, ResearchRequestDto } from '@mesh/contracts';
import { errorCodes, errorEntry, type ErrorCode } from '@mesh/errors';
import { BEARER, SIGN_IN } from '../security-schemes.js';
import { answerExample, eventStreamExample, problemExample, questionExamples } from './examples.js';
import { ProblemDto } from './problem.dto.js';

/** What asking can end with: the gateway's own refusals, and all that agents pass on to someone who is still there. */
const CODES: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'ERR_BODY_INVALID',
  'ERR_BODY_MALFORMED',
  'ERR_HEADER_INVALID',
  'ERR_NONCE_REUSED',
  'ERR_REQUEST_MALFORMED',
  'ERR_NOT_ACCEPTABLE',
  'ERR_REQUEST_TIMEOUT',
  'ERR_BODY_TOO_LARGE',
  'ERR_BODY_TYPE',
  'ERR_HOST_UNKNOWN',
  'ERR_HEADERS_TOO_LARGE',
  'ERR_INTERNAL',
  'ERR_PEER_FAILED',
  'ERR_PEER_UNREACHABLE',
  'ERR_DEADLINE_EXCEEDED',
  ...errorCodes.filter((code) => code.startsWith('ERR_ACCESS_TOKEN_')),
  ...errorCodes.filter((code) => errorEntry(code)?.relay && code !== 'ERR_REQUEST_ABORTED'),
]);

/** Documents the question, the answer, its event stream, and every error of the route. */
export function ApiAnswer(): MethodDecorator {
  const byStatus = Map.groupBy(CODES, (code) => errorEntry(code)!.status);
  return applyDecorators(
    ApiExtraModels(AnswerDto, ProblemDto),
    ApiBody({ type: ResearchRequestDto, examples: questionExamples }),
    ApiProduces('application/json', 'text/event-stream'),
    ApiHeader({
      name: 'X-Correlation-ID',
      required: false,
      description:
        'Finds the request in every log. 8 to 64 characters of `[A-Za-z0-9._-]`; made if missing.',
      schema: { type: 'string', pattern: '^[A-Za-z0-9._-]{8,64}$' },
    }),
    ApiHeader({
      name: 'Deadline-Ms',
      required: false,
      description: 'Milliseconds the caller waits at most.',
      schema: { type: 'string', pattern: '^[0-9]{1,8}$' },
    }),
    ApiHeader({
      name: 'Request-Nonce',
      required: false,
      description:
        'Binds the answer to this very request: 128 fresh random bits as base64url, taken once. Made if missing.',
      schema: { type: 'string', pattern: '^[A-Za-z0-9_-]{21}[AQgw]$' },
    }),
    ApiSecurity(SIGN_IN, ['research:fast', 'research:deep', 'draft:write']),
    ApiSecurity(BEARER),
    ApiResponse({
      status: 200,
      description: 'The answer, or that the sources hold none (`answered: false`).',
      content: {
        'application/json': { schema: { $ref: getSchemaPath(AnswerDto) }, example: answerExample },
        'text/event-stream': { schema: { type: 'string' }, example: eventStreamExample },
      },
    }),
    ...[...byStatus].map(([status, codes]) =>
      ApiResponse({
        status,
        description: codes.map((code) => `\`${code}\`: ${errorEntry(code)!.title}.`).join('\n\n'),
        content: {
          'application/problem+json': {
            schema: { $ref: getSchemaPath(ProblemDto) },
            examples: Object.fromEntries(
              codes.map((code) => [code, { value: problemExample(code) }]),
            ),
          },
        },
      }),
    ),
  );
}
