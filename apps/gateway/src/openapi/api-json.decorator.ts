import { applyDecorators, type Type } from '@nestjs/common';
import { ApiExtraModels, ApiResponse, getSchemaPath } from '@nestjs/swagger';

/** Documents what a route answers with: its type, with an example that the compiler holds to it. */
export function ApiJson<T extends object>(
  type: Type<T>,
  example: T,
  description: string,
): MethodDecorator {
  return applyDecorators(
    ApiExtraModels(type),
    ApiResponse({
      status: 200,
      description,
      content: { 'application/json': { schema: { $ref: getSchemaPath(type) }, example } },
    }),
  );
}
