import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { delegationOf } from '../delegation-context.js';
import type { Person } from '../person.js';
import type { ContextualRequest } from './delegation.guard.js';

/** On whose behalf a request is served. */
export interface DelegatedPerson extends Person {
  /** The pseudonym, for logs and for whatever is stored. */
  readonly userId: string;
}

/**
 * The person on whose behalf a request is served; undefined on routes that are not delegated.
 *
 * @example
 * draft(@DelegatedUser() user: DelegatedPerson, @Body() request: DraftRequestDto) { … }
 */
export const DelegatedUser = createParamDecorator(
  (_data: unknown, execution: ExecutionContext): DelegatedPerson | undefined => {
    const { meshContext } = execution.switchToHttp().getRequest<ContextualRequest>();
    const token = meshContext && delegationOf(meshContext);
    return token && { ...token.person, userId: token.userId };
  },
);
