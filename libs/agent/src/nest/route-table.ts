import { RequestMethod, type Type } from '@nestjs/common';
import {
  METHOD_METADATA,
  PATH_METADATA,
  ROUTE_ARGS_METADATA,
  RouteParamtypes,
} from '@nestjs/common/internal';
import type { DiscoveryService } from '@nestjs/core';
import { routeDeclaration, type RouteDeclaration } from '@mesh/identity/nest';
import { isContract, type Contract } from '../pipeline/contract.js';
import { rateClassOf, type RateClass } from './rate-limited.decorator.js';

/** One route of an agent, as its controller declares it. */
export interface Route {
  /** `POST` */
  readonly method: string;
  /** Fastify's template: `/v1/drafts` */
  readonly path: string;
  /** Who may call it; undefined: nobody. */
  readonly declaration: RouteDeclaration | undefined;
  /** What its body must be; undefined where it takes none. */
  readonly contract: Contract | undefined;
  /** How its requests are counted, on a listener for people; undefined: as all are. */
  readonly rate: RateClass | undefined;
}

/** Whether a route serves people who are signed in. */
export function isForPeople(declaration: RouteDeclaration | undefined): boolean {
  return declaration?.kind === 'signed-in' || declaration?.kind === 'person';
}

/** The contract of a handler: the class of its `@Body()` parameter. */
export function contractOf(controller: Type, handlerName: string): Contract | undefined {
  const args = Reflect.getMetadata(ROUTE_ARGS_METADATA, controller, handlerName) as
    Record<string, { index: number }> | undefined;
  const body = Object.entries(args ?? {}).find(([key]) =>
    key.startsWith(`${RouteParamtypes.BODY}:`),
  );
  if (!body) return undefined;
  const types = Reflect.getMetadata(
    'design:paramtypes',
    controller.prototype as object,
    handlerName,
  ) as unknown[];
  const type = types[body[1].index];
  if (!isContract(type)) {
    throw new TypeError(
      `${controller.name}.${handlerName}: the type of @Body() must be a class with class-validator's decorators. ` +
        'An interface, union or generic is not checked at run time.',
    );
  }
  return type;
}

/**
 * Every route of the controllers of a Nest application. Made once, at boot.
 * @throws TypeError for a handler whose body would go unchecked.
 */
export class RouteTable {
  readonly #routes = new Map<string, Route>();

  constructor(discovery: DiscoveryService) {
    for (const { metatype } of discovery.getControllers()) {
      if (typeof metatype === 'function') this.#add(metatype as Type);
    }
  }

  find(method: string, path: string | undefined): Route | undefined {
    const served = method === 'HEAD' ? 'GET' : method;
    return path === undefined ? undefined : this.#routes.get(`${served} ${path}`);
  }

  all(): readonly Route[] {
    return [...this.#routes.values()];
  }

  #add(controller: Type): void {
    const prototype = controller.prototype as Record<string, unknown>;
    for (const name of Object.getOwnPropertyNames(prototype)) {
      const handler = prototype[name];
      if (name === 'constructor' || typeof handler !== 'function') continue;
      const method = Reflect.getMetadata(METHOD_METADATA, handler) as RequestMethod | undefined;
      if (method === undefined) continue;
      const paths = [Reflect.getMetadata(PATH_METADATA, handler) as string | string[]].flat();
      for (const path of paths) {
        const route: Route = {
          method: RequestMethod[method],
          path: joinPath(Reflect.getMetadata(PATH_METADATA, controller) as string, path),
          declaration: routeDeclaration(handler),
          contract: contractOf(controller, name),
          rate: rateClassOf(handler),
        };
        this.#routes.set(`${route.method} ${route.path}`, route);
      }
    }
  }
}

function joinPath(...parts: string[]): string {
  return `/${parts
    .flatMap((part) => part.split('/'))
    .filter(Boolean)
    .join('/')}`;
}
