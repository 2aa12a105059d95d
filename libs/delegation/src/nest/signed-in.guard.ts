import { Inject, Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { actionAskedFor, admitSignedIn, routeDeclaration } from '@mesh/identity/nest';
import { AccessTokenError, AccessTokenScopeError } from '../access-token/access-token.error.js';
import { bindDelegation, type PersonNaming } from '../delegation-context.js';
import { digestOfText } from '../digest-of-text.js';
import type { TokenClient } from '../exchange/token-client.js';
import type { ContextualRequest } from './delegation.guard.js';
import { signedInPersonOf } from './people.js';

/** How a service for people turns a sign-in into a transaction. */
export interface SignedInRules {
  readonly tokens: TokenClient;
  /** The scopes that serving this action may take in all: itself, and what agents behind it do. */
  scopesFor(action: string): readonly string[];
  readonly naming: PersonNaming;
}

/** The provider of the `SignedInRules`. */
export const SIGNED_IN_RULES = Symbol('SIGNED_IN_RULES');

/**
 * Lets a person in to a route with `@SignedIn` who may do what is asked. Where the route says an action, it obtains the
 * transaction token for it: from here on the request is delegated. Runs before `CallerIdentityGuard`, which refuses such a route otherwise.
 *
 * @throws AccessTokenError, and what the token service refuses with
 */
@Injectable()
export class SignedInGuard implements CanActivate {
  constructor(@Inject(SIGNED_IN_RULES) private readonly rules: SignedInRules) {}

  async canActivate(execution: ExecutionContext): Promise<boolean> {
    const declaration = routeDeclaration(execution.getHandler());
    if (declaration?.kind !== 'signed-in' && declaration?.kind !== 'person') return true;
    const request = execution.switchToHttp().getRequest<ContextualRequest>();
    const person = signedInPersonOf(request);
    if (!person) {
      throw new AccessTokenError('ERR_ACCESS_TOKEN_MISSING', 'Nobody is signed in.');
    }
    if (declaration.kind === 'person') {
      const { role } = declaration;
      if (role !== undefined && !person.token.roles.includes(role)) {
        throw new AccessTokenError('ERR_ACCESS_TOKEN_ROLE', `The role ${role} is missing.`);
      }
      admitSignedIn(request);
      return true;
    }
    const action = actionAskedFor(declaration, request.body);
    const { scope } = person.token;
    if (!scope.includes(action)) throw new AccessTokenScopeError(action);
    const token = await this.rules.tokens.issue(
      person,
      // What the person may not is missed where it is needed, by the agent that needs it.
      this.rules.scopesFor(action).filter((one) => scope.includes(one)),
      declaration.transaction?.(request.body, digestOfText) ?? {},
      person.session && { session: person.session.hash },
    );
    bindDelegation(request.meshContext!, token, this.rules.naming);
    admitSignedIn(request, action);
    return true;
  }
}
