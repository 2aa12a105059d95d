import { SetMetadata } from '@nestjs/common';
import 'reflect-metadata';

const DECLARATION = Symbol('mesh:route-declaration');

/** What a route says of itself: who may call is not its business (`agent.yaml`). */
export type RouteDeclaration<Body = unknown> =
  | {
      readonly kind: 'action';
      /** Where there are several, `pick` says which one a request asks for. */
      readonly names: readonly [string, ...string[]];
      readonly pick: ((body: Body) => string) | undefined;
    }
  | { readonly kind: 'public' };

/**
 * Declares what a route does. The actions' names are the ones whose callers `agent.yaml` lists.
 *
 * @param names one action, or several with `pick`
 * @throws TypeError where there are several actions and no `pick`, one action and a `pick`, or another declaration
 *
 * @example
 * @Action('draft:write')
 * @Action(['research:fast', 'research:deep'], {
 *   pick: (body: ResearchRequestDto) => `research:${body.depth}`,
 * })
 */
export function Action<Body>(
  names: string | readonly string[],
  {
    pick,
  }: {
    /** Which of the actions a request asks for, by its parsed body. */
    readonly pick?: (body: Body) => string;
  } = {},
): MethodDecorator {
  const [first, ...others] = typeof names === 'string' ? [names] : names;
  if (!first || others.length > 0 !== (pick !== undefined)) {
    throw new TypeError('@Action takes one action, or several and a function that picks one.');
  }
  return declare({
    kind: 'action',
    names: [first, ...others],
    pick: pick as ((body: unknown) => string) | undefined,
  });
}

/** Declares that anyone who reaches the route may call it. */
export function Public(): MethodDecorator {
  return declare({ kind: 'public' });
}

function declare(declaration: RouteDeclaration): MethodDecorator {
  const set = SetMetadata(DECLARATION, Object.freeze(declaration));
  return (target, key, descriptor) => {
    if (routeDeclaration(descriptor.value as object)) {
      throw new TypeError(`${String(key)} declares twice what it does.`);
    }
    set(target, key, descriptor);
  };
}

/** The declaration of a route's handler; undefined if it has none, and then nobody may call it. */
export function routeDeclaration(handler: object): RouteDeclaration | undefined {
  return Reflect.getMetadata(DECLARATION, handler) as RouteDeclaration | undefined;
}
