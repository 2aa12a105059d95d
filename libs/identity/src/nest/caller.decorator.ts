import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { callerOf, type HttpRequest } from './caller-identity.guard.js';

/**
 * The `PeerIdentity` that a request came from; undefined on a public route called without a verified peer.
 *
 * @example
 * draft(@Caller() caller: PeerIdentity, @Body() request: DraftRequestDto) { … }
 */
export const Caller = createParamDecorator((_data: unknown, context: ExecutionContext) =>
  callerOf(context.switchToHttp().getRequest<HttpRequest>()),
);
