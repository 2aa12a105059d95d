import { Injectable, type CanActivate, type ExecutionContext, type Type } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { parseContract, type Contract } from '../pipeline/contract.js';
import { contractOf } from './route-table.js';

/**
 * Parses the body into the route's contract before any other guard looks at it. NestJS runs guards before pipes,
 * so a ValidationPipe would come too late: the caller guard picks the action from the parsed body.
 */
@Injectable()
export class ContractGuard implements CanActivate {
  readonly #contracts = new WeakMap<object, { contract: Contract | undefined }>();

  canActivate(context: ExecutionContext): boolean {
    const handler = context.getHandler();
    let known = this.#contracts.get(handler);
    if (!known) {
      const controller = context.getClass();
      known = { contract: contractOf(controller, nameOf(handler, controller)) };
      this.#contracts.set(handler, known);
    }
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    // The digest of a request is over what was received, whatever the handler takes of it.
    request.meshBody = request.body;
    if (known.contract) request.body = parseContract(known.contract, request.body);
    return true;
  }
}

/** The property that holds a handler: a decorator that wraps it takes its own name away. */
function nameOf(handler: object, controller: Type): string {
  const prototype = controller.prototype as Record<string, unknown>;
  const name = Object.getOwnPropertyNames(prototype).find((one) => prototype[one] === handler);
  if (name !== undefined) return name;
  // Unchecked its body must not go on.
  throw new TypeError(`${controller.name} does not hold the handler that is called.`);
}
