import { Inject, Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { peerOf, type PeerIdentity } from '../tls/peer-identity.js';
import { routeDeclaration, type OperationDeclaration } from './action.decorator.js';
import { CALLER_POLICY, type CallerPolicy } from './caller-policy.js';
import { CallerError } from './caller.error.js';

/** A request of Fastify (`raw`) or of Node itself. */
export interface HttpRequest {
  readonly raw?: { readonly socket: object };
  readonly socket: object;
  readonly body?: unknown;
}

/** Of admitted requests; undefined where a route for people has none. */
const actions = new WeakMap<object, string | undefined>();

/** Who sent a request, by its TLS connection and by nothing else; undefined where that has no verified peer. */
export function callerOf(request: HttpRequest): PeerIdentity | undefined {
  return peerOf((request.raw ?? request).socket);
}

/** The action that a guard admitted a request for; undefined on a route that has none. */
export function actionOf(request: HttpRequest): string | undefined {
  return actions.get(request);
}

/**
 * Tells the guard that the person behind this request is signed in and may do the action, or have what the route serves
 * by itself: for the guard of whoever checks sign-in, which runs before.
 */
export function admitSignedIn(request: HttpRequest, action?: string): void {
  actions.set(request, action);
}

/**
 * Lets a request in if its route declares an action that the policy allows the TLS peer, is for people and another
 * guard has admitted one before (`admitSignedIn`), or is public; a route that declares nothing serves nobody. Headers
 * play no part. The body must have been parsed before (`ContractGuard` of libs/agent), as `pick` reads it.
 *
 * @throws CallerError
 */
@Injectable()
export class CallerIdentityGuard implements CanActivate {
  constructor(@Inject(CALLER_POLICY) private readonly policy: CallerPolicy) {}

  canActivate(context: ExecutionContext): boolean {
    const declaration =
      context.getType() === 'http' ? routeDeclaration(context.getHandler()) : undefined;
    if (!declaration) {
      throw new CallerError('ERR_ROUTE_UNDECLARED', 'The route does not declare what it does.');
    }
    if (declaration.kind === 'public') return true;
    const request = context.switchToHttp().getRequest<HttpRequest>();
    if (declaration.kind === 'signed-in' || declaration.kind === 'person') {
      if (actions.has(request)) return true;
      throw new CallerError('ERR_CALLER_DENIED', 'Nobody is signed in.');
    }
    const caller = callerOf(request);
    if (!caller) {
      throw new CallerError('ERR_CALLER_DENIED', 'The connection has no verified peer.');
    }
    const action = actionAskedFor(declaration, request.body);
    if (!this.policy.allows(action, caller.id)) {
      throw new CallerError('ERR_CALLER_DENIED', `${caller.id.toString()} may not do ${action}.`);
    }
    actions.set(request, action);
    return true;
  }
}

/**
 * The action that a request asks for, by its parsed body.
 * @throws CallerError `ERR_ROUTE_UNDECLARED` where that is none of the route's
 */
export function actionAskedFor({ names, pick }: OperationDeclaration, body: unknown): string {
  if (!pick) return names[0];
  const action = pick(body);
  if (names.includes(action)) return action;
  throw new CallerError('ERR_ROUTE_UNDECLARED', 'The request asks for no action of the route.');
}
