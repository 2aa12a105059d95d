import { applyDecorators } from '@nestjs/common';
import {
  ApiExtraModels,
  ApiHeader,
  ApiResponse,
  ApiSecurity,
  getSchemaPath,
} from '@nestjs/swagger';
import { errorEntry, type ErrorCode } from '@mesh/errors';
import { ProblemDto } from './problem.dto.js';
import { problemExample } from './problem-example.js';
import { ANY_ROUTE, SIGNED_IN } from './route-codes.js';
import { BEARER, CSRF, SESSION, SIGN_IN } from './security-schemes.js';

/** Headers that an error's status brings along. */
const HEADERS: Readonly<Record<number, readonly [name: string, description: string]>> = {
  401: ['WWW-Authenticate', 'What is wanted (RFC 6750 3).'],
  405: ['Allow', 'The methods that the route serves.'],
  429: ['Retry-After', 'Seconds to wait.'],
  503: ['Retry-After', 'Seconds to wait, where that is known.'],
};

/**
 * Documents a route for anybody: the headers it takes, and every error it can end with: those of any route and `codes`.
 */
export function ApiRoute(...codes: readonly ErrorCode[]): MethodDecorator {
  const all = new Set([...ANY_ROUTE, ...codes]);
  const byStatus = Map.groupBy(all, (code) => errorEntry(code)!.status);
  return applyDecorators(
    ApiExtraModels(ProblemDto),
    ApiHeader({
      name: 'X-Correlation-ID',
      required: false,
      description:
        'Finds the request in every log: 8 to 64 characters of `[A-Za-z0-9._-]`. One that is missing or anything else is replaced by a fresh one.',
      schema: { type: 'string' },
    }),
    ApiHeader({
      name: 'Deadline-Ms',
      required: false,
      description: 'Milliseconds the caller waits at most.',
      schema: { type: 'string', pattern: '^[0-9]{1,8}$' },
    }),
    ...[...byStatus].map(([status, some]) => ApiProblem(status, some)),
  );
}

/** Documents a route for people: who is signed in by an access token, or by a browser's session. */
export function ApiSignedInRoute(
  scopes: readonly string[],
  ...codes: readonly ErrorCode[]
): MethodDecorator {
  return applyDecorators(
    ApiSecurity(SIGN_IN, [...scopes]),
    ApiSecurity(BEARER),
    ApiSecurity({ [SESSION]: [], [CSRF]: [] }),
    ApiRoute(...SIGNED_IN, ...codes),
  );
}

function ApiProblem(status: number, codes: readonly ErrorCode[]): MethodDecorator {
  const header = HEADERS[status];
  return ApiResponse({
    status,
    description: codes.map((code) => `\`${code}\`: ${errorEntry(code)!.title}.`).join('\n\n'),
    ...(header
      ? { headers: { [header[0]]: { description: header[1], schema: { type: 'string' } } } }
      : {}),
    content: {
      'application/problem+json': {
        schema: { $ref: getSchemaPath(ProblemDto) },
        examples: Object.fromEntries(codes.map((code) => [code, { value: problemExample(code) }])),
      },
    },
  });
}
