import type { SpiffeId } from '@mesh/spiffe';
import type { RouteDeclaration } from './action.decorator.js';

/** Who may do what. libs/agent makes it from `agent.yaml`. */
export interface CallerPolicy {
  allows(action: string, caller: SpiffeId): boolean;
}

/** The provider of the `CallerPolicy`. */
export const CALLER_POLICY = Symbol('CALLER_POLICY');

/**
 * Whether a route could admit this caller at all, whatever the request's body says: for refusing a stranger before
 * the body is read. The guard decides about the request.
 */
export function admits(
  declaration: RouteDeclaration | undefined,
  policy: CallerPolicy,
  caller: SpiffeId | undefined,
): boolean {
  if (declaration?.kind === 'public') return true;
  // Workloads are not people.
  if (declaration?.kind !== 'action' || !caller) return false;
  return declaration.names.some((action) => policy.allows(action, caller));
}
