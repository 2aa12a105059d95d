import { Inject, Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { HEADERS, type RequestContext } from '@mesh/contracts';
import { actionOf, callerOf, routeDeclaration, type HttpRequest } from '@mesh/identity/nest';
import type { SpiffeId } from '@mesh/spiffe';
import { bindDelegation, type PersonNaming } from '../delegation-context.js';
import { digestOfText } from '../digest-of-text.js';
import { assertMayActFor, type ExchangePolicy } from '../exchange/exchange-policy.js';
import { assertTransaction } from '../transaction.js';
import { TxnTokenError } from '../txn-token/txn-token.error.js';
import type { TxnTokenVerifier } from '../txn-token/verify-txn-token.js';

/** A request as libs/agent makes it: with its context. */
export interface ContextualRequest extends HttpRequest {
  readonly raw: {
    readonly socket: object;
    readonly rawHeaders: readonly string[];
    readonly method?: string | undefined;
  };
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly meshContext?: RequestContext;
}

/** By what a receiver judges the tokens it is sent. */
export interface DelegationRules {
  /** The receiver's own ID. */
  readonly self: SpiffeId;
  readonly verifier: TxnTokenVerifier;
  readonly policy: Pick<ExchangePolicy, 'mayActFor'>;
  readonly naming: PersonNaming;
}

/** The provider of the `DelegationRules`. */
export const DELEGATION_RULES = Symbol('DELEGATION_RULES');

/**
 * Lets a request in to an `@Action` if its `Txn-Token` holds: genuine and alive, its outermost actor the TLS peer, no
 * loop, its scope with the action, its person one that this agent may act for, its transaction what is asked. Runs after
 * `CallerIdentityGuard`, which says who the peer is and what action is asked for. Actions with `delegated: false` take
 * no token, nor do routes for people.
 *
 * @throws TxnTokenError
 */
@Injectable()
export class DelegationGuard implements CanActivate {
  constructor(@Inject(DELEGATION_RULES) private readonly rules: DelegationRules) {}

  canActivate(execution: ExecutionContext): boolean {
    const declaration = routeDeclaration(execution.getHandler());
    if (declaration?.kind !== 'action' || !declaration.delegated) return true;
    const { self, verifier, policy, naming } = this.rules;
    const request = execution.switchToHttp().getRequest<ContextualRequest>();
    const text = request.headers[HEADERS.txnToken];
    if (typeof text !== 'string') {
      throw new TxnTokenError('ERR_TOKEN_MISSING', 'The header Txn-Token is missing.');
    }
    // Both are there: the guard before would have refused the request.
    const [peer, action] = [callerOf(request)!, actionOf(request)!];
    const token = verifier.verify(text, peer.id);
    // Calling others it would fail anyway; a loop is not served even once.
    if (token.actors.some((actor) => actor.equals(self))) {
      throw new TxnTokenError(
        'ERR_TOKEN_ACTOR_LOOP',
        'The request came through this agent before.',
      );
    }
    token.assertScope(action);
    assertMayActFor(policy, self, token.person);
    assertTransaction(token, declaration.transaction?.(request.body, digestOfText) ?? {});
    bindDelegation(request.meshContext!, token, naming);
    return true;
  }
}
