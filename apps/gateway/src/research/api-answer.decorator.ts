import { applyDecorators, type Type } from '@nestjs/common';
import {
  ApiBody,
  ApiExtraModels,
  ApiHeader,
  ApiProduces,
  ApiResponse,
  getSchemaPath,
} from '@nestjs/swagger';
import {
  AnswerDto,
  ProgressEventDto,
  ResearchRequestDto,
  SourcesEventDto,
  TextEventDto,
} from '@mesh/contracts';
import { ApiSignedInRoute } from '../openapi/api-route.decorator.js';
import { PEER, RELAYED, WITH_BODY } from '../openapi/route-codes.js';
import { ErrorEventDto } from './error-event.dto.js';
import {
  answerExample,
  brokenStreamExample,
  eventStreamExample,
  questionExamples,
} from './examples.js';

/** The data of each event, in JSON. */
const EVENTS = {
  progress: ProgressEventDto,
  sources: SourcesEventDto,
  text: TextEventDto,
  done: AnswerDto,
  error: ErrorEventDto,
} satisfies Record<string, Type>;

const FRAMING = [
  'Server-sent events, UTF-8. Each event is two lines and an empty one: `event: <type>`, `data: <one line of JSON>`; there',
  'are no `id`, `retry` or comment lines. Every `progress`, `sources` and `text` comes before the last event, which is',
  '`done` with the signed answer or `error` with a problem; a stream that ends without either was cut, and counts as',
  'failed. The schema of the data by the type is in `x-events`.',
].join(' ');

/** Documents the question, the answer, its event stream, and every error of the route. */
export function ApiAnswer(): MethodDecorator {
  return applyDecorators(
    ApiExtraModels(...Object.values(EVENTS)),
    ApiBody({ type: ResearchRequestDto, examples: questionExamples }),
    ApiProduces('application/json', 'text/event-stream'),
    ApiHeader({
      name: 'Request-Nonce',
      required: false,
      description:
        'Binds the answer to this very request: 128 fresh random bits as base64url, taken once. Made if missing.',
      schema: { type: 'string', pattern: '^[A-Za-z0-9_-]{21}[AQgw]$' },
    }),
    ApiResponse({
      status: 200,
      description: 'The answer, or that the sources hold none (`answered: false`).',
      content: {
        'application/json': { schema: { $ref: getSchemaPath(AnswerDto) }, example: answerExample },
        'text/event-stream': {
          schema: {
            type: 'string',
            description: FRAMING,
            'x-events': Object.fromEntries(
              Object.entries(EVENTS).map(([type, data]) => [type, { $ref: getSchemaPath(data) }]),
            ),
          } as object,
          examples: {
            answered: { summary: 'An answer', value: eventStreamExample },
            failed: { summary: 'None', value: brokenStreamExample },
          },
        },
      },
    }),
    ApiSignedInRoute(
      ['research:fast', 'research:deep', 'draft:write'],
      ...WITH_BODY,
      'ERR_BODY_INVALID',
      'ERR_NONCE_REUSED',
      'ERR_NOT_ACCEPTABLE',
      'ERR_CSRF_ORIGIN',
      ...PEER,
      ...RELAYED,
    ),
  );
}
