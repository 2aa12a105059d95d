import { applyDecorators } from '@nestjs/common';
import {
  ApiExtraModels,
  ApiHeader,
  ApiProduces,
  ApiResponse,
  getSchemaPath,
} from '@nestjs/swagger';
import { AnswerDto } from '@mesh/contracts';
import { errorCodes, errorEntry, type ErrorCode } from '@mesh/errors';
import { ProblemDto } from './problem.dto.js';

/** What asking can end with: the gateway's own refusals, and all that agents pass on. */
const CODES: readonly ErrorCode[] = [
  'ERR_HEADER_INVALID',
  'ERR_NOT_ACCEPTABLE',
  'ERR_HOST_UNKNOWN',
  'ERR_INTERNAL',
  ...errorCodes.filter((code) => errorEntry(code)?.relay),
];

/** Documents the answer, its event stream, and every error of the route. */
export function ApiAnswer(): MethodDecorator {
  const byStatus = Map.groupBy(CODES, (code) => errorEntry(code)!.status);
  return applyDecorators(
    ApiExtraModels(AnswerDto, ProblemDto),
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
    ApiResponse({
      status: 200,
      description: 'The answer, or that the sources hold none (`answered: false`).',
      content: {
        'application/json': { schema: { $ref: getSchemaPath(AnswerDto) } },
        'text/event-stream': {
          schema: { type: 'string' },
          example: 'event: progress\ndata: {"stage":"searching"}\n\n',
        },
      },
    }),
    ...[...byStatus].map(([status, codes]) =>
      ApiResponse({
        status,
        description: codes.map((code) => `\`${code}\`: ${errorEntry(code)!.title}.`).join('\n\n'),
        content: {
          'application/problem+json': {
            schema: { $ref: getSchemaPath(ProblemDto) },
            example: {
              type: `/errors#${codes[0]!.toLowerCase()}`,
              title: errorEntry(codes[0]!)!.title,
              status,
              detail: errorEntry(codes[0]!)!.remedy,
              code: codes[0],
              correlationId: '3f0c2f4e-8f2b-4a57-9a60-2f2f2d1c9a11',
            },
          },
        },
      }),
    ),
  );
}
